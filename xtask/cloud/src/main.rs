//! The commands that talk to AWS: a match of one-liners.

use std::process::ExitCode;

use xtask::cli::{Cli, Command};
use xtask::{Printer, failure};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let printer = Printer;
    let done = cloud::run(&cli.command, &printer).await;
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
