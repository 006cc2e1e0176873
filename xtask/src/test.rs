//! `test`: every test there is, cheapest first.
//!
//! Invariant: a check that is left out says so; the first failure ends the run with 1.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::cli::Test;
use crate::{Failure, Printer, exec, process, workspace};

/// The linter of CloudFormation templates, pinned because each version knows more rules.
const CFN_LINT: [&str; 1] = ["cfn-lint==1.51.0"];
/// What asks a running API whatever its description allows, pinned because each version makes up other requests.
const SCHEMATHESIS: [&str; 1] = ["schemathesis==4.32.5"];
/// Names of the browser in which a test has a web page try what it can.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// What looks whether everybody can use the page, pinned by its lock file.
const PAGE_CHECKS: &str = "tests/local/page";
/// Set to `true` where nobody looks at what was skipped.
const CI: &str = "CI";

/// Runs everything.
///
/// # Errors
/// At the first step that fails.
pub fn run(_args: &Test, printer: &Printer) -> Result<()> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = exec::cargo();
        cargo.args(arguments).current_dir(workspace::root());
        cargo
    };
    if process::succeeds(&mut cargo(&["fmt", "--version"])) {
        process::run(&mut cargo(&["fmt", "--all", "--check"]), &|line| printer.say(line))?;
    } else {
        printer.say("skipped: formatting, because rustfmt is not installed (rustup component add rustfmt)");
    }
    let tool = |folder, pip_arguments: &[&str], program| {
        process::pinned_venv(&workspace::target().join(folder), pip_arguments, program, &|line| printer.say(line))
    };
    let cfn_lint = tool("venv", &CFN_LINT, "cfn-lint")?;
    let schemathesis = tool("venv-schemathesis", &SCHEMATHESIS, "schemathesis")?;
    let chromium = chromium(printer)?;
    let page_checks = page_checks(printer)?;
    if process::succeeds(&mut cargo(&["clippy", "--version"])) {
        let clippy = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        process::run(&mut cargo(&clippy), &|line| printer.say(line))?;
    } else {
        printer.say("skipped: lints, because clippy is not installed (rustup component add clippy)");
    }
    process::run(&mut cargo(&["build", "--workspace", "--bins"]), &|line| printer.say(line))?;
    let mut test = cargo(&["test", "--workspace"]);
    test.env("CFN_LINT", cfn_lint).env("SCHEMATHESIS", schemathesis).env("CHROMIUM", chromium);
    test.env("NODE_MODULES", page_checks);
    process::run(&mut test, &|line| printer.say(line))?;
    printer.say("all tests passed");
    Ok(())
}

/// The browser; an empty name, said, where there is none.
fn chromium(printer: &Printer) -> Result<&'static str> {
    match CHROMIUM.into_iter().find(|name| is_installed(name)) {
        Some(name) => Ok(name),
        None => leave_out("web pages in a browser", "Chromium", "chromium", printer).map(|()| ""),
    }
}

/// Where axe-core and Lighthouse are; an empty path, said, where there is no Node to run them.
fn page_checks(printer: &Printer) -> Result<PathBuf> {
    if !(is_installed("node") && is_installed("npm")) {
        leave_out("whether everybody can use the page", "Node", "nodejs npm", printer)?;
        return Ok(PathBuf::new());
    }
    let (from, to) = (workspace::root().join(PAGE_CHECKS), workspace::target().join("page-checks"));
    process::pinned_node_modules(&from, &to, &|line| printer.say(line))
}

fn is_installed(program: &str) -> bool {
    process::succeeds(Command::new(program).arg("--version"))
}

/// Says that something is not looked at for want of a program; where nobody looks at what was skipped, that is a failure.
fn leave_out(what: &str, lacks: &str, packages: &str, printer: &Printer) -> Result<()> {
    if std::env::var_os(CI).is_some_and(|ci| ci == "true") {
        let failure = Failure::new(format!("there is no {lacks}, and with CI=true no test is skipped"));
        return Err(failure.hint(format!("Debian: apt-get install {packages}")).into());
    }
    let why = format!("because {lacks} is not installed (Debian: apt-get install {packages})");
    printer.say(format!("skipped: {what}, {why}"));
    Ok(())
}
