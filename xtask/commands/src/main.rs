//! The commands that talk to AWS or to the local system: a file for each, and the match that finds it.
//!
//! Invariant: no command imports another; what two of them need lies in `cloud`. A command asks the account what is
//! there; nothing is remembered between two runs.

#![expect(unreachable_pub, reason = "`pub` says what other files use of one")]

mod alerts;
mod cost;
mod deploy;
mod destroy;
mod diff;
mod errors;
mod export;
mod keys;
mod load;
mod local;
mod logs;
mod play;
mod report;
mod scale;
mod status;
mod users;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use xtask::cli::{Cli, Command};
use xtask::{Printer, failure};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let printer = Printer;
    let done = run(&cli.command, &printer).await;
    match done.and_then(|status| Ok(printer.written().map(|()| status)?)) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            printer.failure(&error);
            let status = failure::exit_status(&error);
            // `diff` answers 1 for "something would change", so its failures are 3.
            let is_diff = matches!(cli.command, Command::Diff(_));
            ExitCode::from(if is_diff && status == failure::FAILED { 3 } else { status })
        }
    }
}

/// Carries out a command; returns its exit status.
///
/// # Errors
/// When it fails.
async fn run(command: &Command, printer: &Printer) -> Result<u8> {
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
        Command::Report(args) => report::run(args, printer).await?,
        Command::Play(args) => play::run(args, printer).await?,
        Command::Alerts(args) => alerts::run(&args.command, printer).await?,
        Command::Local(args) => local::run(args, printer).await?,
        _ => return Err(xtask::Failure::usage("this command runs in `xtask` itself").into()),
    }
    Ok(0)
}
