//! How calls went: how long they took, and what was answered.
//!
//! Invariant: the performance of parts merges, in any order, to that of the whole.

use contract::limit;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::breakdown::Breakdown;
use crate::histogram::Histogram;

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

    /// Of how many calls the status is known.
    pub fn known(&self) -> u64 {
        self.statuses.iter().map(|(_, calls)| *calls).sum()
    }
}
