//! `cargo xtask`: a match of one-liners.

use std::process::ExitCode;

use xtask::cli::{Cli, Command};
use xtask::{Printer, bench, build, completions, exec, failure, synth, test};

fn main() -> ExitCode {
    let cli = match Cli::from_process() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    let printer = Printer;
    let done = match &cli.command {
        Command::Synth(args) => synth::run(args, &printer),
        Command::Build(args) => build::run(args, &printer),
        Command::Bench(args) => bench::run(args, &printer),
        Command::Test(args) => test::run(args, &printer),
        Command::Completions(args) => completions::run(args, &printer),
        command => exec::run(command, &printer),
    };
    match done.and_then(|()| Ok(printer.written()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.failure(&error);
            ExitCode::from(failure::exit_status(&error))
        }
    }
}
