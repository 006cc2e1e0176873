//! How many users there are in parts that share some: each counted once, without their names.
//!
//! Invariant: the sketches of parts merge, in any order, to the sketch of the whole, byte for byte. Up to [`MAX_FEW`]
//! users the number is exact, unless two hashes of 48 bits are equal; beyond it has a standard error of 0.8 %.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::hash::{self, Hash};

/// Most users that are counted one by one: 6 KB of hashes.
pub const MAX_FEW: usize = 1_024;
/// Bits of a hash.
const HASH_BITS: u32 = 48;
/// Bits that choose a register.
const INDEX_BITS: u32 = 14;
const REGISTERS: usize = 1 << INDEX_BITS;
/// Bits of which a register holds the place of the first that is set, 1 for the first, or one more where none is.
const RANK_BITS: u32 = HASH_BITS - INDEX_BITS;
const HASH_BYTES: usize = HASH_BITS as usize / 8;

/// The users of a window. Beyond a few it is a HyperLogLog (Flajolet et al., 2007).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub enum Sketch {
    /// Their hashes.
    Few(BTreeSet<Hash>),
    /// The highest rank of each register's hashes.
    Many(Vec<u8>),
}

/// Bytes in Base64: of each hash in order, or a byte of each register.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Stored {
    Few(String),
    Many(String),
}

/// A text that is no sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no sketch, which is hashes or registers in Base64")]
pub struct InvalidSketch;

impl Sketch {
    /// Adds a user.
    pub fn add(&mut self, user: Hash) {
        match self {
            Self::Few(users) => {
                users.insert(user);
                self.settle();
            }
            Self::Many(registers) => note(registers, user),
        }
    }

    /// Adds the users of another part.
    pub fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Few(users)) => users.iter().for_each(|user| self.add(*user)),
            (Self::Many(registers), Self::Many(others)) => {
                registers.iter_mut().zip(others).for_each(|(one, other)| *one = (*one).max(*other));
            }
            (Self::Few(users), Self::Many(others)) => {
                let mut registers = others.clone();
                users.iter().for_each(|user| note(&mut registers, *user));
                *self = Self::Many(registers);
            }
        }
    }

    /// How many users there are.
    pub fn users(&self) -> u64 {
        match self {
            Self::Few(users) => users.len() as u64,
            Self::Many(registers) => estimate(registers).round() as u64,
        }
    }

    fn settle(&mut self) {
        if let Self::Few(users) = self
            && users.len() > MAX_FEW
        {
            let mut registers = vec![0; REGISTERS];
            users.iter().for_each(|user| note(&mut registers, *user));
            *self = Self::Many(registers);
        }
    }
}

impl FromIterator<Hash> for Sketch {
    fn from_iter<I: IntoIterator<Item = Hash>>(users: I) -> Self {
        let mut sketch = Self::default();
        users.into_iter().for_each(|user| sketch.add(user));
        sketch
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self::Few(BTreeSet::new())
    }
}

fn note(registers: &mut [u8], user: Hash) {
    let rest = user & ((1 << RANK_BITS) - 1);
    let rank = rest.leading_zeros() - (Hash::BITS - RANK_BITS) + 1;
    let index = usize::try_from(user >> RANK_BITS).unwrap_or_default();
    if let Some(register) = registers.get_mut(index) {
        *register = (*register).max(u8::try_from(rank).unwrap_or_default());
    }
}

/// O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), algorithm 6: without bias from none
/// to more than there are.
fn estimate(registers: &[u8]) -> f64 {
    let m = REGISTERS as f64;
    let mut counts = [0.0; RANK_BITS as usize + 2];
    for rank in registers {
        counts[usize::from(*rank).min(counts.len() - 1)] += 1.0;
    }
    let [none, ranks @ .., full] = &counts;
    let start = m * tau(1.0 - full / m);
    let sum = ranks.iter().rev().fold(start, |sum, count| 0.5 * (sum + count));
    m * m / (2.0 * std::f64::consts::LN_2 * (sum + m * sigma(none / m)))
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut sum, mut before) = (1.0, x, -1.0);
    while sum > before {
        x *= x;
        before = sum;
        sum += x * power;
        power += power;
    }
    sum
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut power, mut sum, mut before) = (1.0, 1.0 - x, 2.0);
    while sum < before {
        x = x.sqrt();
        before = sum;
        power *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * power;
    }
    sum / 3.0
}

impl From<Sketch> for Stored {
    fn from(sketch: Sketch) -> Self {
        match sketch {
            Sketch::Few(users) => Self::Few(STANDARD_NO_PAD.encode(hash::pack(HASH_BYTES, users))),
            Sketch::Many(registers) => Self::Many(STANDARD_NO_PAD.encode(registers)),
        }
    }
}

impl TryFrom<Stored> for Sketch {
    type Error = InvalidSketch;

    fn try_from(stored: Stored) -> Result<Self, InvalidSketch> {
        let decode = |text: &str| STANDARD_NO_PAD.decode(text).map_err(|_| InvalidSketch);
        match stored {
            Stored::Few(text) => Ok(Self::Few(hash::unpack(HASH_BYTES, &decode(&text)?).collect())),
            Stored::Many(text) => {
                Some(decode(&text)?).filter(|bytes| bytes.len() == REGISTERS).map(Self::Many).ok_or(InvalidSketch)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::digest::subject_hash;
    use crate::email::Email;
    use crate::subject::Subject;

    fn user(n: u64) -> Hash {
        subject_hash(&Subject::User(Email::as_stored(format!("user{n}@example.com"))))
    }

    fn of(users: impl IntoIterator<Item = u64>) -> Sketch {
        users.into_iter().map(user).collect()
    }

    #[test]
    fn a_few_are_counted_exactly_and_many_within_three_standard_errors() {
        for few in [0, 1, 100, MAX_FEW as u64] {
            assert_eq!(of(0..few).users(), few);
        }
        for many in [MAX_FEW as u64 + 1, 5_000, 20_000, 100_000, 300_000] {
            let found = of(0..many).users() as f64 / many as f64;
            assert!((found - 1.0).abs() < 0.024, "{many}: {found}");
        }
    }

    #[test]
    fn the_standard_error_of_many_is_below_one_percent() {
        let samples: Vec<f64> =
            (0..60_u64).map(|n| of(n * 1_000_000..n * 1_000_000 + 3_000).users() as f64 / 3_000.0 - 1.0).collect();
        let error = (samples.iter().map(|off| off * off).sum::<f64>() / samples.len() as f64).sqrt();
        assert!(error < 0.01, "{error}");
    }

    proptest! {
        #[test]
        fn stored_parts_merge_in_any_order_to_the_whole(
            starts in prop::collection::vec((0..3_000_u64, 0..1_500_u64), 1..5),
            swap in any::<bool>(),
        ) {
            let whole = of(starts.iter().flat_map(|(start, n)| *start..start + n));
            let mut parts: Vec<_> = starts.iter().map(|(start, n)| of(*start..start + n)).collect();
            if swap {
                parts.reverse();
            }
            let mut merged = Sketch::default();
            for part in parts {
                merged.merge(&serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap());
            }
            prop_assert_eq!(merged, whole);
        }
    }

    #[test]
    fn a_text_that_is_no_sketch_is_refused() {
        for text in [r#"{"few":"?"}"#, r#"{"many":"AAAA"}"#, "{}", r#"{"some":""}"#] {
            assert!(serde_json::from_str::<Sketch>(text).is_err(), "{text}");
        }
    }
}
