//! Spans of which windows were set long afterwards, as far as calls of theirs were kept: the stream was not there, or
//! nobody folded what came of it.
//!
//! Invariant: what a window of such a span holds is no observation: that it holds nothing is no zero.

use crate::window::{Hour, Minute};

/// Minutes that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uncounted {
    /// The first.
    pub first: Minute,
    /// The last.
    pub last: Minute,
}

impl Uncounted {
    /// Whether a minute is one of them.
    pub fn has_minute(&self, minute: Minute) -> bool {
        (self.first..=self.last).contains(&minute)
    }

    /// Whether a part of an hour is.
    pub fn touches(&self, hour: Hour) -> bool {
        self.first <= hour.last_minute() && hour.first_minute() <= self.last
    }
}
