//! What became of the calls of one customer, as the caller knows it.
//!
//! Invariant: an error of ours leaves open whether its call was counted; an answer does not.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    answered: AtomicUsize,
    unsure: AtomicUsize,
}

impl Tally {
    /// So many answered already.
    pub(crate) fn from(answered: usize) -> Self {
        Self { answered: answered.into(), unsure: 0.into() }
    }

    /// Another call, which was to be answered with a status.
    pub(crate) fn note(&self, status: u16, expected: u16) {
        match status {
            status if status == expected => self.answered.fetch_add(1, Ordering::Relaxed),
            500..=599 => self.unsure.fetch_add(1, Ordering::Relaxed),
            _ => panic!("{status} in place of {expected}"),
        };
    }

    /// How many of them can have been counted.
    pub(crate) fn range(&self) -> RangeInclusive<usize> {
        let answered = self.answered.load(Ordering::Relaxed);
        answered..=answered + self.unsure()
    }

    /// How many met an error.
    pub(crate) fn unsure(&self) -> usize {
        self.unsure.load(Ordering::Relaxed)
    }
}
