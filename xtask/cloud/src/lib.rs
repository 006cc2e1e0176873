//! Every command that talks to AWS or to the local system: one file for each.
//!
//! Invariant: a command asks the account what is there; nothing is remembered between two runs.

pub mod api;
pub mod aws_error;
pub mod commands;
pub mod connection;
pub mod cost;
pub mod deploy;
pub mod destroy;
pub mod diff;
pub mod errors;
pub mod interrupt;
pub mod journal;
pub mod keys;
pub mod local_state;
pub mod logs;
pub mod scale;
#[cfg(test)]
mod stand_in;
pub mod status;
pub mod users;
pub mod verify;
pub mod watcher;

use anyhow::Result;
use commands::local;
use xtask::Printer;
use xtask::cli::Command;

pub use connection::Connection;

/// Carries out a command; returns its exit status.
///
/// # Errors
/// When it fails.
pub async fn run(command: &Command, printer: &Printer) -> Result<u8> {
    match command {
        Command::Deploy(args) => deploy::run(args, printer).await?,
        Command::Destroy(args) => destroy::run(args, printer).await?,
        Command::Diff(args) => return diff::run(args, printer).await,
        Command::Status(args) => status::run(args, printer).await?,
        Command::Logs(args) => logs::run(args, printer).await?,
        Command::Errors(args) => errors::run(&args.command, printer).await?,
        Command::Scale(args) => scale::run(args, printer).await?,
        Command::Cost(args) => cost::run(args, printer)?,
        Command::Verify(args) => verify::run(args, printer).await?,
        Command::Keys(args) => keys::run(&args.command, printer).await?,
        Command::Users(args) => users::run(&args.command, printer).await?,
        Command::Local(args) => local::run(args, printer).await?,
        _ => return Err(xtask::Failure::usage("this command runs in `xtask` itself").into()),
    }
    Ok(0)
}
