//! Numbers of an event, each within its range.
//!
//! Invariant: a number that is out of its range, or that no type of ours could hold, is left out; anything but a number
//! is an error.

use contract::limit::MAX_LATENCY_MS;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// How long the authorizer took: milliseconds, from 0 to [`MAX_LATENCY_MS`].
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Latency(f64);

impl Latency {
    /// So many milliseconds, if that is a latency.
    pub fn of_millis(millis: f64) -> Option<Self> {
        // The sum makes a negative zero a plain one.
        (0.0..=MAX_LATENCY_MS).contains(&millis).then_some(Self(millis + 0.0))
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> f64 {
        self.0
    }

    /// In whole microseconds.
    pub const fn as_micros(self) -> u64 {
        (self.0 * 1_000.0) as u64
    }
}

/// Two digits after the point are all that a person reads.
pub(crate) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A latency, where a field holds one.
///
/// # Errors
/// When the field holds no number.
pub(crate) fn latency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Latency>, D::Error> {
    Ok(number(deserializer)?.and_then(|number| number.get().parse().ok()).and_then(Latency::of_millis))
}

/// A count that every reader can hold, where a field holds one: a whole number from 0 to `i64::MAX`.
///
/// # Errors
/// When the field holds no number.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let count = number(deserializer)?.and_then(|number| number.get().parse().ok());
    Ok(count.filter(|count| i64::try_from(*count).is_ok()))
}

/// A number as it is written. Serde's own types would be an error where they cannot hold it.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    let Some(value) = Option::<Box<RawValue>>::deserialize(deserializer)? else { return Ok(None) };
    match value.get().as_bytes() {
        [b'-' | b'0'..=b'9', ..] => Ok(Some(value)),
        _ => Err(Error::invalid_type(Unexpected::Other("another type"), &"a number")),
    }
}
