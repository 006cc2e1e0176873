//! `verify`: with which key, and over how many minutes.
//!
//! Invariant: without a key the other checks are made all the same.

use clap::Args;

use super::number::whole;
use super::text::line;
use super::{Cloud, Json};

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
