//! The most frequent of a range, from the lists of the most frequent that its windows have.
//!
//! Invariant: a name has no fewer events than is said of it, and no more than at most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Names from the lists of windows.
#[derive(Clone, Debug, Default)]
pub struct Tops {
    all: u64,
    /// Events that a name which is in no list can have.
    unlisted: u64,
    /// By name: events, and how much of [`unlisted`](Self::unlisted) cannot be its, since it is listed there.
    names: BTreeMap<String, (u64, u64)>,
}

/// A name of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Top {
    pub(super) name: String,
    /// How many events.
    pub(super) count: u64,
    /// How many they can be at most, where that is more.
    pub(super) at_most: Option<u64>,
}

impl Tops {
    /// Adds the events of a window that no other holds, and its list, the most frequent first.
    pub fn add(&mut self, all: u64, list: &[(String, u64)]) {
        let told: u64 = list.iter().map(|(_, count)| count).sum();
        let rest = all.saturating_sub(told);
        // Who is in no list has no more than the last who is.
        let unlisted = list.last().map_or(rest, |(_, least)| rest.min(*least));
        self.all += all;
        self.unlisted += unlisted;
        for (name, count) in list {
            let sums = self.names.entry(name.clone()).or_default();
            *sums = (sums.0 + count, sums.1 + unlisted);
        }
    }

    /// The events of all windows.
    pub(super) const fn all(&self) -> u64 {
        self.all
    }

    /// The names, the most frequent first, then by letters.
    pub(super) fn into_ranking(self) -> Vec<Top> {
        let unlisted = self.unlisted;
        let top = |(name, (count, elsewhere))| {
            let most = count + (unlisted - elsewhere);
            Top { name, count, at_most: (most > count).then_some(most) }
        };
        let mut ranking: Vec<_> = self.names.into_iter().map(top).collect();
        ranking.sort_by_key(|top| Reverse(top.count));
        ranking
    }
}
