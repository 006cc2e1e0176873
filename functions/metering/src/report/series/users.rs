//! How many users a point of a series has.
//!
//! Invariant: nobody counts twice, however many parts of the point they are in.

use std::collections::BTreeSet;

use crate::hash::Hash;
use crate::sketch::Sketch;
use crate::total::Total;

/// How the users of a point are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Users {
    /// By the totals of whole windows and the names in parts.
    #[default]
    Counted,
    /// There is one whose calls these are.
    One,
    /// By those of its hours together, and the names in other parts.
    OfHours(Sketch),
    /// Not at all: the windows that make the point are counted each by itself.
    Unknown,
}

impl Users {
    /// How many there are, with what the point comes to and the names in its parts.
    pub(super) fn number(&self, total: &Total, names: &BTreeSet<Hash>) -> Option<u64> {
        match self {
            Self::Counted => Some(total.users + names.len() as u64),
            Self::One => Some(u64::from(total.calls > 0)),
            Self::OfHours(users) => {
                let mut users = users.clone();
                names.iter().for_each(|name| users.add(*name));
                Some(users.users())
            }
            Self::Unknown => None,
        }
    }
}
