//! When the number of shards changed, and to what.
//!
//! Invariant: the last change is remembered however old it is, and every one of the last 24 hours, because Kinesis
//! counts them.

use jiff::{SignedDuration, Timestamp};
use metering::window::Minute;
use serde::{Deserialize, Serialize};

/// For how long Kinesis counts a change.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How far apart the runs are: for so long the stream may go on changing after it was last seen to.
const RUN_INTERVAL: SignedDuration = SignedDuration::from_mins(1);

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When it was asked for, or first seen.
    pub at: Timestamp,
    /// How many shards there were to be after it.
    pub shards: u32,
    /// Whether Kinesis counts it: not one that it refused.
    pub counts: bool,
    /// When the stream was last seen changing since then; none where it was not.
    pub changing: Option<Timestamp>,
}

impl Change {
    /// A change during which the stream has not been looked at yet.
    pub fn new(at: Timestamp, shards: u32, counts: bool) -> Self {
        Self { at, shards, counts, changing: None }
    }

    /// The first minute in which there were its shards from beginning to end.
    pub fn first_minute(self) -> Minute {
        Minute::of(self.changing.map_or(self.at, |seen| seen + RUN_INTERVAL)).plus(1)
    }
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

    /// These, with the stream seen changing: until that is over, minutes tell of the shards of before.
    #[must_use]
    pub fn with_changing(&self, now: Timestamp) -> Self {
        let mut changes = self.0.clone();
        if let Some(last) = changes.last_mut() {
            last.changing = Some(now);
        }
        Self(changes)
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
