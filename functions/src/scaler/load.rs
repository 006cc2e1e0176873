//! What goes into the stream, minute by minute.
//!
//! Invariant: a minute without a data point is not in the series, and nothing is concluded from its absence.

use std::collections::BTreeMap;

use metering::window::Minute;

/// Records that a shard takes in a minute: 1,000 a second (Kinesis Developer Guide, "Quotas and limits").
const SHARD_RECORDS: f64 = 60_000.0;
/// Bytes that a shard takes in a minute: 1 MB a second (same page).
const SHARD_BYTES: f64 = 60_000_000.0;

/// What went into the stream in one minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Records put.
    pub records: f64,
    /// Bytes put.
    pub bytes: f64,
    /// Records refused because a shard was full.
    pub refused: f64,
}

/// The minutes that CloudWatch has data points of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series(pub BTreeMap<Minute, Load>);

impl Load {
    /// How many shards it fills, if it is spread evenly over the minute and over them.
    pub fn shards(&self) -> f64 {
        (self.records / SHARD_RECORDS).max(self.bytes / SHARD_BYTES)
    }
}

impl Series {
    /// The last minute that is known.
    pub fn last(&self) -> Option<(Minute, Load)> {
        self.0.last_key_value().map(|(minute, load)| (*minute, *load))
    }

    /// The last minutes that are known, `n` at most and none before `first`.
    pub fn tail(&self, n: usize, first: Minute) -> Vec<Load> {
        self.0.range(first..).rev().take(n).map(|(_, load)| *load).collect()
    }

    /// Of how many minutes there is a data point since one.
    pub fn known(&self, first: Minute) -> usize {
        self.0.range(first..).count()
    }

    /// The greatest load of the known minutes since one, in shards.
    pub fn peak(&self, first: Minute) -> f64 {
        self.0.range(first..).map(|(_, load)| load.shards()).fold(0.0, f64::max)
    }
}
