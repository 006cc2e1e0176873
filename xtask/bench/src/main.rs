//! `bench`: the figures that the README names, measured on the packages that go to Lambda.
//!
//! Invariant: every figure comes from the release binaries as processes of their own; nothing is quoted that was not
//! measured in the same run, but for the original's figures and the write units, which a test holds.

mod authorizer;
mod core;
mod exchange;
mod figure;
mod growth;
mod processor;
mod readme;
mod start;

use std::process::ExitCode;

use anyhow::Result;
use contract::Function;
use figure::Figure;
use serde_json::json;
use xtask::cli::{Bench, BenchCommand, BenchGrowth, Cli, Command};
use xtask::readme as place;
use xtask::{Printer, build, failure, machine};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let printer = Printer;
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let done = match cli.command {
        Command::Bench(Bench { command: Some(BenchCommand::Growth(args)), .. }) => growth(&args, &printer).await,
        Command::Bench(args) => run(&args, &printer).await,
        _ => Err(xtask::Failure::usage("this program measures, and nothing else").into()),
    };
    match done.and_then(|()| Ok(printer.written()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.failure(&error);
            ExitCode::from(failure::exit_status(&error))
        }
    }
}

async fn growth(args: &BenchGrowth, printer: &Printer) -> Result<()> {
    build::compile_for_lambda(args.measurement.arch, &|line| printer.say(line))?;
    let rows = growth::measure(printer).await?;
    growth::report(&rows, args.measurement.record, args.measurement.json, printer)
}

async fn run(args: &Bench, printer: &Printer) -> Result<()> {
    let packages = build::for_lambda(args.measurement.arch, &|line| printer.say(line))?;
    let mut figures = figure::write_units()?;
    figures.extend(processor::measure(&build::built_for_lambda(Function::StreamProcessor), printer).await?);
    figures.extend(authorizer::measure(&build::built_for_lambda(Function::ApiKeyAuthorizer), printer).await?);
    figures.extend(start::measure(&packages, printer).await?);
    let machine = machine::describe()?;
    if args.measurement.record {
        place::record(&place::FIGURES, &readme::table(&figures, &machine))?;
        printer.say("README.md has the table");
    }
    if args.measurement.json {
        let figures: Vec<_> = figures.iter().map(Figure::json).collect();
        printer.json(&json!({ "machine": machine, "figures": figures }));
    } else {
        printer.data(readme::table(&figures, &machine));
    }
    Ok(())
}
