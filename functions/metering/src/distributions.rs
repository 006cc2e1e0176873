//! Histograms by name, where names are chosen by callers: as many as fit, and of the rest none.
//!
//! Invariant: which names are kept depends on the whole alone: the shortest first, then by letters, up to the first that
//! has no room. From that one on nothing is kept in any part, so that a histogram that is there is the whole one.

use std::collections::BTreeMap;

use contract::limit::MAX_RESPONSES_BYTES;
use serde::{Deserialize, Serialize, Serializer};

use crate::histogram::Histogram;
use crate::text::stored_bytes;

/// The quotes of a name and of its histogram, a colon and a comma.
const AROUND: usize = 6;

/// Histograms by name, at most [`MAX_RESPONSES_BYTES`] of them as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Distributions {
    names: BTreeMap<Name, Histogram>,
    /// The first name that had no room.
    #[serde(rename = "until")]
    first_left_out: Option<Name>,
}

/// A name, in the order in which names are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
struct Name(usize, String);

#[derive(Serialize)]
struct Stored<'a> {
    names: BTreeMap<&'a str, &'a Histogram>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<&'a Name>,
}

impl Distributions {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.first_left_out.is_none()
    }

    /// Adds a duration, in microseconds, to a name.
    pub fn add(&mut self, name: &str, micros: u64) {
        let name = Name::from(name.to_owned());
        if self.keeps(&name) {
            self.names.entry(name).or_default().add(micros);
        }
    }

    /// Adds everything of others.
    pub fn merge(&mut self, other: &Self) {
        let cuts = [self.first_left_out.take(), other.first_left_out.clone()];
        self.first_left_out = cuts.into_iter().flatten().min();
        for (name, histogram) in &other.names {
            if self.keeps(name) {
                self.names.entry(name.clone()).or_default().merge(histogram);
            }
        }
        if let Some(cut) = &self.first_left_out {
            self.names.split_off(cut);
        }
    }

    /// The histogram of a name, if it was kept.
    pub fn of(&self, name: &str) -> Option<&Histogram> {
        self.names.get(&Name::from(name.to_owned()))
    }

    fn keeps(&self, name: &Name) -> bool {
        self.first_left_out.as_ref().is_none_or(|cut| name < cut)
    }

    /// As many as fit.
    fn stored(&self) -> Stored<'_> {
        let (mut bytes, mut names) = (0, BTreeMap::new());
        for (name, histogram) in &self.names {
            bytes += name.0 + histogram.stored_bytes() + AROUND;
            if bytes > MAX_RESPONSES_BYTES {
                return Stored { names, until: Some(name) };
            }
            names.insert(name.1.as_str(), histogram);
        }
        Stored { names, until: self.first_left_out.as_ref() }
    }
}

impl Serialize for Distributions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.stored().serialize(serializer)
    }
}

impl From<String> for Name {
    fn from(name: String) -> Self {
        Self(stored_bytes(&name), name)
    }
}

impl From<Name> for String {
    fn from(Name(_, name): Name) -> Self {
        name
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Names of which the five longest have not all room.
    fn name(n: u8) -> String {
        "x".repeat(usize::from(n) * 300)
    }

    fn of(durations: &[(u8, u16)]) -> Distributions {
        let mut distributions = Distributions::default();
        durations.iter().for_each(|(n, micros)| distributions.add(&name(*n), (*micros).into()));
        distributions
    }

    /// As they are when they were written and read.
    fn stored(distributions: &Distributions) -> Distributions {
        serde_json::from_str(&serde_json::to_string(distributions).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn stored_parts_merge_in_any_order_to_the_stored_whole(
            durations in prop::collection::vec((0..9_u8, any::<u16>()), 0..60),
            cut in 0..60_usize,
            swap in any::<bool>(),
        ) {
            let whole = of(&durations);
            let (one, other) = durations.split_at(cut.min(durations.len()));
            let mut parts = [one, other].map(|part| stored(&of(part)));
            if swap {
                parts.reverse();
            }
            let [mut merged, rest] = parts;
            merged.merge(&rest);
            let text = serde_json::to_string(&merged).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&whole).unwrap());
            prop_assert!(text.len() <= MAX_RESPONSES_BYTES + 3_000, "{}", text.len());
            for (n, histogram) in stored(&merged).names {
                let complete = durations.iter().filter(|(of, _)| name(*of) == n.1).map(|(_, micros)| u64::from(*micros));
                prop_assert_eq!(histogram, complete.collect::<Histogram>());
            }
        }
    }
}
