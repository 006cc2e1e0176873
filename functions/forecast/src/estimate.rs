//! A number of calls that is not known yet.
//!
//! Invariant: finite, `0 <= low95 <= low80 <= expected <= high80 <= high95`.

use serde::{Deserialize, Serialize};

/// Between which numbers of calls it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Calls, at least 0.
    pub low: f64,
    /// Calls.
    pub high: f64,
}

/// An expected number of calls, with the bands in which it is to be four times of five and nineteen times of twenty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Calls; as likely to be more as to be less.
    pub expected: f64,
    /// The 80 % band.
    pub band80: Band,
    /// The 95 % band, around the other.
    pub band95: Band,
}

/// How far from the expected number it may be, either way.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Reach {
    pub(crate) of80: f64,
    pub(crate) of95: f64,
}

impl Reach {
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { of80: self.of80 * factor, of95: self.of95 * factor }
    }

    /// The wider of the two, for each band.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { of80: self.of80.max(other.of80), of95: self.of95.max(other.of95) }
    }
}

impl Estimate {
    pub(crate) fn new(expected: f64, reach: Reach) -> Self {
        let band = |reach: f64| Band { low: (expected - reach).max(0.0), high: expected + reach };
        let of80 = reach.of80.max(0.0);
        Self { expected, band80: band(of80), band95: band(of80.max(reach.of95)) }
    }
}
