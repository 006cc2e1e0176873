//! What a forecast is made from.
//!
//! Invariant: the less there is, the wider the bands.

use serde::{Deserialize, Serialize};

/// What a forecast is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Basis {
    /// Two weeks or more: weekly and daily patterns, weighed by how well each did of late.
    Weeks,
    /// Fewer than two weeks, at least two days: the last day, repeated, with a wide band.
    Days,
    /// Less than two days: their mean, with a wide band.
    Hours,
    /// No hour at all: nothing can be said, and every number is zero.
    Nothing,
}
