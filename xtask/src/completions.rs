//! `completions`: what the shell needs to complete every command and flag.

use std::io::{self, Write};

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::{Cli, Completions};

/// Writes the completion script to standard output.
///
/// # Errors
/// None: the signature is that of every command.
pub fn run(args: &Completions) -> Result<()> {
    write(args.shell, &mut io::stdout());
    Ok(())
}

fn write(shell: Shell, out: &mut impl Write) {
    clap_complete::generate(shell, &mut Cli::command(), "xtask", out);
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
                let mut script = Vec::new();
                write(shell, &mut script);
                insta::assert_snapshot!(format!("completions.{shell}"), String::from_utf8(script).unwrap());
            }
        });
    }
}
