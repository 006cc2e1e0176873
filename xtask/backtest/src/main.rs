//! `bench forecast` and `bench anomalies`: forecasts of the past beside what came, and what a detector says of series.
//!
//! Invariant: what is measured is `functions/forecast` as the functions have it, built for speed as they are.

mod anomalies;
mod forecast;
mod series;

use std::process::ExitCode;

use xtask::cli::{BenchCommand, Cli, Command};
use xtask::{Printer, failure};

fn main() -> ExitCode {
    let printer = Printer;
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let Command::Bench(args) = cli.command else { return wrong(&printer) };
    let done = match &args.command {
        Some(BenchCommand::Forecast(args)) => forecast::run(args, &printer),
        Some(BenchCommand::Anomalies(args)) => anomalies::run(args, &printer),
        Some(BenchCommand::Growth(_)) | None => return wrong(&printer),
    };
    match done.and_then(|()| Ok(printer.written()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.failure(&error);
            ExitCode::from(failure::exit_status(&error))
        }
    }
}

fn wrong(printer: &Printer) -> ExitCode {
    printer.failure(&xtask::Failure::usage("this program takes series, and nothing else").into());
    ExitCode::from(failure::WRONG_USAGE)
}
