//! The answer of `alerts`: of which thresholds of the month's quota a user was told, which are still to come, and
//! whether they were told that it will run out.
//!
//! Invariant: no threshold is both told of and to come, and each of the plan is passed, told of or to come.

use jiff::Timestamp;
use serde::Serialize;

use super::instant::Instant;
use crate::alert::{Alert, Kind};
use crate::email::Email;
use crate::quota::Quota;
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
    /// The thresholds that are not passed, lowest first.
    to_come: Vec<ToCome>,
    /// The alert of the month that the quota will run out; null where none was made.
    run_out: Option<ToldOfRunOut>,
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
struct ToldOfRunOut {
    /// The id of the event that is sent.
    id: String,
    /// When the quota was expected to run out.
    runs_out_at: Instant,
    /// When that was forecast.
    at: Instant,
    /// Calls by then, as far as hours were over.
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
    /// The answer from a user's quota, the thresholds of their plan and their alerts of the month, each with when it was
    /// sent, lowest threshold first.
    pub fn new(
        now: Timestamp,
        user_email: Email,
        limit: u64,
        thresholds: &[u64],
        alerts: impl IntoIterator<Item = (Alert, Option<Timestamp>)>,
    ) -> Self {
        let month = Month::of(now);
        let (mut told_of, mut run_out) = (Vec::new(), None);
        for (alert, sent_at) in alerts {
            let (id, at, Quota { used, limit }) = (alert.id(), alert.at.into(), alert.quota);
            let sent_at = sent_at.map(Instant::from);
            match alert.kind {
                Kind::Threshold(threshold) => told_of.push(ToldOf { id, threshold, at, used, limit, sent_at }),
                Kind::RunOut(hour) => {
                    let runs_out_at = hour.start().into();
                    run_out = Some(ToldOfRunOut { id, runs_out_at, at, used, limit, sent_at });
                }
            }
        }
        // Below one that they were told of, a threshold is passed: another plan may have had it.
        let passed = told_of.iter().map(|told| told.threshold).max().unwrap_or_default();
        let others = thresholds.iter().filter(|threshold| **threshold > passed);
        let quota = Quota { used: 0, limit };
        let to_come =
            others.map(|threshold| ToCome { threshold: *threshold, calls: quota.calls_at(*threshold) }).collect();
        let period = QuotaMonth { start: month.start().into(), end: month.end().into(), limit };
        Self { as_of: now.into(), user_email, period, alerts: told_of, to_come, run_out }
    }
}
