//! What calls are to be expected, and what was not: forecasts of hourly counts, and anomalies in counts of any step.
//!
//! Invariant: the same history gives the same answer; there is no clock, no randomness, no file and no AWS in here.

pub mod anomaly;
mod basis;
mod clock_change;
mod combination;
mod conformal;
mod estimate;
mod forecast;
mod history;
mod model;
mod run_out;
mod short_history;
mod unusual_day;
mod view;

pub use basis::Basis;
pub use estimate::{Band, Estimate};
pub use forecast::{Forecast, Record};
pub use history::{History, LONGEST};
pub use run_out::RunOut;
