//! A week's shape at the level of today.
//!
//! Invariant: the level fades with the hours ahead, and moves the shape at most fourfold.
//!
//! What exponential smoothing does with a damped level (Gardner and McKenzie, "Forecasting trends in time series",
//! Management Science 31, 1985), with the seasonal shape taken from robust profiles instead of smoothed indices.

use super::{last_week, repeat};
use crate::history::{DAY, WEEK};
use crate::view::{View, last};

/// What is left of a level after an hour where it fades: 0.6 after a day.
const FADING: f64 = 0.979;
/// And where it stays: 0.9 after a day.
const STAYING: f64 = 0.9956;
/// What is left of the last hours' surplus after an hour.
const HOURLY: f64 = 0.85;
/// The hours whose surplus is carried on.
const LAST_HOURS: usize = 3;
/// At most so many times the shape, and at least the inverse of it.
const MOST: f64 = 4.0;

/// Last week at today's level, fading within days.
pub(super) fn of_last_week_fading(view: &View<'_>, hours: &mut [f64]) {
    on_last_week(view, hours, FADING);
}

/// Last week at today's level.
pub(super) fn of_last_week(view: &View<'_>, hours: &mut [f64]) {
    on_last_week(view, hours, STAYING);
}

/// The usual week at today's level, fading within days.
pub(super) fn of_median_fading(view: &View<'_>, hours: &mut [f64]) {
    on_median(view, hours, FADING);
}

/// The usual week at today's level.
pub(super) fn of_median(view: &View<'_>, hours: &mut [f64]) {
    on_median(view, hours, STAYING);
}

/// The usual week and what the last hours had above it.
pub(super) fn of_last_hours_on_median(view: &View<'_>, hours: &mut [f64]) {
    repeat(&view.medians[1], hours);
    add_surplus(last(&view.aligned, LAST_HOURS), &view.medians[1][WEEK - LAST_HOURS..], hours);
}

/// Last week and what the last hours had above it.
pub(super) fn of_last_hours_on_last_week(view: &View<'_>, hours: &mut [f64]) {
    repeat(last_week(&view.regular), hours);
    add_surplus(last(&view.aligned, LAST_HOURS), last(week_before(view), LAST_HOURS), hours);
}

fn on_last_week(view: &View<'_>, hours: &mut [f64], kept: f64) {
    repeat(last_week(&view.regular), hours);
    scale(hours, ratio(view, last(week_before(view), DAY)), kept);
}

fn on_median(view: &View<'_>, hours: &mut [f64], kept: f64) {
    repeat(&view.medians[1], hours);
    scale(hours, ratio(view, &view.medians[1][WEEK - DAY..]), kept);
}

/// The regular hours up to a week before the origin; the last week itself where there are none.
fn week_before<'a>(view: &'a View<'_>) -> &'a [f64] {
    let before = &view.regular[..view.regular.len() - WEEK];
    if before.len() < DAY { &view.regular } else { before }
}

/// The last day's calls beside those that the shape has for it. An hour's calls are added to both, so that a day with
/// next to none moves little.
fn ratio(view: &View<'_>, shape: &[f64]) -> f64 {
    let today: f64 = last(&view.aligned, DAY).iter().sum();
    let usual: f64 = shape.iter().sum();
    if usual + view.mean > 0.0 { ((today + view.mean) / (usual + view.mean)).clamp(1.0 / MOST, MOST) } else { 1.0 }
}

fn scale(hours: &mut [f64], ratio: f64, kept: f64) {
    let mut surplus = ratio - 1.0;
    for hour in hours {
        *hour *= 1.0 + surplus;
        surplus *= kept;
    }
}

fn add_surplus(now: &[f64], usual: &[f64], hours: &mut [f64]) {
    let mut surplus = now.iter().zip(usual).map(|(now, usual)| now - usual).sum::<f64>() / LAST_HOURS as f64;
    for hour in hours {
        *hour += surplus;
        surplus *= HOURLY;
    }
}
