//! Last week again.
//!
//! Invariant: hour h of the forecast is an hour h of a week before it.
//!
//! The seasonal naive forecast, which automatic exponential smoothing and ARIMA hardly beat on hourly data: Makridakis,
//! Spiliotis, Assimakopoulos, "The M4 Competition", International Journal of Forecasting 36 (2020).

use super::{last_week, repeat};
use crate::view::View;

/// Last week as it was counted.
pub(super) fn naive(view: &View<'_>, hours: &mut [f64]) {
    repeat(last_week(view.counted), hours);
}

/// Last week on today's clock.
pub(super) fn aligned(view: &View<'_>, hours: &mut [f64]) {
    repeat(last_week(&view.aligned), hours);
}

/// Last week on today's clock, without its holidays.
pub(super) fn regular(view: &View<'_>, hours: &mut [f64]) {
    repeat(last_week(&view.regular), hours);
}
