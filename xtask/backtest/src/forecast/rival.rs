//! The rival: MSTL with exponential smoothing of the trend, as `augurs` has it.
//!
//! Invariant: it gets the same hours as the forecast beside it.

use augurs::ets::AutoETS;
use augurs::mstl::MSTLModel;
use augurs::{Fit as _, Predict as _};

/// Its forecast; `None` where it cannot be fitted.
pub(crate) fn forecast(counts: &[u64], n_hours: usize) -> Option<Vec<f64>> {
    let hours: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    let model = MSTLModel::new(vec![24, 168], AutoETS::non_seasonal().into_trend_model());
    let fitted = model.fit(&hours).ok()?;
    let forecast = fitted.predict(n_hours, None).ok()?;
    forecast.point.iter().all(|calls| calls.is_finite()).then_some(forecast.point)
}
