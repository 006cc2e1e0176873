//! Every command that talks to AWS or to the local system: one file for each.
//!
//! Invariant: a command asks the account what is there; nothing is remembered between two runs.

#![expect(unreachable_pub, reason = "only `run` leaves this crate: `pub` says what other files use of one")]

mod aws;
mod commands;
mod console;
mod deployment;
#[cfg(test)]
mod fake;
mod local_state;
mod pricing;
mod random;
mod stack;
mod system;

use anyhow::Result;
use xtask::Printer;
use xtask::cli::Command;

use aws::connection::Connection;
use commands::{
    alerts, cost, deploy, destroy, diff, errors, export, keys, load, local, logs, play, scale, status, users, verify,
};

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
        Command::Load(args) => load::run(args, printer).await?,
        Command::Cost(args) => cost::run(args, printer)?,
        Command::Verify(args) => verify::run(args, printer).await?,
        Command::Keys(args) => keys::run(&args.command, printer).await?,
        Command::Users(args) => users::run(&args.command, printer).await?,
        Command::Export(args) => export::run(args, printer).await?,
        Command::Play(args) => play::run(args, printer).await?,
        Command::Alerts(args) => alerts::run(&args.command, printer).await?,
        Command::Local(args) => local::run(args, printer).await?,
        _ => return Err(xtask::Failure::usage("this command runs in `xtask` itself").into()),
    }
    Ok(0)
}
