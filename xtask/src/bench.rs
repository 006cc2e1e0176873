//! `bench`: first the inside, by the benchmarks of the crates, then whole processes; or growth alone, or series, if these
//! are asked for.
//!
//! Invariant: what is measured is what `build` packs.

use anyhow::Result;

use crate::cli::{Bench, BenchCommand};
use crate::{Printer, exec, process, workspace};

/// Runs the benchmarks of the crates and becomes the program that measures processes, or the one that takes series.
///
/// # Errors
/// When something does not build or a benchmark fails.
pub fn run(args: &Bench, printer: &Printer) -> Result<()> {
    match args.command {
        Some(BenchCommand::Forecast(_) | BenchCommand::Anomalies(_)) => {
            return exec::become_program(&exec::BACKTEST, printer);
        }
        Some(BenchCommand::Growth(_)) => return exec::become_program(&exec::BENCH, printer),
        None => {}
    }
    let mut inside = exec::cargo();
    inside.args(["bench", "--package", "metering"]).current_dir(workspace::root());
    process::run(&mut inside, &|line| printer.say(line))?;
    exec::become_program(&exec::BENCH, printer)
}
