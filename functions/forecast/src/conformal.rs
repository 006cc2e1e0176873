//! How far off forecasts were, as the width of the bands of the next.
//!
//! Invariant: no distribution is assumed; the width is what would have been right in the past.
//!
//! The quantile of past errors is followed origin by origin, wider after a day with too many misses and narrower after
//! one with too few: the quantile tracking of Angelopoulos, Candès and Tibshirani, "Conformal PID Control for Time
//! Series Prediction" (NeurIPS 2023), after Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift"
//! (NeurIPS 2021).

use crate::combination::{LEADS, Origin};
use crate::estimate::Reach;
use crate::history::DAY;

/// The shares of misses that the two bands aim at. Each is below what is promised (0.2 and 0.05): errors of one day
/// are alike, so that six weeks of hours hold fewer surprises than their number says.
const MISSES: [f64; 2] = [0.19, 0.03];
/// The origins that are looked at.
const N_ORIGINS: usize = 42;
/// How much less an origin counts than the one a day after it.
const DISCOUNT: f64 = 0.97;
/// How much a day of nothing but misses widens a band.
const RATE: f64 = 0.3;
/// The fewest origins that say something.
pub(crate) const FEWEST: usize = 5;

/// How far off the forecast was on one of the days ahead.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    /// The mean error at each hour after the origin's, in calls.
    by_hour: [f64; DAY],
    /// The bands' reach as multiples of it.
    reach: Reach,
}

impl Spread {
    /// Of the day that is `lead` days after the first; `None` where too few are over.
    pub(crate) fn new(origins: &[Origin], lead: usize) -> Option<Self> {
        let over = &origins[..origins.len().saturating_sub(lead)];
        let over = &over[over.len().saturating_sub(N_ORIGINS)..];
        if over.len() < FEWEST {
            return None;
        }
        let errors: Vec<[f64; DAY]> = over.iter().map(|origin| origin.errors_of(lead)).collect();
        let by_hour = mean_errors(&errors);
        let scores: Vec<[f64; DAY]> =
            errors.iter().map(|day| std::array::from_fn(|hour| ratio(day[hour], by_hour[hour]))).collect();
        let mut sorted: Vec<f64> = scores.iter().flatten().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let [of80, of95] = MISSES.map(|misses| track(quantile(&sorted, 1.0 - misses), misses, &scores));
        Some(Self { by_hour, reach: Reach { of80, of95 } })
    }

    /// The same at every hour.
    pub(crate) fn even(reach: Reach) -> Self {
        Self { by_hour: [1.0; DAY], reach }
    }

    /// The reach of the bands at an hour after the origin.
    pub(crate) fn at(&self, hour: usize) -> Reach {
        self.reach.times(self.by_hour[hour % DAY])
    }
}

/// For each hour of the day, between its own mean error and that of all hours: its own comes from few days.
fn mean_errors(days: &[[f64; DAY]]) -> [f64; DAY] {
    let mut own = [0.0; DAY];
    let mut total = 0.0;
    let mut weight = 1.0;
    for day in days.iter().rev() {
        for (own, error) in own.iter_mut().zip(day) {
            *own += weight * error;
        }
        total += weight;
        weight *= DISCOUNT;
    }
    let all = days.iter().flatten().sum::<f64>() / (days.len() * DAY) as f64;
    own.map(|own| f64::midpoint(own / total, all))
}

/// An error in multiples of the mean; where all are zero, none.
fn ratio(error: f64, mean: f64) -> f64 {
    if mean > 0.0 { error / mean } else { 0.0 }
}

/// The value below which a share of some sorted values is; 0 of none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let index = (share * sorted.len() as f64) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// Follows a quantile through the days, from what it was over all of them.
fn track(start: f64, misses: f64, days: &[[f64; DAY]]) -> f64 {
    let mut reach = start;
    for day in days {
        let missed = day.iter().filter(|score| **score > reach).count() as f64 / DAY as f64;
        reach = (reach + RATE * start * (missed - misses)).max(start / 5.0);
    }
    reach
}

/// How far off the sums of the first days were: of one day, of two, and so on to a week.
pub(crate) fn of_sums(origins: &[Origin]) -> [Option<Reach>; LEADS] {
    let mut least = Reach::default();
    std::array::from_fn(|lead| {
        let over = &origins[..origins.len().saturating_sub(lead)];
        let over = &over[over.len().saturating_sub(N_ORIGINS)..];
        if over.len() < FEWEST {
            return None;
        }
        let mut errors: Vec<f64> = over.iter().map(|origin| origin.error_of_sum((lead + 1) * DAY)).collect();
        errors.sort_unstable_by(f64::total_cmp);
        // Sums of days that overlap are few independent ones: the quantiles are beyond those that are promised.
        let of80 = quantile(&errors, 0.86);
        let of95 = 1.3 * quantile(&errors, 1.0);
        // A longer sum is not known better than a shorter one.
        least = least.max(Reach { of80, of95 });
        Some(least)
    })
}
