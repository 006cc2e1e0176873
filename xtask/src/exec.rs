//! Hands a command that needs more than this program has to another binary of the workspace, built first.
//!
//! Invariant: this process becomes the other, so Ctrl-C, exit status and `--json` are the other's alone.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{Printer, cli, process, workspace};

/// A binary of the workspace that this one becomes.
pub struct Program {
    name: &'static str,
    profile: &'static str,
    /// Where cargo puts what it builds with the profile.
    folder: &'static str,
    packages: &'static [&'static str],
}

/// What talks to AWS. The whole workspace is named so that its crates agree on their dependencies' features: built
/// alone, this and the functions would compile the SDK once each.
const COMMANDS: Program = Program { name: "commands", profile: "dev", folder: "debug", packages: &["--workspace"] };

/// What measures.
pub const BENCH: Program =
    Program { name: "bench", profile: "measure", folder: "measure", packages: &["--package", "bench"] };

/// What takes series.
pub const BACKTEST: Program =
    Program { name: "backtest", profile: "measure", folder: "measure", packages: &["--package", "backtest"] };

/// Hands a command that talks to AWS to `commands`.
///
/// # Errors
/// When it cannot be built or started; otherwise this does not return.
pub fn run(command: &cli::Command, printer: &Printer) -> Result<()> {
    // What is wrong with the toggle is said before a build of minutes, not after it.
    if !matches!(command, cli::Command::Local(local) if !local.is_up()) {
        workspace::toggle()?;
    }
    become_program(&COMMANDS, printer)
}

/// Builds a binary and becomes it, with the arguments of this process.
///
/// # Errors
/// As [`run`].
pub fn become_program(program: &Program, printer: &Printer) -> Result<()> {
    let binary = program.binary()?;
    program.build(&binary, printer)?;
    let error = Command::new(&binary).args(std::env::args_os().skip(1)).exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}

impl Program {
    fn build(&self, binary: &Path, printer: &Printer) -> Result<()> {
        let mut cargo = cargo();
        cargo.arg("build").args(self.packages).args(["--bin", self.name, "--profile", self.profile]);
        cargo.current_dir(workspace::root());
        // The first build takes minutes and shows itself; later ones say nothing.
        if binary.exists() {
            cargo.arg("--quiet");
        } else {
            printer.say(format!("building `{}` (once, about three minutes on two cores)", self.name));
        }
        process::run(&mut cargo, &|line| printer.say(line))
    }

    /// Beside this program's own folder.
    fn binary(&self) -> Result<PathBuf> {
        let this = std::env::current_exe().context("cannot find this program's own file")?;
        let target = this.parent().and_then(Path::parent).context("this program is not in a target folder")?;
        Ok(target.join(self.folder).join(self.name))
    }
}

/// The cargo that runs us, else the one on the `PATH`, without what `cargo run` tells of this crate: a build script that
/// reads its own, as that of `ring` does, would be run again, and all that depends on it compiled again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let told = std::env::vars_os().map(|(name, _)| name);
    for name in told.filter(|name| is_of_this_crate(&name.to_string_lossy())) {
        cargo.env_remove(name);
    }
    cargo
}

fn is_of_this_crate(variable: &str) -> bool {
    ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|prefix| variable.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::cargo;

    #[test]
    fn a_nested_cargo_is_not_told_of_the_crate_that_runs_it() {
        let cargo = cargo();
        let taken_away: Vec<_> = cargo.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME"] {
            assert!(std::env::var_os(name).is_some(), "cargo test sets {name}");
            assert!(taken_away.iter().any(|&taken| taken == name), "{name} is handed on");
        }
    }
}
