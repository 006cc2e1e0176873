//! The answer of `alerts`: of which thresholds of the month's quota a user was told, and which are still to come.
//!
//! Invariant: each threshold is told of or to come, and never both.

use jiff::Timestamp;
use serde::Serialize;

use super::instant::Instant;
use crate::alert::Alert;
use crate::email::Email;
use crate::quota::{Quota, THRESHOLDS};
use crate::window::Month;

/// The answer of `alerts`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QuotaAlerts {
    /// The moment of which the answer is.
    as_of: Instant,
    /// Whose quota it is.
    user_email: Email,
    /// The month of the quota.
    period: QuotaMonth,
    /// The alerts of the month, lowest threshold first.
    alerts: Vec<ToldOf>,
    /// The other thresholds, lowest first.
    to_come: Vec<ToCome>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct QuotaMonth {
    start: Instant,
    end: Instant,
    /// Calls that it has room for.
    limit: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct ToldOf {
    /// The id of the event that is sent.
    id: String,
    /// In percent of the quota.
    threshold: u64,
    /// When it was known to be reached.
    at: Instant,
    /// Calls by then.
    used: u64,
    /// The quota by then.
    limit: u64,
    /// When it was sent; null while it waits.
    sent_at: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct ToCome {
    /// In percent of the quota.
    threshold: u64,
    /// How many calls reach it.
    calls: u64,
}

impl QuotaAlerts {
    /// The answer from a user's alerts of the month, each with when it was sent, lowest threshold first.
    pub fn new(
        now: Timestamp,
        user_email: Email,
        limit: u64,
        alerts: impl IntoIterator<Item = (Alert, Option<Timestamp>)>,
    ) -> Self {
        let month = Month::of(now);
        let told_of = |(alert, sent_at): (Alert, Option<Timestamp>)| ToldOf {
            id: alert.id(),
            threshold: alert.threshold,
            at: alert.at.into(),
            used: alert.quota.used,
            limit: alert.quota.limit,
            sent_at: sent_at.map(Instant::from),
        };
        let alerts: Vec<_> = alerts.into_iter().map(told_of).collect();
        let others = THRESHOLDS.into_iter().filter(|threshold| alerts.iter().all(|told| told.threshold != *threshold));
        let quota = Quota { used: 0, limit };
        let to_come = others.map(|threshold| ToCome { threshold, calls: quota.calls_at(threshold) }).collect();
        let period = QuotaMonth { start: month.start().into(), end: month.end().into(), limit };
        Self { as_of: now.into(), user_email, period, alerts, to_come }
    }
}
