//! `cost`: its flags.
//!
//! Invariant: nothing has to be known to ask: every number has a default.

use std::time::Duration;

use clap::Args;

use super::Env;
use super::number::whole;
use super::span::span;

/// A million million calls a month is 380,000 a second.
const MAX_CALLS: u64 = 1_000_000_000_000;
/// As many as the capacity page goes up to.
const MAX_RATE: u32 = 1_000_000;
const MAX_VIEWERS: u32 = 1_000_000;

/// `cost`.
#[derive(Args, Debug)]
#[command(after_help = "Output: for each mode the cost of a month and of a million calls, from list prices of \
                        ap-south-1 with their date; with --viewers what it costs to look at everybody's figures live; \
                        with --rate what is full at which rate, and what to do: `!` before what is full already.\n\
                        A provisioned stream has the shards that so many calls take, if these are more than configured.\n\
                        Exit status: 0 shown, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask cost --rate 1000 --viewers 5 --poll 1s")]
pub struct Cost {
    #[command(flatten)]
    pub env: Env,
    /// Calls in a month
    #[arg(long, value_name = "N", default_value_t = 5_000_000, value_parser = whole(0..=MAX_CALLS), allow_negative_numbers = true)]
    pub calls: u64,
    /// Calls a second, all month long
    #[arg(long, value_name = "CALLS", conflicts_with = "calls", value_parser = whole(1..=MAX_RATE), allow_negative_numbers = true)]
    pub rate: Option<u32>,
    /// How many keep the live view of everybody's figures open
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(0..=MAX_VIEWERS), allow_negative_numbers = true)]
    pub viewers: u32,
    /// How often each of them asks, such as 1s
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = span)]
    pub poll: Duration,
    /// What the local system would cost on AWS, which is the same: it costs nothing itself
    #[arg(long)]
    pub local: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
