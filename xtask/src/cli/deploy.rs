//! `deploy`: which stacks, and what may happen to them.
//!
//! Invariant: nothing that loses data is allowed unless a flag of its own says so.

use clap::Args;

use super::text::line;
use super::{Arch, Cloud, Json};

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
