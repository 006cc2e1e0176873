//! `load`: its flags.
//!
//! Invariant: the calls that a command line can ask for are bounded, and so are the users that are made for them.

use std::time::Duration;

use clap::Args;

use super::number::whole;
use super::span::span;
use super::{Cloud, Json, MAX_WAIT_SECONDS};

/// Calls a second that one machine can send is far below.
const MAX_RATE: u32 = 100_000;
/// Each of them is some requests before the first call.
const MAX_USERS: u32 = 1_000;

/// `load`.
#[derive(Args, Debug)]
#[command(
    after_help = "Calls are sent when they are due, whatever the answers do, and a latency begins when its call was \
                  due: an API that stalls cannot hide it by slowing the sender. Users named load-…@example.invalid \
                  and a key for each are made first and removed when the last call is answered, also after Ctrl-C, \
                  which ends the calls early; a second Ctrl-C leaves out the comparison. Their calls stay counted.\n\
                  A call answered with 2xx has to be counted once; any other, and one without an answer, at most \
                  once.\n\
                  Output: the answers by status, latencies, and each user whose calls are not counted as they were \
                  answered; with --json one JSON document.\n\
                  Exit status: 0 every call is counted, 1 some are not, it failed or was not approved, 2 wrong usage.\n\
                  Example: cargo xtask load --local --rate 100 --duration 30s --users 20 --hot 50"
)]
pub struct Load {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Calls a second
    #[arg(long, value_name = "CALLS", value_parser = whole(1..=MAX_RATE), allow_negative_numbers = true)]
    pub rate: u32,
    /// For how long, such as 30s, 10m or 2h; a day at most
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub duration: Duration,
    /// How many users make the calls
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole(1..=MAX_USERS), allow_negative_numbers = true)]
    pub users: u32,
    /// The share of the calls that one of them makes [default: all make as many]
    #[arg(long, value_name = "PERCENT", value_parser = whole(1..=100_u8), allow_negative_numbers = true)]
    pub hot: Option<u8>,
    /// How long to wait until every call is counted, at most a week
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = whole(0..=MAX_WAIT_SECONDS), allow_negative_numbers = true)]
    pub wait: u64,
    /// Call without asking; the local system is never asked about
    #[arg(long, short)]
    pub yes: bool,
    /// Print JSON: one document, or with `=lines` one object a line as it happens
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "document")]
    pub json: Option<Json>,
}
