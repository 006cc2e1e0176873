//! Anomalies in a stream of numbers at any step: one for each event, at its onset.
//!
//! Invariant: the same observations give the same scores and the same anomalies, each begun once.

mod baseline;
mod clock;
mod detector;
mod observation;
mod tail;

pub use detector::{Detector, detect};
pub use observation::{Anomaly, Kind, Observation, Reading};
