//! Calls by name, where names are chosen by callers: as many names as fit are told apart, the rest is one sum.
//!
//! Invariant: which names are told apart depends on the set of names alone: the shortest first, then by letters, as
//! many as fit. So breakdowns of parts merge, in any order, to the breakdown of the whole, and the sum is always exact.

use std::collections::{BTreeMap, btree_map};

use serde::{Deserialize, Serialize};

use crate::text::stored_bytes;

/// Stands for what a breakdown no longer tells apart.
pub const OTHER: &str = "*";

/// What is known of a name.
pub trait Tally: Clone + Default {
    /// The most bytes that it takes as it is stored, with what stands around it and its name.
    const BYTES: usize;

    /// Adds what another part knows of the name.
    fn merge(&mut self, other: &Self);

    /// What is left of it where names are no longer told apart.
    #[must_use]
    fn nameless(&self) -> Self;
}

/// Tallies by name, at most `MAX` bytes of them as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Breakdown<T, const MAX: usize> {
    tallies: BTreeMap<String, T>,
}

impl<T: Tally, const MAX: usize> Breakdown<T, MAX> {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.tallies.is_empty()
    }

    /// Each name with what is known of it, by letters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.tallies.iter().map(|(name, tally)| (name.as_str(), tally))
    }

    /// What is known of a name, if it is told apart.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.tallies.get(name)
    }

    /// Adds to a name.
    pub fn add(&mut self, name: &str, tally: &T) {
        if name == OTHER {
            return self.add_other(tally);
        }
        if let Some(known) = self.tallies.get_mut(name) {
            return known.merge(tally);
        }
        self.tallies.insert(name.to_owned(), tally.clone());
        // A name left out takes no less than any that stays, so that a part leaves out none that the whole has room for.
        while self.bytes() > MAX
            && let Some((_, last)) = self.names().map(|name| (stored_bytes(name), name.to_owned())).max()
            && let Some(tally) = self.tallies.remove(&last)
        {
            self.add_other(&tally);
        }
    }

    /// Adds everything of another breakdown. Where that has less room, names that it left out stay so.
    pub fn merge<const OTHER_MAX: usize>(&mut self, other: &Breakdown<T, OTHER_MAX>) {
        other.tallies.iter().for_each(|(name, tally)| self.add(name, tally));
    }

    fn add_other(&mut self, tally: &T) {
        self.tallies.entry(OTHER.to_owned()).or_default().merge(&tally.nameless());
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.tallies.keys().map(String::as_str).filter(|name| *name != OTHER)
    }

    /// What it takes as it is stored, at most, the sum of the rest included.
    fn bytes(&self) -> usize {
        [OTHER].into_iter().chain(self.names()).map(|name| stored_bytes(name) + T::BYTES).sum()
    }
}

impl<T, const MAX: usize> Default for Breakdown<T, MAX> {
    fn default() -> Self {
        Self { tallies: BTreeMap::new() }
    }
}

impl<T, const MAX: usize> IntoIterator for Breakdown<T, MAX> {
    type Item = (String, T);
    type IntoIter = btree_map::IntoIter<String, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.tallies.into_iter()
    }
}

/// A number of calls.
impl Tally for u64 {
    /// A colon, twenty digits and a comma, and the quotes of the name.
    const BYTES: usize = 24;

    fn merge(&mut self, other: &Self) {
        *self += other;
    }

    fn nameless(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Small = Breakdown<u64, 200>;

    fn of(names: &[String]) -> Small {
        let mut breakdown = Small::default();
        names.iter().for_each(|name| breakdown.add(name, &1));
        breakdown
    }

    #[test]
    fn the_shortest_names_are_told_apart_and_the_rest_is_summed() {
        let names = ["GET /long/path/that/nobody/reads".repeat(4), "GET /b".into(), "GET /a".into(), "GET /b".into()];
        let calls: Vec<_> = of(&names).into_iter().collect();
        assert_eq!(calls, [("*".to_owned(), 1), ("GET /a".to_owned(), 1), ("GET /b".to_owned(), 2)]);
    }

    proptest! {
        #[test]
        fn parts_merge_in_any_order_to_the_whole(
            names in prop::collection::vec("[a-c\\x01*😀]{0,40}", 0..60),
            cuts in prop::collection::vec(0..60_usize, 0..4),
            swap in any::<bool>(),
        ) {
            let whole = of(&names);
            let (mut parts, mut rest) = (Vec::new(), names.as_slice());
            for cut in cuts {
                let (part, others) = rest.split_at(cut.min(rest.len()));
                parts.push(of(part));
                rest = others;
            }
            parts.push(of(rest));
            if swap {
                parts.reverse();
            }
            let merged = parts.iter().fold(Small::default(), |mut merged, part| {
                merged.merge(part);
                merged
            });
            prop_assert_eq!(&merged, &whole);
            prop_assert!(serde_json::to_string(&whole).unwrap().len() <= 200);
            prop_assert_eq!(whole.into_iter().map(|(_, calls)| calls).sum::<u64>(), names.len() as u64);
        }
    }
}
