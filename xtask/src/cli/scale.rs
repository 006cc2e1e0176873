//! `scale`: how much the stream is to take.
//!
//! Invariant: it is either a number of shards or on-demand.

use clap::Args;

use super::Cloud;
use super::number::whole;

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
