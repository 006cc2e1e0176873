//! Hands a command that needs more than this program has to another binary of the workspace, built first.
//!
//! Invariant: this process becomes the other, so Ctrl-C, exit status and `--json` are the other's alone.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{Printer, cli, process, workspace};

/// Hands a command that talks to AWS to `cloud`.
///
/// # Errors
/// When it cannot be built or started; otherwise this does not return.
pub fn run(command: &cli::Command, printer: &Printer) -> Result<()> {
    // What is wrong with the toggle is said before a build of minutes, not after it.
    if !matches!(command, cli::Command::Local(local) if !local.is_up()) {
        workspace::toggle()?;
    }
    become_program("cloud", printer)
}

/// Builds a binary and becomes it, with the arguments of this process.
///
/// # Errors
/// As [`run`].
pub fn become_program(name: &str, printer: &Printer) -> Result<()> {
    let program = binary(name)?;
    build(name, &program, printer)?;
    let error = Command::new(&program).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}

fn build(name: &str, program: &Path, printer: &Printer) -> Result<()> {
    let mut cargo = Command::new(cargo());
    // The whole workspace is named so that its crates agree on their dependencies' features: built alone, this and the
    // functions would compile the SDK once each.
    cargo.args(["build", "--workspace", "--bin", name]).current_dir(workspace::root());
    // The first build takes minutes and shows itself; later ones say nothing.
    if program.exists() {
        cargo.arg("--quiet");
    } else {
        printer.say(format!("building `{name}` (once, about three minutes on two cores)"));
    }
    process::run(&mut cargo, printer)
}

fn binary(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("cannot find this program's own file")?;
    Ok(this.with_file_name(name))
}

/// The cargo that runs us, else the one on the `PATH`.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}
