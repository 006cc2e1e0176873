//! Every command and every flag, with the words of `--help`.
//!
//! Invariant: a command that is listed here works; what a flag means is said here and nowhere else.

mod alerts;
mod bench;
mod build;
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
mod number;
mod play;
mod report;
mod scale;
mod span;
mod status;
mod synth;
mod target;
mod text;
mod users;
mod verify;

use std::process::ExitCode;

pub use alerts::{Alerts, AlertsCommand, Subscriber};
pub use bench::{Bench, BenchAnomalies, BenchCommand, BenchForecast, BenchGrowth};
pub use build::{Arch, Build};
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};
pub use cost::Cost;
pub use deploy::Deploy;
pub use destroy::Destroy;
pub use diff::{Against, Diff};
pub use errors::{Errors, ErrorsCommand};
pub use export::{Export, FileFormat};
pub use keys::{CreateKey, Keys, KeysCommand, ListKeys, RevokeKey};
pub use load::Load;
pub use local::{Local, LocalCommand, LocalUp};
pub use logs::Logs;
pub use play::Play;
pub use report::{Report, ReportPeriod};
pub use scale::Scale;
pub use status::Status;
pub use synth::{Format, Synth};
pub use target::{Cloud, Env};
pub use users::{CreateUser, ListUsers, ResetPassword, SetUser, Token, Users, UsersCommand};
pub use verify::Verify;

use crate::{Printer, failure, output};

/// As long as the stream keeps a record: waiting longer would count nothing more.
const MAX_WAIT_SECONDS: u64 = contract::limit::STREAM_RETENTION_HOURS as u64 * 3600;
/// How much of a wrong argument its error repeats, in characters.
const MAX_QUOTED: usize = 80;
/// Deploys and runs the usage analytics of the CompliCal API.
///
/// The toggle ENABLE_KINESIS_ANALYTICS (true, 1, yes, on; false, 0, no, off, empty or unset) decides whether calls go
/// through the stream or are counted synchronously.
#[derive(Parser, Debug)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit status: 0 done, 1 failed, 2 wrong usage (`diff` has its own, see its help).\n\
                  Results go to standard output, progress to standard error. No command needs a terminal.\n\
                  Example: cargo xtask local"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The command line of this process.
    ///
    /// # Errors
    /// When there is nothing to be done: what is wrong, or the help that was asked for, has been printed, and this is
    /// the exit status.
    pub fn from_process() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|mut told| {
            quote(&mut told);
            let printed = told.print();
            if told.use_stderr() {
                return ExitCode::from(failure::WRONG_USAGE);
            }
            output::note(printed);
            output::written().map_or_else(
                |failure| {
                    Printer.failure(&failure.into());
                    ExitCode::from(failure::FAILED)
                },
                |()| ExitCode::SUCCESS,
            )
        })
    }
}

/// Has an error repeat what was typed in one short line that moves no cursor.
fn quote(error: &mut clap::Error) {
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
        if let Some(ContextValue::String(typed)) = error.get(kind) {
            let shown: String = typed.chars().take(MAX_QUOTED).flat_map(quoted).collect();
            let rest = if typed.chars().nth(MAX_QUOTED).is_some() { "…" } else { "" };
            error.insert(kind, ContextValue::String(shown + rest));
        }
    }
}

fn quoted(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_default());
    let plain = (!c.is_control()).then_some(c);
    escaped.into_iter().flatten().chain(plain)
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Write the CloudFormation templates
    Synth(Synth),
    /// Show what a deploy would change, property by property
    Diff(Diff),
    /// Build the Lambda packages
    Build(Build),
    /// Build, upload what changed, show the change sets, and carry them out
    Deploy(Deploy),
    /// Remove stacks; with the toggle off, roll back to synchronous counting first
    Destroy(Destroy),
    /// Check what is deployed, one line for each check
    Verify(Verify),
    /// Show shards, lag, throughput, errors and alarms on one screen
    Status(Status),
    /// Show a function's log
    Logs(Logs),
    /// Look at records that could not be counted, and count them after all
    Errors(Errors),
    /// Change the capacity of the stream
    Scale(Scale),
    /// Call the API at a steady rate, and compare what was answered with what is counted
    Load(Load),
    /// Estimate the monthly cost of each mode
    Cost(Cost),
    /// Create, list and revoke API keys
    Keys(Keys),
    /// Create, change and list users, and issue bearer tokens
    Users(Users),
    /// Write one's own calls to a file, and compare their number with what is counted
    Export(Export),
    /// Write the usage report of a day, a week or a month to files
    Report(Report),
    /// Subscribe people to quota alerts and usage reports, and see which alerts were sent
    Alerts(Alerts),
    /// Run the whole system on this machine, with no AWS account
    Local(Local),
    /// Play a known history on the local system, to look at
    Play(Play),
    /// Run every test
    Test(Test),
    /// Measure what the README claims of speed, size and cost
    Bench(Bench),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// How a command writes JSON.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Json {
    /// One document, at the end
    Document,
    /// One object a line, as it happens; the last one is the result
    Lines,
}

/// `test`.
#[derive(Args, Debug)]
#[command(after_help = "Output: what each step prints: formatting, lints, unit, property, compile-fail and snapshot \
                        tests, cfn-lint, and the whole system on this machine.\n\
                        Exit status: 0 all pass, 1 one fails, 2 wrong usage.\n\
                        Example: cargo xtask test")]
pub struct Test {
    #[command(flatten)]
    pub env: Env,
}

/// `completions`.
#[derive(Args, Debug)]
#[command(after_help = "Output: the script. It completes the program's own name, `xtask`.\n\
                        Exit status: 0 printed, 2 wrong usage.\n\
                        Example: cargo xtask completions bash > ~/.local/share/bash-completion/completions/xtask")]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests;
