//! What is observed of a series, and what is found in it.
//!
//! Invariant: that nothing was observed is no zero.

use serde::{Deserialize, Serialize};

/// What the numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Calls and the like: whole numbers, not negative, that vary at least as much as chance has it.
    Counts,
    /// Anything else: percentages, seconds, bytes.
    Measurements,
}

/// What there is at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Observation {
    /// What was observed.
    Value(f64),
    /// What was observed in a span that is known to be unlike others, such as a holiday or a load test. It raises
    /// nothing and teaches nothing.
    Known(f64),
    /// Nothing was observed, such as while calls were counted without the stream. It is no zero.
    Missing,
}

/// What the detector says of an observation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// How rare it is that something like this begins: from 0, which is usual, to 1. See [`Detector::observe`](super::Detector::observe).
    pub score: f64,
    /// What was expected.
    pub expected: f64,
    /// Whether an anomaly begins here.
    pub begins: bool,
    /// Whether the anomaly is over here.
    pub ends: bool,
}

/// Something that was not expected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// The observation with which it began: its time, in seconds since 1970.
    pub begin: i64,
    /// The observation with which it was over; `None` while it lasts.
    pub end: Option<i64>,
    /// What was expected where it began.
    pub expected: f64,
    /// What was observed there.
    pub observed: f64,
    /// How rare it is, from 0 to 1.
    pub score: f64,
}
