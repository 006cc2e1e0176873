//! Every command and every flag, with the words of `--help`.
//!
//! Invariant: a command that is listed here works; what a flag means is said here and nowhere else.
//! Longer than other files, because it is the whole command line at a glance; what has commands of its own has a file.

mod alerts;
mod bench;
mod cost;
mod errors;
mod keys;
mod load;
mod local;
mod number;
mod span;
mod text;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

pub use alerts::{Alerts, AlertsCommand, Subscriber};
pub use bench::{Bench, BenchAnomalies, BenchCommand, BenchForecast, BenchGrowth};
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};
use contract::Environment;
pub use cost::Cost;
pub use errors::{Errors, ErrorsCommand};
pub use keys::{CreateKey, Keys, KeysCommand, ListKeys, RevokeKey};
pub use load::Load;
pub use local::{Local, LocalCommand, LocalUp};
use number::whole;
use text::line;
pub use users::{CreateUser, ListUsers, ResetPassword, SetUser, Token, Users, UsersCommand};

use crate::{Printer, failure, output};

/// As long as the stream keeps a record: waiting longer would count nothing more.
const MAX_WAIT_SECONDS: u64 = contract::limit::STREAM_RETENTION_HOURS as u64 * 3600;
/// How much of a wrong argument its error repeats, in characters.
const MAX_QUOTED: usize = 80;
/// Ten years, the longest that CloudWatch Logs keeps a line of a log that it does not keep for ever.
const MAX_SINCE_MINUTES: u32 = 3653 * 24 * 60;

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
                  Standard output is data, standard error is the story. No command needs a terminal.\n\
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
    /// Make, list and revoke API keys
    Keys(Keys),
    /// Make, change and list users, and make bearer tokens
    Users(Users),
    /// Have alerts of quotas that run out sent to somebody, and see which were
    Alerts(Alerts),
    /// Run the whole system on this machine, with no AWS account
    Local(Local),
    /// Run every test
    Test(Test),
    /// Measure what the README claims of speed, size and cost
    Bench(Bench),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// Which deployment.
#[derive(Args, Debug, Clone)]
pub struct Env {
    /// The environment, configured in stacks/environments/<ENV>.toml
    #[arg(long, value_name = "ENV", default_value = "test", value_parser = clap::value_parser!(Environment))]
    pub env: Environment,
}

/// Where to talk to AWS, or to what stands in for it.
#[derive(Args, Debug, Clone)]
pub struct Cloud {
    #[command(flatten)]
    pub env: Env,
    /// The AWS region [default: AWS_REGION, the profile's, else ap-south-1]
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub region: Option<String>,
    /// The profile of AWS's configuration files [default: AWS_PROFILE, else `default`]
    #[arg(long, value_name = "PROFILE", value_parser = line)]
    pub profile: Option<String>,
    /// Send every request to this address [default: AWS_ENDPOINT_URL, else AWS itself]
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "local")]
    pub endpoint_url: Option<String>,
    /// Use the local system that `cargo xtask local` runs
    #[arg(long)]
    pub local: bool,
}

/// The SDK takes any text for a region or an address, and fails far from where it was given.
fn region(text: &str) -> Result<String, String> {
    let is_label = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_label {
        Ok(text.to_owned())
    } else {
        Err("a region is letters, digits and `-`, such as `ap-south-1`".to_owned())
    }
}

fn url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let has_host =
        host.is_some_and(|host| host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '['));
    if has_host { Ok(text.to_owned()) } else { Err("an address is such as `http://127.0.0.1:4571`".to_owned()) }
}

/// The processor that the functions run on.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arch {
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86_64,
    /// Graviton
    #[value(name = "arm64")]
    Arm64,
}

impl From<Arch> for stacks::Architecture {
    fn from(arch: Arch) -> Self {
        match arch {
            Arch::X86_64 => Self::X86_64,
            Arch::Arm64 => Self::Arm64,
        }
    }
}

/// How a template is written.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// What is deployed
    Json,
    /// For reading
    Yaml,
}

/// How a command writes JSON.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Json {
    /// One document, at the end
    Document,
    /// One object a line, as it happens; the last one is the result
    Lines,
}

/// `synth`.
#[derive(Args, Debug)]
#[command(after_help = "Output: the path of each template written. No network, no credentials, no Lambda build; the \
                        same bytes every time.\n\
                        Exit status: 0 written, 1 failed, 2 wrong usage.\n\
                        Example: ENABLE_KINESIS_ANALYTICS=true cargo xtask synth --out /tmp/templates --format yaml")]
pub struct Synth {
    #[command(flatten)]
    pub env: Env,
    /// The folder to write to [default: target/synth/<ENV>]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The format of the templates
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub format: Format,
    /// The processor that the functions run on
    #[arg(long, value_enum, default_value_t = Arch::X86_64)]
    pub arch: Arch,
    /// Leave out what the local system cannot take, and say what that is
    #[arg(long)]
    pub local: bool,
}

/// What `diff` compares with.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The templates that are deployed
    Deployed,
    /// The templates in snapshots/, without credentials
    Snapshots,
}

/// `diff`.
#[derive(Args, Debug)]
#[command(after_help = "Output: one line for each property that changes: logical id, type, path, old -> new, and \
                        beneath it, with the cause, whether it REPLACES, LOSES DATA, UNPROTECTS DATA or WIDENS \
                        ACCESS; then each function whose code would change, and what the stacks cost without a call; \
                        with --json one JSON document.\n\
                        The code that was built last is compared: nothing is built here.\n\
                        Exit status: 0 nothing would change, 1 something would (or has drifted, with --drift), 2 wrong \
                        usage, 3 failed.\n\
                        Example: cargo xtask diff --against snapshots --exit-code 0")]
pub struct Diff {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The stacks to compare [default: all of them]
    #[arg(value_name = "STACK", value_parser = line)]
    pub stacks: Vec<String>,
    /// The exit status where something would change
    #[arg(long, value_name = "STATUS", default_value_t = 1, value_parser = whole(0..=u8::MAX), allow_negative_numbers = true)]
    pub exit_code: u8,
    /// What to compare with
    #[arg(long, value_enum, default_value_t = Against::Deployed)]
    pub against: Against,
    /// Also have CloudFormation look for what was changed outside it
    #[arg(long)]
    pub drift: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `build`.
#[derive(Args, Debug)]
#[command(after_help = "Output: the path of each package, and its key in the bucket.\n\
                        Exit status: 0 built, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask build --arch x86_64")]
pub struct Build {
    #[command(flatten)]
    pub env: Env,
    /// The processor that the functions run on
    #[arg(long, value_enum, default_value_t = Arch::X86_64)]
    pub arch: Arch,
    /// Package quick builds for the local system
    #[arg(long)]
    pub local: bool,
}

/// `deploy`.
#[derive(Args, Debug)]
#[command(
    after_help = "Output: the outputs of each stack; with --json one JSON document with them and the events, with \
                        --json=lines each event as it happens.\n\
                        Exit status: 0 deployed or nothing to change, 1 failed or not approved, 2 wrong usage.\n\
                        Interrupted, CloudFormation goes on: the same command picks up where the stack is.\n\
                        Example: ENABLE_KINESIS_ANALYTICS=true cargo xtask deploy --yes"
)]
pub struct Deploy {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The stacks to deploy [default: all that the toggle asks for]
    #[arg(value_name = "STACK", value_parser = line)]
    pub stacks: Vec<String>,
    /// Carry out the change sets without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Allow changes that replace or delete a table or the stream
    #[arg(long)]
    pub allow_data_loss: bool,
    /// Do not wait until what was made is ready to serve: CloudFormation's express mode, where the endpoint has it
    #[arg(long)]
    pub express: bool,
    /// Revert what was changed by hand since the last deploy, where the endpoint can
    #[arg(long)]
    pub revert_drift: bool,
    /// The processor that the functions run on
    #[arg(long, value_enum, default_value_t = Arch::X86_64)]
    pub arch: Arch,
    /// Print JSON: one document, or with `=lines` one object a line as it happens
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "document")]
    pub json: Option<Json>,
}

/// `destroy`.
#[derive(Args, Debug)]
#[command(after_help = "With the toggle off and no stack named: the API goes to synchronous counting, what is on the \
                        stream is counted, then the dashboard and Kinesis stacks go. Tables and the stream stay, and \
                        the next deploy adopts them with their data.\n\
                        Output: what was removed; with --json one JSON document with it and the events, with \
                        --json=lines each event as it happens.\n\
                        Exit status: 0 removed or nothing to remove, 1 failed or not approved, 2 wrong usage.\n\
                        Example: ENABLE_KINESIS_ANALYTICS= cargo xtask destroy --yes")]
pub struct Destroy {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The stacks to remove [default: those that the toggle, off, does not ask for]
    #[arg(value_name = "STACK", value_parser = line)]
    pub stacks: Vec<String>,
    /// Remove without asking (with --delete-data the environment's name is asked for all the same)
    #[arg(long, short)]
    pub yes: bool,
    /// Delete the tables, the stream and their data as well
    #[arg(long)]
    pub delete_data: bool,
    /// The environment's name, typed out, in place of the question that --delete-data asks
    #[arg(long, value_name = "ENV", requires = "delete_data", value_parser = line)]
    pub confirm: Option<String>,
    /// How long to wait until everything on the stream is counted, at most a week
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = whole(0..=MAX_WAIT_SECONDS), allow_negative_numbers = true)]
    pub wait: u64,
    /// Print JSON: one document, or with `=lines` one object a line as it happens
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "document")]
    pub json: Option<Json>,
}

/// `verify`.
#[derive(Args, Debug)]
#[command(
    after_help = "Output: one line for each check: ok, FAILED or skipped, what, and what was found; with --json \
                        one JSON document.\n\
                        Its last part compares the calls of the last minutes, one by one: in the gateway's access \
                        log, on the stream, and as they are counted; a line for each minute that differs, and one \
                        for all. A minute is settled two minutes after its end on the local system, \
                        which keeps no such log, and five minutes on AWS.\n\
                        Exit status: 0 every check passes, 1 one fails, 2 wrong usage.\n\
                        Example: ENABLE_KINESIS_ANALYTICS=true cargo xtask verify --api-key ck_…"
)]
pub struct Verify {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The key for a test call; without one that check is left out (with --local the seeded key is used)
    #[arg(long, value_name = "KEY", env = "COMPLICAL_API_KEY", hide_env_values = true, value_parser = line)]
    pub api_key: Option<String>,
    /// How many settled minutes to compare call by call
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = whole(1..=1440_u32), allow_negative_numbers = true)]
    pub minutes: u32,
    /// Print JSON: one document, or with `=lines` one object a line as it happens
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "document")]
    pub json: Option<Json>,
}

/// `status`.
#[derive(Args, Debug)]
#[command(after_help = "Output: one screen of figures of the last hour; with --json one JSON document, with --watch \
                        --json=lines one a line.\n\
                        Exit status: 0 shown, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask status --watch")]
pub struct Status {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Show it again every five seconds, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Print JSON: one document, or with `=lines` one object a line as it happens
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "document")]
    pub json: Option<Json>,
}

/// `logs`.
#[derive(Args, Debug)]
#[command(after_help = "Output: the lines of the log, oldest first; with --json one JSON document, with --follow \
                        --json=lines one object a line.\n\
                        Exit status: 0 shown, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask logs stream-processor --follow")]
pub struct Logs {
    #[command(flatten)]
    pub cloud: Cloud,
    /// The function: its binary, such as stream-processor, or its logical id, such as StreamProcessor
    #[arg(value_name = "FUNCTION", value_parser = line)]
    pub function: String,
    /// Keep showing new lines, until Ctrl-C
    #[arg(long, short)]
    pub follow: bool,
    /// How far back to begin, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = whole(1..=MAX_SINCE_MINUTES), allow_negative_numbers = true)]
    pub since: u32,
    /// Print JSON: one document, or with `=lines` one object a line as it happens
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "document")]
    pub json: Option<Json>,
}

/// `scale`.
#[derive(Args, Debug)]
#[command(
    group = clap::ArgGroup::new("capacity").required(true),
    after_help = "Output: the capacity before and after. The scaler goes on from there and keeps the stream between \
                  min-shards and max-shards of the environment's settings; a mode that the settings do not name is \
                  changed back by the next deploy that changes the stream.\n\
                  Exit status: 0 changed or already so, 1 failed, 2 wrong usage.\n\
                  Example: cargo xtask scale --shards 4"
)]
pub struct Scale {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Provisioned capacity with this many shards
    #[arg(long, value_name = "N", group = "capacity", value_parser = whole(1..=10_000_u16), allow_negative_numbers = true)]
    pub shards: Option<u16>,
    /// Capacity that follows the traffic
    #[arg(long, group = "capacity")]
    pub on_demand: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
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
