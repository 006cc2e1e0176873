//! The commands that talk to AWS: a match of one-liners.

use std::process::ExitCode;

use clap::Parser as _;
use xtask::cli::{Cli, Command};
use xtask::{Printer, failure};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer;
    match cloud::run(&cli.command, &printer).await {
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
