//! `diff`: what is compared with what.
//!
//! Invariant: a difference is exit status 1 unless another is asked for; a failure is 3.

use clap::{Args, ValueEnum};

use super::Cloud;
use super::number::whole;
use super::text::line;

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
