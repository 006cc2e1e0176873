//! The models that a forecast is put together from, each a few lines.
//!
//! Invariant: a model answers a finite number of calls for any hour ahead; it may be below zero, which the
//! combination mends.
//!
//! None is good on all traffic: what repeats by schedule is best foretold by last week, noisy traffic by a median of
//! weeks, drifting traffic by its level of today. See [`crate::combination`] for how they are weighed.

mod daily;
mod level;
mod profile;
mod weekly;

use crate::history::WEEK;
use crate::view::View;

/// Fills in the calls of the hours that follow the view.
pub(crate) type Model = fn(&View<'_>, &mut [f64]);

/// How many there are.
pub(crate) const N_MODELS: usize = 14;

/// All models. The first is the one that the others have to beat.
pub(crate) const MODELS: [Model; N_MODELS] = [
    weekly::naive,
    weekly::aligned,
    weekly::regular,
    profile::median_of_3,
    profile::median_of_4,
    profile::median_of_8,
    daily::naive,
    daily::median,
    level::of_last_week_fading,
    level::of_last_week,
    level::of_median_fading,
    level::of_median,
    level::of_last_hours_on_median,
    level::of_last_hours_on_last_week,
];

/// Repeats a pattern.
fn repeat(pattern: &[f64], hours: &mut [f64]) {
    for (hour, value) in hours.iter_mut().zip(pattern.iter().cycle()) {
        *hour = *value;
    }
}

/// The last week of a series.
fn last_week(hours: &[f64]) -> &[f64] {
    &hours[hours.len() - WEEK..]
}
