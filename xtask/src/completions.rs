//! `completions`: what the shell needs to complete every command and flag.

use std::io;

use anyhow::Result;
use clap::CommandFactory as _;

use crate::cli::{Cli, Completions};

/// Writes the completion script to standard output.
///
/// # Errors
/// None: the signature is that of every command.
pub fn run(args: &Completions) -> Result<()> {
    clap_complete::generate(args.shell, &mut Cli::command(), "xtask", &mut io::stdout());
    Ok(())
}
