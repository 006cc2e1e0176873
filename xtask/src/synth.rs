//! `synth`: the templates, as files.
//!
//! Invariant: no template is ever half-written, and none of a stack that is no longer asked for stays behind.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use stacks::{Architecture, Stack, Target};

use crate::cli::{Format, Synth};
use crate::{Printer, file, workspace};

/// Writes the templates and prints where.
///
/// # Errors
/// When the stacks cannot be built from the settings, or the folder cannot be written to.
pub fn run(args: &Synth, printer: &Printer) -> Result<()> {
    let target = if args.local { Target::Local } else { Target::Aws };
    let env = &args.env.env;
    let app = workspace::app(env, workspace::toggle()?, target, Architecture::from(args.arch))?;
    let stacks = app.stacks()?;
    let folder = args.out.clone().unwrap_or_else(|| workspace::target().join("synth").join(env.as_str()));
    let written = write(&stacks, &folder, args.format)?;
    remove_others(&folder, env.as_str(), &written)?;
    for path in written {
        printer.data(path.display().to_string());
    }
    for warning in app.warnings() {
        printer.say(format!("warning: {warning}"));
        printer.hint(warning.hint());
    }
    for stack in &stacks {
        for dropped in stack.dropped() {
            printer.say(format!("{}: not on the local target: {dropped}", stack.name()));
        }
    }
    Ok(())
}

fn write(stacks: &[Stack], folder: &Path, format: Format) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut written = Vec::new();
    for stack in stacks {
        let (text, extension) = match format {
            Format::Json => (stack.to_json(), "json"),
            Format::Yaml => (stack.to_yaml(), "yaml"),
        };
        let path = folder.join(format!("{}.template.{extension}", stack.name()));
        file::write_whole(&path, text.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// Removes this environment's templates that were not written now: the toggle went off, or the format changed.
fn remove_others(folder: &Path, env: &str, written: &[PathBuf]) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ours = name.starts_with("CompliCal-")
            && [".template.json", ".template.yaml"]
                .iter()
                .any(|end| name.strip_suffix(end).is_some_and(|stack| stack.ends_with(&format!("-{env}"))));
        if ours && !written.contains(&path) {
            fs::remove_file(&path).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}
