//! `completions`: what the shell needs to complete every command and flag.

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Printer;
use crate::cli::{Cli, Completions};

/// Prints the completion script.
///
/// # Errors
/// When the script is not text: a defect of ours.
pub fn run(args: &Completions, printer: &Printer) -> Result<()> {
    printer.data(script(args.shell)?.trim_end());
    Ok(())
}

fn script(shell: Shell) -> Result<String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "xtask", &mut script);
    String::from_utf8(script).context("the completion script")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_of_the_shells_are_as_approved() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                insta::assert_snapshot!(format!("completions.{shell}"), script(shell).unwrap());
            }
        });
    }
}
