//! How long calls took, as numbers of calls by duration, from which any percentile is read.
//!
//! Invariant: the histograms of parts merge, in any order, to the histogram of the whole, byte for byte, and a percentile
//! is within 2 % of the duration that it stands for.

use std::collections::BTreeMap;
use std::iter;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::number::round;

/// Buckets in which durations from one to twice as long are told apart: a duration is within a fiftieth of the middle of
/// its bucket. Shorter ones, in microseconds, have a bucket each.
const PER_OCTAVE: u64 = 25;
/// Payload bits in a byte of a number as it is stored.
const BITS: u32 = 7;
const MORE: u8 = 1 << BITS;

/// Durations by bucket. Written as a text: for each bucket how far it lies behind the last one, and how many durations it
/// holds, as LEB128 in Base64.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Histogram {
    buckets: BTreeMap<u16, u64>,
}

/// A text that is no histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no histogram, which is pairs of numbers in Base64")]
pub struct InvalidHistogram;

impl Histogram {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// How many durations it holds.
    pub fn durations(&self) -> u64 {
        self.buckets.values().fold(0, |sum, durations| sum.saturating_add(*durations))
    }

    /// Adds a duration, in microseconds.
    pub fn add(&mut self, micros: u64) {
        *self.buckets.entry(bucket(micros)).or_default() += 1;
    }

    /// Takes away a duration that was added.
    pub fn remove(&mut self, micros: u64) {
        let bucket = bucket(micros);
        if let Some(durations) = self.buckets.get_mut(&bucket) {
            *durations = durations.saturating_sub(1);
            if *durations == 0 {
                self.buckets.remove(&bucket);
            }
        }
    }

    /// Adds the durations of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, durations) in &other.buckets {
            let sum = self.buckets.entry(*bucket).or_default();
            *sum = sum.saturating_add(*durations);
        }
    }

    /// The shortest duration that at least so many percent of all do not exceed, in milliseconds; nothing where there is
    /// none.
    pub fn percentile_ms(&self, percent: u64) -> Option<f64> {
        let all: u128 = self.buckets.values().copied().map(u128::from).sum();
        let rank = (all * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().find(|(_, durations)| {
            seen += u128::from(**durations);
            seen >= rank
        });
        found.map(|(bucket, _)| round(middle(*bucket) / 1_000.0))
    }

    /// How many bytes it takes as it is stored, without its quotes.
    pub fn stored_bytes(&self) -> usize {
        (self.to_bytes().len() * 4).div_ceil(3)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(3 * self.buckets.len());
        let mut last = 0;
        for (bucket, durations) in &self.buckets {
            bytes.extend(leb128((bucket - last).into()));
            bytes.extend(leb128(*durations));
            last = *bucket;
        }
        bytes
    }
}

/// The bucket of a duration in microseconds.
fn bucket(micros: u64) -> u16 {
    let octave = (micros / PER_OCTAVE).max(1).ilog2();
    let bucket = u64::from(octave) * PER_OCTAVE + (micros >> octave);
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// The duration, in microseconds, from which both ends of a bucket are as far in proportion.
fn middle(bucket: u16) -> f64 {
    let bucket = f64::from(bucket);
    let per_octave = PER_OCTAVE as f64;
    let octave = (bucket / per_octave).floor() - 1.0;
    if octave <= 0.0 {
        return bucket;
    }
    let (first, width) = (bucket - octave * per_octave, octave.exp2());
    // The last is a microsecond before the next bucket.
    let (first, last) = (first * width, (first + 1.0) * width - 1.0);
    2.0 * first * last / (first + last)
}

/// A number, the least significant bits first, in as few bytes as it takes.
fn leb128(number: u64) -> impl Iterator<Item = u8> {
    let parts = iter::successors(Some(number), |rest| Some(rest >> BITS).filter(|rest| *rest > 0));
    parts.map(|rest| (rest as u8 & (MORE - 1)) | if rest >> BITS > 0 { MORE } else { 0 })
}

/// Takes the number that some bytes begin with.
fn take_leb128(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(BITS as usize) {
        let byte = bytes.next()?;
        number |= u64::from(byte & (MORE - 1)).checked_mul(1 << shift)?;
        if byte & MORE == 0 {
            return Some(number);
        }
    }
    None
}

impl From<Histogram> for String {
    fn from(histogram: Histogram) -> Self {
        STANDARD_NO_PAD.encode(histogram.to_bytes())
    }
}

impl TryFrom<String> for Histogram {
    type Error = InvalidHistogram;

    fn try_from(text: String) -> Result<Self, InvalidHistogram> {
        let mut bytes = STANDARD_NO_PAD.decode(text).map_err(|_| InvalidHistogram)?.into_iter().peekable();
        let (mut buckets, mut last) = (BTreeMap::new(), 0_u16);
        while bytes.peek().is_some() {
            let ahead = take_leb128(&mut bytes).and_then(|ahead| u16::try_from(ahead).ok()).ok_or(InvalidHistogram)?;
            last = last.checked_add(ahead).ok_or(InvalidHistogram)?;
            buckets.insert(last, take_leb128(&mut bytes).ok_or(InvalidHistogram)?);
        }
        Ok(Self { buckets })
    }
}

impl FromIterator<u64> for Histogram {
    fn from_iter<I: IntoIterator<Item = u64>>(micros: I) -> Self {
        let mut histogram = Self::default();
        micros.into_iter().for_each(|micros| histogram.add(micros));
        histogram
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_MICROS: u64 = 86_400_000_000;

    #[test]
    fn nothing_has_no_percentile_and_short_durations_are_exact() {
        assert_eq!(Histogram::default().percentile_ms(50), None);
        let short: Histogram = (0..=49).collect();
        assert_eq!([1, 50, 100].map(|percent| short.percentile_ms(percent)), [Some(0.0), Some(0.02), Some(0.05)]);
    }

    #[test]
    fn the_longest_durations_take_no_more_than_they_may() {
        let mut full = Histogram { buckets: (0..=bucket(DAY_MICROS)).map(|bucket| (bucket, u64::MAX)).collect() };
        full.merge(&full.clone());
        let text = serde_json::to_string(&full).unwrap();
        assert_eq!(text.len(), full.stored_bytes() + 2);
        assert!(text.len() <= contract::limit::MAX_HISTOGRAM_BYTES, "{}", text.len());
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), full);
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        for text in ["é", "A", "gA", "AQ", "//8DAQEB", "AP///////////38"] {
            assert_eq!(Histogram::try_from(text.to_owned()), Err(InvalidHistogram), "{text}");
        }
    }

    fn micros() -> impl Strategy<Value = u64> {
        prop_oneof![0..100_u64, 0..100_000_u64, 0..=DAY_MICROS]
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_two_percent(durations in prop::collection::vec(micros(), 1..200), percent in 1..=100_u64) {
            let found = durations.iter().copied().collect::<Histogram>().percentile_ms(percent).unwrap();
            let mut sorted = durations;
            sorted.sort_unstable();
            let rank = (sorted.len() * percent as usize).div_ceil(100);
            let exact = sorted[rank - 1] as f64 / 1_000.0;
            // An answer has two digits after the point.
            prop_assert!((found - exact).abs() <= exact * 0.02 + 0.005, "{found} for {exact}");
        }

        #[test]
        fn parts_merge_in_any_order_to_the_same_bytes(
            durations in prop::collection::vec(micros(), 0..100),
            cut in 0..100_usize,
            swap in any::<bool>(),
        ) {
            let whole: Histogram = durations.iter().copied().collect();
            let (one, other) = durations.split_at(cut.min(durations.len()));
            let mut parts = [one, other].map(|part| part.iter().rev().copied().collect::<Histogram>());
            if swap {
                parts.reverse();
            }
            let [mut merged, rest] = parts;
            merged.merge(&rest);
            let text = String::from(merged);
            prop_assert_eq!(&text, &String::from(whole.clone()));
            prop_assert_eq!(Histogram::try_from(text), Ok(whole));
        }
    }
}
