//! The answer of `anomalies`: when calls were not as expected.
//!
//! Invariant: each is one event, at the count with which it began.

use jiff::Timestamp;
use serde::Serialize;

use super::instant::Instant;
use super::range::Range;
use crate::anomaly::{Anomaly, Step};
use crate::email::Email;
use crate::number::round;
use crate::window::Minute;

/// The answer of `anomalies`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FoundAnomalies {
    /// The moment of which the answer is.
    as_of: Instant,
    /// Until when they are looked for.
    settled_to: Instant,
    /// When the range begins.
    from: Instant,
    /// When it ends.
    to: Instant,
    /// Since when they are told: since the range begins, unless there are more than an answer holds. Another up to here,
    /// by `to`, tells those before.
    told_from: Instant,
    /// Those that began since, oldest first.
    anomalies: Vec<FoundAnomaly>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct FoundAnomaly {
    /// The id of the event that is sent.
    id: String,
    /// Whose calls; null: everybody's.
    user_email: Option<Email>,
    /// How long the count is of with which it began.
    step: Step,
    /// When that count begins.
    begin: Instant,
    /// When the count begins with which it was over; null while it lasts.
    end: Option<Instant>,
    /// Whether it is over.
    is_over: bool,
    /// Calls that were expected.
    expected: f64,
    /// Calls that there were.
    observed: f64,
    /// How rare it is, from 0 to 1.
    score: f64,
}

impl FoundAnomalies {
    /// The answer from the anomalies that began in a range since a minute, with windows that are set up to another.
    pub fn new(
        now: Timestamp,
        set: Minute,
        range: &Range,
        since: Minute,
        anomalies: impl IntoIterator<Item = Anomaly>,
    ) -> Self {
        Self {
            as_of: now.into(),
            settled_to: range.settled_to(set).into(),
            from: range.from().into(),
            to: range.to().into(),
            told_from: since.start().into(),
            anomalies: anomalies.into_iter().map(FoundAnomaly::from).collect(),
        }
    }
}

impl From<Anomaly> for FoundAnomaly {
    fn from(anomaly: Anomaly) -> Self {
        Self {
            id: anomaly.id(),
            begin: anomaly.at().into(),
            end: anomaly.end.map(|end| end.start().into()),
            is_over: anomaly.end.is_some(),
            expected: round(anomaly.expected),
            observed: round(anomaly.observed),
            score: round(anomaly.score),
            step: anomaly.series.step,
            user_email: anomaly.series.user,
        }
    }
}
