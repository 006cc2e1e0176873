//! `play`: its flags.
//!
//! Invariant: what is played can be played again: a number stands for everything that chance decides.

use clap::Args;

use super::Cloud;
use super::number::whole;

/// More would be a load test, for which there is `load`.
const MAX_CALLS: u64 = 1_000_000;

/// `play`.
#[derive(Args, Debug)]
#[command(
    after_help = "Made-up people of five companies call on weekdays and weekends, by day and night and in bursts; some \
                  keys are refused and some quotas used up. user@example.com, whose figures the local system shows, is \
                  one of them. Calls are put where the stream's consumer would have put them, and what was answered where the \
                  gateway would have. The same seed makes the same history up to the present minute.\n\
                  Only the local system is played on: on AWS every call would be billed.\n\
                  Output: how many events there are, of which kind; with --json one JSON document.\n\
                  Exit status: 0 every event is counted, 1 failed, 2 wrong usage.\n\
                  Example: cargo xtask play --local --calls 20000 --days 28"
)]
pub struct Play {
    #[command(flatten)]
    pub cloud: Cloud,
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = whole(1..=MAX_CALLS), allow_negative_numbers = true)]
    pub calls: u64,
    /// Over how many days up to now, at most the 90 for which calls are kept
    #[arg(long, value_name = "DAYS", default_value_t = 28, value_parser = whole(1..=contract::limit::HISTORY_DAYS), allow_negative_numbers = true)]
    pub days: u32,
    /// What tells one history from another
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = whole(0..=u64::MAX), allow_negative_numbers = true)]
    pub seed: u64,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
