//! What is said with fewer than two weeks of history: little, and with wide bands.
//!
//! Invariant: it asks for no pattern that the history is too short to show.

use crate::basis::Basis;
use crate::combination::LEADS;
use crate::conformal::{Spread, quantile};
use crate::estimate::{Estimate, Reach};
use crate::history::{DAY, WEEK};
use crate::view::last;

/// How much wider the bands are than what the few hours show.
const WIDER: f64 = 1.5;

/// A forecast from a short history.
pub(crate) struct ShortForecast {
    pub(crate) basis: Basis,
    pub(crate) hours: Vec<Estimate>,
    pub(crate) sums: [Reach; LEADS],
}

/// The last day repeated; of less than two days, their mean.
pub(crate) fn forecast(hours: &[f64], n_hours: usize) -> ShortForecast {
    let mean = [mean(hours)];
    let (basis, pattern) = match hours.len() {
        0 => (Basis::Nothing, &mean[..]),
        n_known if n_known < 2 * DAY => (Basis::Hours, &mean[..]),
        _ => (Basis::Days, last(hours, DAY)),
    };
    let reach = reach(hours);
    let estimate = |expected: &f64| Estimate::new(*expected, reach);
    ShortForecast { basis, hours: pattern.iter().cycle().take(n_hours).map(estimate).collect(), sums: sums(hours) }
}

/// The spread of hours, without any forecast to judge by.
pub(crate) fn spread(hours: &[f64]) -> Spread {
    Spread::even(reach(hours))
}

/// The reach of sums of one to seven days: as if all their hours were off the same way.
pub(crate) fn sums(hours: &[f64]) -> [Reach; LEADS] {
    std::array::from_fn(|lead| reach(hours).times(((lead + 1) * DAY) as f64 / WIDER))
}

/// How unlike hours are to those a season before, at least as much as counts are by chance alone.
fn reach(hours: &[f64]) -> Reach {
    let season = [WEEK, DAY, 1].into_iter().find(|season| hours.len() >= 2 * season);
    let Some(season) = season else { return Reach { of80: WIDER * mean(hours), of95: 2.0 * WIDER * mean(hours) } };
    let mut differences: Vec<f64> = hours.iter().zip(&hours[season..]).map(|(then, now)| (now - then).abs()).collect();
    differences.sort_unstable_by(f64::total_cmp);
    // Without a single call in n hours, up to 3 / n an hour are still likely (the rule of three).
    let chance = mean(hours).max(3.0 / hours.len() as f64).sqrt();
    Reach {
        of80: WIDER * quantile(&differences, 0.8).max(1.3 * chance),
        of95: WIDER * quantile(&differences, 0.95).max(2.0 * chance),
    }
}

fn mean(hours: &[f64]) -> f64 {
    if hours.is_empty() { 0.0 } else { hours.iter().sum::<f64>() / hours.len() as f64 }
}
