//! Users and companies, from the lists of the most frequent that windows have.
//!
//! Invariant: a name has no fewer calls than its row says, and no more than its `apiCallsAtMost`.

use std::collections::BTreeMap;

use super::dimension::Dimension;
use super::group::{Group, Groups};
use crate::total::Total;

/// Names from the lists of windows.
#[derive(Clone, Debug)]
pub struct Tops {
    of: Dimension,
    pub(super) calls: u64,
    /// Calls that a name which is in no list can have.
    unlisted: u64,
    /// By name: calls, and how much of [`unlisted`](Self::unlisted) cannot be its, since it is listed there.
    names: BTreeMap<String, (u64, u64)>,
}

impl Tops {
    /// Users, or companies.
    pub const fn new(of: Dimension) -> Self {
        Self { of, calls: 0, unlisted: 0, names: BTreeMap::new() }
    }

    /// Adds a window that no other holds.
    pub fn add(&mut self, total: &Total) {
        let list = if self.of == Dimension::Company { &total.top_companies } else { &total.top_users };
        let told: u64 = list.iter().map(|(_, calls)| calls).sum();
        let rest = total.calls.saturating_sub(told);
        // Who is in no list has no more calls than the last who is.
        let unlisted = list.last().map_or(rest, |(_, least)| rest.min(*least));
        self.calls += total.calls;
        self.unlisted += unlisted;
        for (name, calls) in list {
            let sums = self.names.entry(name.clone()).or_default();
            *sums = (sums.0 + calls, sums.1 + unlisted);
        }
    }

    pub(super) fn groups(&self) -> Groups {
        let group = |(name, (calls, elsewhere)): (&String, &(u64, u64))| {
            let most = calls + self.unlisted.saturating_sub(*elsewhere);
            (vec![name.clone()], Group { calls: *calls, at_most: (most > *calls).then_some(most), ..Group::default() })
        };
        self.names.iter().map(group).collect()
    }
}
