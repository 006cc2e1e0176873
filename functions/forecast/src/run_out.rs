//! When a quota is used up.
//!
//! Invariant: `earliest <= expected <= latest`, where there are such hours.

use serde::{Deserialize, Serialize};

use crate::forecast::Forecast;

/// In which hour of the forecast the calls that are left are used up: 0 is its first. `None` where they last beyond
/// the forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunOut {
    /// As expected.
    pub expected: Option<usize>,
    /// If the calls are at the upper end of the 80 % band.
    pub earliest: Option<usize>,
    /// If they are at its lower end: where this is an hour, the quota runs out in nine cases of ten.
    pub latest: Option<usize>,
}

impl Forecast {
    /// When so many calls are used up. With none left, in the first hour.
    pub fn run_out(&self, remaining: u64) -> RunOut {
        let remaining = remaining as f64;
        let mut run_out = RunOut::default();
        let mut expected = 0.0;
        for (hour, estimate) in self.hours.iter().enumerate() {
            expected += estimate.expected;
            let reach = self.reach_of_sum(hour + 1).of80;
            for (place, calls) in [
                (&mut run_out.earliest, expected + reach),
                (&mut run_out.expected, expected),
                (&mut run_out.latest, expected - reach),
            ] {
                if place.is_none() && calls.max(0.0) >= remaining {
                    *place = Some(hour);
                }
            }
        }
        run_out
    }
}
