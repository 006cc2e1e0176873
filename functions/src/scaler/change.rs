//! When the number of shards changed, and to what.
//!
//! Invariant: the last change is remembered however old it is, and every one of the last 24 hours, because Kinesis
//! counts them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// For how long Kinesis counts a change.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When it was asked for, or first seen.
    pub at: Timestamp,
    /// How many shards there were to be after it.
    pub shards: u32,
    /// Whether Kinesis counts it: not one that it refused.
    pub counts: bool,
}

/// The changes that are remembered, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes(Vec<Change>);

impl Changes {
    /// The last one.
    pub fn last(&self) -> Option<Change> {
        self.0.last().copied()
    }

    /// How many of the last 24 hours Kinesis counts.
    pub fn spent(&self, now: Timestamp) -> usize {
        self.0.iter().filter(|change| change.counts && now.duration_since(change.at) < DAY).count()
    }

    /// These and another, without those that are of no use any more.
    #[must_use]
    pub fn and(&self, change: Change) -> Self {
        let recent = self.0.iter().filter(|old| change.at.duration_since(old.at) < DAY);
        Self(recent.copied().chain([change]).collect())
    }

    /// These, the last of which Kinesis has refused: there are `shards` as before.
    #[must_use]
    pub fn with_last_refused(&self, shards: u32) -> Self {
        let mut changes = self.0.clone();
        if let Some(last) = changes.last_mut() {
            (last.shards, last.counts) = (shards, false);
        }
        Self(changes)
    }
}
