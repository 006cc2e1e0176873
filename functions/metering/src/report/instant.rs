//! An instant as answers write it.
//!
//! Invariant: UTC with three digits of a second, so that texts sort as time does.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::window::iso_millis;

/// An instant of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String", extend("format" = "date-time")))]
pub struct Instant(Timestamp);

impl From<Timestamp> for Instant {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&iso_millis(self.0))
    }
}
