//! The usual week.
//!
//! Invariant: one odd week among three or more does not move it.

use super::repeat;
use crate::view::View;

/// Of the last three weeks.
pub(super) fn median_of_3(view: &View<'_>, hours: &mut [f64]) {
    repeat(&view.medians[0], hours);
}

/// Of the last four weeks.
pub(super) fn median_of_4(view: &View<'_>, hours: &mut [f64]) {
    repeat(&view.medians[1], hours);
}

/// Of the last eight weeks.
pub(super) fn median_of_8(view: &View<'_>, hours: &mut [f64]) {
    repeat(&view.medians[2], hours);
}
