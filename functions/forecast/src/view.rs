//! What the models see of the hours before an origin.
//!
//! Invariant: nothing at or after the origin is in it.

use crate::history::{DAY, WEEK};
use crate::{clock_change, unusual_day};

/// The hours before an origin, as they are and as they are made comparable, with profiles of the week.
///
/// A profile has a value for each of the 168 hours that follow the origin.
#[derive(Debug)]
pub(crate) struct View<'a> {
    /// As they were counted.
    pub(crate) counted: &'a [f64],
    /// On the clock of the newest hour.
    pub(crate) aligned: Vec<f64>,
    /// On that clock, and without unusual days.
    pub(crate) regular: Vec<f64>,
    /// Medians of the last 3, 4 and 8 regular weeks.
    pub(crate) medians: [[f64; WEEK]; 3],
    /// Calls in an hour, on average.
    pub(crate) mean: f64,
}

impl<'a> View<'a> {
    /// The hours before an origin: at least a week.
    pub(crate) fn new(counted: &'a [f64]) -> Self {
        let mut aligned = counted.to_vec();
        clock_change::realign(&mut aligned);
        let mut regular = aligned.clone();
        unusual_day::replace(&mut regular);
        let medians = [3, 4, 8].map(|n_weeks| weekly_median(&regular, n_weeks));
        let mean = regular.iter().sum::<f64>() / regular.len() as f64;
        Self { counted, aligned, regular, medians, mean }
    }
}

/// The last hours of a series.
pub(crate) fn last(hours: &[f64], n_hours: usize) -> &[f64] {
    &hours[hours.len().saturating_sub(n_hours)..]
}

/// For each hour of the week the median over the last weeks, as far as there are any.
fn weekly_median(hours: &[f64], n_weeks: usize) -> [f64; WEEK] {
    let n_weeks = n_weeks.min(hours.len() / WEEK);
    let weeks = last(hours, n_weeks * WEEK);
    std::array::from_fn(|hour| median_of(weeks.iter().skip(hour).step_by(WEEK)))
}

/// For each hour of the day the median over the last seven days.
pub(crate) fn daily_median(hours: &[f64]) -> [f64; DAY] {
    let days = last(hours, WEEK);
    std::array::from_fn(|hour| median_of(days.iter().skip(hour).step_by(DAY)))
}

/// The median of at most eight values.
fn median_of<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let mut sorted = [f64::INFINITY; 8];
    let mut n_values = 0;
    for (place, value) in sorted.iter_mut().zip(values) {
        *place = *value;
        n_values += 1;
    }
    let sorted = &mut sorted[..n_values];
    sorted.sort_unstable_by(f64::total_cmp);
    f64::midpoint(sorted[(n_values - 1) / 2], sorted[n_values / 2])
}
