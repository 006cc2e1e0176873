//! Users without their names, as they are listed while the windows that they call in go on.
//!
//! Invariant: callers are told apart by the 48 bits of [`subject_hash`](crate::digest::subject_hash), as live minutes
//! tell them apart: of 100,000 users two are taken for one in one window of 55,000.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::course::Course;
use crate::digest::SUBJECT_BYTES;
use crate::hash::{self, Hash};
use crate::sketch::Sketch;

/// Most callers of an item: 60 KB of hashes.
const OF_AN_ITEM: usize = 10_000;
/// Bytes of an item's name.
const NAME_BYTES: usize = 8;

/// Users with at least one call, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSet {
    hashes: BTreeSet<Hash>,
}

/// Users by the place of a part of a window: the minute of an hour, the hour of a day.
pub type ByPart = BTreeMap<u8, UserSet>;

/// The callers of a window by when in it they called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Each by the part of their first call.
    pub first: ByPart,
    /// Each by the part of their last call.
    pub last: ByPart,
}

/// How many callers are listed of the windows that a part is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Of its hour.
    pub of_hour: u64,
    /// Of its day.
    pub of_day: u64,
}

/// Some callers as an item holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// A name that no other callers have.
    pub name: String,
    /// Their hashes.
    pub body: Vec<u8>,
}

impl Ends {
    /// Adds a caller whose calls in the window came about so; nobody without calls.
    pub(crate) fn add(&mut self, caller: Hash, course: &Course) {
        let mut places = course.calls().filter(|(_, calls)| *calls > 0).map(|(place, _)| place);
        let Some(first) = places.next() else { return };
        self.first.entry(first).or_default().add(caller);
        self.last.entry(places.last().unwrap_or(first)).or_default().add(caller);
    }
}

impl UserSet {
    /// Adds a caller, by the hash of the subject.
    pub fn add(&mut self, caller: Hash) {
        self.hashes.insert(caller);
    }

    /// Adds others.
    pub fn merge(&mut self, others: &Self) {
        self.hashes.extend(&others.hashes);
    }

    /// Adds those of an item.
    pub fn add_packed(&mut self, body: &[u8]) {
        self.hashes.extend(hash::unpack(SUBJECT_BYTES, body));
    }

    /// Those who are not among others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        Self { hashes: self.hashes.difference(&others.hashes).copied().collect() }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Their hashes, in order.
    pub fn iter(&self) -> impl Iterator<Item = Hash> + '_ {
        self.hashes.iter().copied()
    }

    /// How many they are, in a form that merges with those of other windows.
    pub fn sketch(&self) -> Sketch {
        self.iter().collect()
    }

    /// The same as items hold them, each as many as fit.
    pub fn pack(&self) -> Vec<Packed> {
        let hashes: Vec<_> = self.iter().collect();
        let item = |hashes: &[Hash]| {
            let body = hash::pack(SUBJECT_BYTES, hashes.iter().copied());
            Packed { name: format!("{:016x}", hash::of(NAME_BYTES, &[&body])), body }
        };
        hashes.chunks(OF_AN_ITEM).map(item).collect()
    }
}

impl FromIterator<Hash> for UserSet {
    fn from_iter<I: IntoIterator<Item = Hash>>(hashes: I) -> Self {
        Self { hashes: hashes.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_and_named_by_what_it_is() {
        let many: UserSet = (0..25_000).map(|n| n << 33 | n).collect();
        let packed = many.pack();
        let bytes: Vec<_> = packed.iter().map(|item| item.body.len()).collect();
        assert_eq!(bytes, [60_000, 60_000, 30_000]);
        let mut unpacked = UserSet::default();
        packed.iter().for_each(|item| unpacked.add_packed(&item.body));
        assert_eq!((&unpacked, unpacked.count()), (&many, 25_000));
        let names = |callers: &UserSet| callers.pack().into_iter().map(|item| item.name).collect::<BTreeSet<_>>();
        assert_eq!((names(&many).len(), names(&many) == names(&unpacked)), (3, true));
        let [one, other] = [[1, 2], [1, 3]].map(|hashes| names(&hashes.into_iter().collect()));
        assert_eq!(one.intersection(&other).count(), 0);
    }
}
