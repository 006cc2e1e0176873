//! The most frequent of a range, from the lists of the most frequent that its windows have.
//!
//! Invariant: a name has no fewer events than is said of it, and no more than at most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::leader::{Leader, Outcome};

/// Names from the lists of windows.
#[derive(Clone, Debug, Default)]
pub struct Tops {
    /// Events that a name which is in no list can have.
    unlisted: u64,
    names: BTreeMap<String, Sums>,
}

/// What the lists say of a name.
#[derive(Clone, Debug)]
struct Sums {
    events: u64,
    /// How much of [`Tops::unlisted`] cannot be its, since it is listed there.
    elsewhere: u64,
    /// How its events went, where every list says so.
    outcome: Option<Outcome>,
}

/// A name of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Top {
    pub(super) name: String,
    /// How many events.
    pub(super) count: u64,
    /// How many they can be at most, where that is more.
    pub(super) at_most: Option<u64>,
    /// How they went, where that is known.
    pub(super) outcome: Option<Outcome>,
}

impl Tops {
    /// Adds the events of a window that no other holds, and its list, the most frequent first.
    pub fn add(&mut self, all: u64, list: &[Leader]) {
        let told: u64 = list.iter().map(|leader| leader.count).sum();
        let rest = all.saturating_sub(told);
        // Who is in no list has no more than the last who is.
        let unlisted = list.last().map_or(rest, |last| rest.min(last.count));
        self.unlisted += unlisted;
        for Leader { name, count, outcome } in list {
            let Some(sums) = self.names.get_mut(name) else {
                let sums = Sums { events: *count, elsewhere: unlisted, outcome: outcome.clone() };
                self.names.insert(name.clone(), sums);
                continue;
            };
            sums.events += count;
            sums.elsewhere += unlisted;
            sums.outcome = sums.outcome.take().zip(outcome.as_ref()).map(|(mut one, other)| {
                one.merge(other);
                one
            });
        }
    }

    /// The names, the most frequent first, then by letters.
    pub(super) fn into_ranking(self) -> Vec<Top> {
        let unlisted = self.unlisted;
        let top = |(name, Sums { events: count, elsewhere, outcome })| {
            let most = count + (unlisted - elsewhere);
            Top { name, count, at_most: (most > count).then_some(most), outcome }
        };
        let mut ranking: Vec<_> = self.names.into_iter().map(top).collect();
        ranking.sort_by_key(|top| Reverse(top.count));
        ranking
    }
}
