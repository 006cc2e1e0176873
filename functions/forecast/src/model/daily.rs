//! The same every day.
//!
//! Invariant: hour h of the forecast is equal to hour h + 24.

use super::repeat;
use crate::history::DAY;
use crate::view::{View, daily_median, last};

/// Yesterday again.
pub(super) fn naive(view: &View<'_>, hours: &mut [f64]) {
    repeat(last(&view.aligned, DAY), hours);
}

/// The usual day of the last seven.
pub(super) fn median(view: &View<'_>, hours: &mut [f64]) {
    repeat(&daily_median(&view.aligned), hours);
}
