//! `logs`: whose log, and from when.
//!
//! Invariant: it begins no earlier than a log can have begun.

use clap::Args;

use super::number::whole;
use super::text::line;
use super::{Cloud, Json};

/// Ten years, the longest that CloudWatch Logs keeps a line of a log that it does not keep for ever.
const MAX_SINCE_MINUTES: u32 = 3653 * 24 * 60;

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
