//! `destroy`: which stacks go, and whether their data does.
//!
//! Invariant: data is deleted only where a flag and the environment's name say so.

use clap::Args;

use super::number::whole;
use super::text::line;
use super::{Cloud, Json, MAX_WAIT_SECONDS};

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
