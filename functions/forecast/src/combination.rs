//! One forecast out of all models', weighed by how they did of late.
//!
//! Invariant: the weights at an origin come from hours before it, and from forecasts made before those.
//!
//! The combination is the weighted median of the models for each hour: unlike a mean, one that is far off does not pull
//! it along. Combinations beat what they are made of (Timmermann, "Forecast Combinations", Handbook of Economic
//! Forecasting 1, 2006); weights by inverse errors with a discount for age are Bates and Granger's ("The Combination of
//! Forecasts", Operational Research Quarterly 20, 1969).

use crate::history::{DAY, WEEK};
use crate::model::{MODELS, N_MODELS};
use crate::view::View;

/// Days ahead that are told apart: what holds for the seventh holds for those after it.
pub(crate) const LEADS: usize = 7;
/// The fewest days of history that an origin has.
pub(crate) const SHORTEST_DAYS: usize = 14;
/// The most origins that are played through again, a day apart.
pub(crate) const N_ORIGINS: usize = 56;
/// Of these, how many count for the weights.
const WEIGHED: usize = 14;
/// How much of a week's level is that week's own, the rest that of the weeks before.
const SMOOTHING: f64 = 0.65;
/// How much less a day counts than the day after it.
const DISCOUNT: f64 = 0.8;

/// Each model's mean absolute error on each day ahead. NaN where that day is not over yet.
type Errors = [[f64; N_MODELS]; LEADS];
/// Each model's weight for each day ahead.
type Weights = [[f64; N_MODELS]; LEADS];

/// An origin in the past: what was forecast there, and what became of it.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The combination's calls, hour by hour.
    pub(crate) combined: [f64; WEEK],
    /// Those of the seasonal naive model.
    pub(crate) naive: [f64; WEEK],
    /// What came, as far as it is known, then zeros.
    pub(crate) actual: [f64; WEEK],
    errors: Errors,
}

impl Origin {
    /// How far off the combination was in each hour of a day ahead that is over.
    pub(crate) fn errors_of(&self, lead: usize) -> [f64; DAY] {
        std::array::from_fn(|hour| (self.combined[lead * DAY + hour] - self.actual[lead * DAY + hour]).abs())
    }

    /// How far off the sum of the first hours was.
    pub(crate) fn error_of_sum(&self, n_hours: usize) -> f64 {
        let difference = |(forecast, actual): (&f64, &f64)| forecast - actual;
        self.combined.iter().zip(&self.actual).take(n_hours).map(difference).sum::<f64>().abs()
    }
}

/// Plays the last days through, oldest first: at each origin a forecast with the weights that could be known there.
/// The hours are at least [`SHORTEST_DAYS`].
pub(crate) fn replay(hours: &[f64]) -> Vec<Origin> {
    let n_origins = (hours.len() / DAY).saturating_sub(SHORTEST_DAYS).min(N_ORIGINS);
    let mut origins = Vec::with_capacity(n_origins);
    let mut models = [[0.0; WEEK]; N_MODELS];
    for days_ago in (1..=n_origins).rev() {
        let (past, future) = hours.split_at(hours.len() - days_ago * DAY);
        let view = View::new(past);
        for (model, hours) in MODELS.iter().zip(&mut models) {
            model(&view, hours);
        }
        let mut actual = [0.0; WEEK];
        let n_known = future.len().min(WEEK);
        actual[..n_known].copy_from_slice(&future[..n_known]);
        let combined = combine(&models, &weights(&origins, view.mean));
        origins.push(Origin { combined, naive: models[0], actual, errors: errors(&models, &future[..n_known]) });
    }
    origins
}

/// The forecast of the hours that follow.
pub(crate) fn forecast(hours: &[f64], origins: &[Origin], horizon: usize) -> Vec<f64> {
    let view = View::new(hours);
    let weights = weights(origins, view.mean);
    // In whole weeks, of which each has its level.
    let n_hours = horizon.next_multiple_of(WEEK);
    let mut models = vec![vec![0.0; n_hours]; N_MODELS];
    for (model, hours) in MODELS.iter().zip(&mut models) {
        model(&view, hours);
    }
    let mut combined: Vec<f64> = (0..n_hours).map(|hour| at(|model| models[model][hour], &weights, hour)).collect();
    if let Some(later) = combined.get_mut(WEEK..) {
        keep_level(later, weekly_level(&view.regular));
    }
    combined.truncate(horizon);
    combined
}

/// The calls of a week, smoothed over the weeks: two thirds of the level are of the last week.
fn weekly_level(hours: &[f64]) -> f64 {
    let weeks = hours[hours.len() % WEEK..].chunks_exact(WEEK).map(|week| week.iter().sum::<f64>());
    weeks.reduce(|level, week| level + SMOOTHING * (week - level)).unwrap_or(0.0)
}

/// Scales what is beyond the first week to a level of calls a week. A median of each hour says when calls come; summed
/// up over weeks it says too little of how many, since the rare many calls are in none of them.
fn keep_level(hours: &mut [f64], level: f64) {
    for week in hours.chunks_exact_mut(WEEK) {
        let sum: f64 = week.iter().sum();
        if sum > 0.0 {
            week.iter_mut().for_each(|hour| *hour *= level / sum);
        }
    }
}

fn combine(models: &[[f64; WEEK]; N_MODELS], weights: &Weights) -> [f64; WEEK] {
    std::array::from_fn(|hour| at(|model| models[model][hour], weights, hour))
}

/// The combination for one hour.
fn at(value: impl Fn(usize) -> f64, weights: &Weights, hour: usize) -> f64 {
    let weights = &weights[(hour / DAY).min(LEADS - 1)];
    weighted_median(std::array::from_fn(|model| (value(model), weights[model]))).max(0.0)
}

/// The first value, in order of size, up to which half of the weight is.
fn weighted_median(mut values: [(f64, f64); N_MODELS]) -> f64 {
    values.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (value, weight) in values {
        sum += weight;
        if sum >= half {
            return value;
        }
    }
    values[N_MODELS - 1].0
}

fn errors(models: &[[f64; WEEK]; N_MODELS], actual: &[f64]) -> Errors {
    let mut errors = [[f64::NAN; N_MODELS]; LEADS];
    for (day, (errors, actual)) in errors.iter_mut().zip(actual.chunks_exact(DAY)).enumerate() {
        for (error, model) in errors.iter_mut().zip(models) {
            let forecast = &model[day * DAY..][..DAY];
            let sum: f64 =
                forecast.iter().zip(actual).map(|(forecast, actual)| (forecast.max(0.0) - actual).abs()).sum();
            *error = sum / DAY as f64;
        }
    }
    errors
}

/// Weights for the origin a day after the last of these: one over the fourth power of the discounted error.
fn weights(origins: &[Origin], mean: f64) -> Weights {
    std::array::from_fn(|lead| {
        // On day `lead` ahead, the forecast of `lead` origins before the last is the newest that can be judged.
        let judged = &origins[..origins.len().saturating_sub(lead)];
        let mut sums = [0.0; N_MODELS];
        let mut share = 1.0;
        for origin in judged.iter().rev().take(WEIGHED) {
            for (sum, error) in sums.iter_mut().zip(origin.errors[lead]) {
                *sum += share * error;
            }
            share *= DISCOUNT;
        }
        let best = sums.iter().copied().fold(f64::INFINITY, f64::min);
        // An error of a thousandth of the traffic is as good as none.
        let least = 1e-3 * mean + f64::MIN_POSITIVE;
        sums.map(|sum| ((best + least) / (sum + least)).powi(4))
    })
}
