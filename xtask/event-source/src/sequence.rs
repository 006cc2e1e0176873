//! Sequence numbers: places in a shard.
//!
//! Invariant: they compare as integers of any length, because neither their width nor leading zeros are promised.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a shard, kept as the stream wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SequenceNumber(String);

impl SequenceNumber {
    /// The place of that number.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As the stream wrote it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn key(&self) -> (usize, &str) {
        let digits = self.0.trim_start_matches('0');
        (digits.len(), digits)
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SequenceNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SequenceNumber {}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_compare_as_integers() {
        let number = |text: &str| SequenceNumber::new(text);
        assert!(number("9") < number("10"));
        assert!(number("000000000000000000000000000009") < number("10"));
        assert!(number("49590338271490256608559692538361571095921575989136588898") < number(&format!("1{:056}", 0)));
        assert_eq!(number("0042"), number("42"));
    }

    #[test]
    fn a_number_is_written_as_the_stream_wrote_it() {
        assert_eq!(SequenceNumber::new("0042").to_string(), "0042");
    }
}
