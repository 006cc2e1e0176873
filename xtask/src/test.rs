//! `test`: every test there is, cheapest first.
//!
//! Invariant: a check that is left out says so; the first failure ends the run with 1.

use std::process::Command;

use anyhow::Result;

use crate::cli::Test;
use crate::{Printer, handoff, process, workspace};

/// The linter of CloudFormation templates, pinned because each version knows more rules.
const CFN_LINT: [&str; 1] = ["cfn-lint==1.51.0"];

/// Runs everything.
///
/// # Errors
/// At the first step that fails.
pub fn run(_args: &Test, printer: &Printer) -> Result<()> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new(handoff::cargo());
        cargo.args(arguments).current_dir(workspace::root());
        cargo
    };
    if process::succeeds(&mut cargo(&["fmt", "--version"])) {
        process::run(&mut cargo(&["fmt", "--all", "--check"]), &|line| printer.say(line))?;
    } else {
        printer.say("skipped: formatting, because rustfmt is not installed (rustup component add rustfmt)");
    }
    let cfn_lint =
        process::pinned_venv(&workspace::target().join("venv"), &CFN_LINT, "cfn-lint", &|line| printer.say(line))?;
    if process::succeeds(&mut cargo(&["clippy", "--version"])) {
        let clippy = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        process::run(&mut cargo(&clippy), &|line| printer.say(line))?;
    } else {
        printer.say("skipped: lints, because clippy is not installed (rustup component add clippy)");
    }
    process::run(&mut cargo(&["build", "--workspace", "--bins"]), &|line| printer.say(line))?;
    process::run(cargo(&["test", "--workspace"]).env("CFN_LINT", cfn_lint), &|line| printer.say(line))?;
    printer.say("all tests passed");
    Ok(())
}
