//! Child processes: each is announced before it runs, and its failure names it.
//!
//! Invariant: a child's standard output goes to standard error, because ours is for data.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context as _, Result};

use crate::Failure;

/// Who is told, line by line, what is done on the way.
pub type Say<'a> = &'a dyn Fn(&str);

/// Runs a command to its end, showing what it prints.
///
/// # Errors
/// When it cannot be started or does not succeed.
pub fn run(command: &mut Command, say: Say<'_>) -> Result<()> {
    let line = line(command);
    say(&format!("running: {line}"));
    let status =
        command.stdin(Stdio::null()).stdout(io::stderr()).status().with_context(|| format!("cannot start `{line}`"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{line}` failed: {status}")).into()) }
}

/// Whether a command starts and succeeds, with nothing printed.
pub fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// A Python virtual environment with one pinned package, made on first use.
///
/// # Errors
/// When there is no `python3`, or the download breaks; a broken environment is made anew the next time.
pub fn pinned_venv(folder: &Path, pip_arguments: &[&str], program: &str, say: Say<'_>) -> Result<PathBuf> {
    let bin = folder.join("bin").join(program);
    let stamp = folder.join("installed");
    let wanted = pip_arguments.join(" ");
    if bin.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(bin);
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(folder);
    run(&mut make, say).map_err(|error| {
        error.context(
            Failure::new("cannot make a Python environment").hint(
                "install Python 3.9 or later with its `venv` module (Debian: apt-get install python3 python3-venv)",
            ),
        )
    })?;
    let mut install = Command::new(folder.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check"]).args(pip_arguments);
    run(&mut install, say).map_err(|error| {
        error.context(
            Failure::new(format!("cannot install {}", pip_arguments.join(" ")))
                .hint("check the network and pip's index settings, then run the same command again"),
        )
    })?;
    fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())?;
    Ok(bin)
}

/// The Node packages of a folder's `package.json`, as its lock file pins them, installed elsewhere on first use.
///
/// # Errors
/// When there is no `npm`, or the download breaks; a broken folder is made anew the next time.
pub fn pinned_node_modules(from: &Path, to: &Path, say: Say<'_>) -> Result<PathBuf> {
    const LOCK: &str = "package-lock.json";
    let (modules, stamp) = (to.join("node_modules"), to.join("installed"));
    let wanted = fs::read_to_string(from.join(LOCK)).with_context(|| from.display().to_string())?;
    if modules.exists() && fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(modules);
    }
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for name in ["package.json", LOCK] {
        fs::copy(from.join(name), to.join(name)).with_context(|| name.to_owned())?;
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(to);
    run(&mut install, say).map_err(|error| {
        let hint = "check the network and npm's registry settings, then run the same command again";
        error.context(Failure::new(format!("cannot install what {} pins", from.display())).hint(hint))
    })?;
    fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())?;
    Ok(modules)
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let root = format!("{}/", crate::workspace::root().display());
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().replace(&root, "")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_child_is_named_in_the_error() {
        let error = run(Command::new("false").arg("--of-course"), &|_| ()).unwrap_err().to_string();
        assert!(error.contains("false --of-course"), "{error}");
        assert!(succeeds(&mut Command::new("true")));
        assert!(!succeeds(&mut Command::new("/no/such/program")));
    }
}
