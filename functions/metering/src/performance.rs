//! How calls went: how long they took, and what was answered.
//!
//! Invariant: the performance of parts merges, in any order, to that of the whole.

use contract::limit;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::breakdown::Breakdown;
use crate::histogram::Histogram;

/// The status of a call over its quota.
const OVER_QUOTA: &str = "429";

/// Calls by HTTP status.
pub type Statuses = Breakdown<u64, { limit::MAX_STATUSES_BYTES }>;

/// How some calls went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Performance {
    /// How long the authorizer took.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub latency: Histogram,
    /// How long the caller waited for the answer, as the gateway knows it.
    #[serde(skip_serializing_if = "Histogram::is_empty")]
    pub response: Histogram,
    /// What was answered, to calls that were let through and to those over their quota.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub statuses: Statuses,
}

impl Performance {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.latency.is_empty() && self.response.is_empty() && self.statuses.is_empty()
    }

    /// Adds what was answered, if that is known.
    pub fn answered(&mut self, answer: Option<Answer>) {
        if let Some(Answer { status, .. }) = answer {
            self.statuses.add(&status.to_string(), &1);
        }
    }

    /// Adds how other calls went.
    pub fn merge(&mut self, other: &Self) {
        let Self { latency, response, statuses } = other;
        self.latency.merge(latency);
        self.response.merge(response);
        self.statuses.merge(statuses);
    }

    /// Statuses of calls that were let through, beside which so many were refused for their quota. What was let through
    /// is not answered as these are.
    pub fn of_calls(&self, rate_limited: u64) -> impl Iterator<Item = (&str, u64)> {
        self.statuses.iter().map(move |(status, answered)| {
            (status, if status == OVER_QUOTA { answered.saturating_sub(rate_limited) } else { *answered })
        })
    }

    /// The share of calls, let through beside so many that were refused for their quota, that was answered with a status
    /// of 400 or more, from 0 to 1, of those whose answer is known; nothing where none is.
    pub fn error_rate(&self, rate_limited: u64) -> Option<f64> {
        let (mut answered, mut errors) = (0, 0);
        for (status, calls) in self.of_calls(rate_limited) {
            answered += calls;
            errors += if is_error(status) { calls } else { 0 };
        }
        (answered > 0).then(|| errors as f64 / answered as f64)
    }

    /// Of how many calls the status is known.
    pub fn known(&self) -> u64 {
        self.statuses.iter().map(|(_, calls)| *calls).sum()
    }
}

/// Whether a status tells of a failure, the caller's or ours.
pub(crate) fn is_error(status: &str) -> bool {
    status.parse().is_ok_and(|status| Answer { status, response_us: None }.is_error())
}
