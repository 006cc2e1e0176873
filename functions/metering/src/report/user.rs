//! The answer of `user-stats`: what one user has called, in all, in this month, and lately.
//!
//! Invariant: every figure is taken from the same days, so that the parts add up to the whole.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use contract::limit::HISTORY_DAYS;
use jiff::Timestamp;
use serde::Serialize;

use super::BadParameter;
use super::instant::Instant;
use crate::breakdown::OTHER;
use crate::email::{Email, InvalidEmail, MAX_BYTES};
use crate::event::{Event, EventType};
use crate::fold::DistinctEvents;
use crate::number::Latency;
use crate::quota::Quota;
use crate::usage::{KeyCalls, PathCalls, Usage};
use crate::window::{Day, Month};

/// Calls of `recent` at most.
pub const RECENT: usize = 20;

/// What is known of a user.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    days: BTreeMap<Day, Usage>,
}

/// What of an answer no day holds.
#[derive(Clone, Debug)]
pub struct Account<'a> {
    /// The user's address.
    pub user_email: &'a Email,
    /// Calls that the user may make in a month.
    pub limit: u64,
    /// Failed authentications with the user's keys that an earlier deployment counted by key.
    pub auth_failures: u64,
    /// The latest events.
    pub recent: &'a DistinctEvents,
}

/// The answer of `user-stats`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserStats {
    /// The moment of which the answer is.
    as_of: Instant,
    /// Whose figures these are.
    user_email: Email,
    /// Since the first call.
    all_time: AllTime,
    /// The month of the quota.
    period: Period,
    /// Calls by key, the most used first; keys beyond those told apart are one under `*`.
    by_key: Vec<KeyUse>,
    /// Calls by method and path, the most called first; paths beyond those told apart are one under `*`.
    by_path: Vec<PathUse>,
    /// Days (UTC) with calls among the last 90, oldest first.
    by_day: Vec<DayUse>,
    /// The latest calls, newest first, at most 20.
    recent: Vec<RecentCall>,
    /// Calls over the quota.
    rate_limited: u64,
    /// Failed authentications with the user's keys.
    auth_failures: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct AllTime {
    api_calls: u64,
    first_seen: Option<Instant>,
    last_seen: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Period {
    start: Instant,
    end: Instant,
    /// Calls in it so far.
    used: u64,
    /// Calls that it has room for.
    limit: u64,
    /// Calls that are left.
    remaining: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct KeyUse {
    api_key_id: String,
    api_key_name: String,
    api_calls: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct PathUse {
    method: String,
    path: String,
    api_calls: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct DayUse {
    /// The day of UTC.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date")))]
    date: String,
    api_calls: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct RecentCall {
    time: Instant,
    method: Option<String>,
    path: Option<String>,
    request_id: String,
    latency_ms: Option<Latency>,
    /// The key that it was made with, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<String>,
}

/// The address that a request asks for, if it names one.
///
/// # Errors
/// When it is not one that a user could have.
pub fn email<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Option<Email>, BadParameter> {
    let email = parameters.into_iter().find(|(name, _)| *name == "email").map(|(_, value)| value);
    let must = |value: &str| {
        let plus = if value.trim().contains(' ') { "; a `+` in it is sent as `%2B`" } else { "" };
        BadParameter::must("email", &format!("be an address, name@domain, of at most {MAX_BYTES} bytes{plus}"))
    };
    email.map(|value| value.parse().map_err(|_: InvalidEmail| must(value))).transpose()
}

impl Activity {
    /// Adds a part of a day that no other part holds.
    pub fn add(&mut self, day: Day, usage: &Usage) {
        self.days.entry(day).or_default().merge(usage);
    }

    /// Everything in one usage.
    pub fn sum(&self) -> Usage {
        self.days.values().fold(Usage::default(), |mut sum, day| {
            sum.merge(day);
            sum
        })
    }

    /// The answer at an instant.
    pub fn answer(&self, account: &Account<'_>, now: Timestamp) -> UserStats {
        let sum = self.sum();
        UserStats {
            as_of: now.into(),
            user_email: account.user_email.clone(),
            all_time: AllTime {
                api_calls: sum.calls,
                first_seen: sum.first.map(Instant::from),
                last_seen: sum.last.map(Instant::from),
            },
            period: self.period(Month::of(now), account.limit),
            by_key: by_key(sum.keys),
            by_path: by_path(sum.paths),
            by_day: self.by_day(Day::of(now)),
            recent: recent(account.recent),
            rate_limited: sum.rate_limited,
            auth_failures: sum.auth_failures + account.auth_failures,
        }
    }

    fn period(&self, month: Month, limit: u64) -> Period {
        let days = self.days.iter().filter(|(day, _)| day.month() == month);
        let quota = Quota { used: days.map(|(_, usage)| usage.calls).sum(), limit };
        Period {
            start: month.start().into(),
            end: month.end().into(),
            used: quota.used,
            limit,
            remaining: quota.remaining(),
        }
    }

    /// The days with calls among the last ninety, today included.
    fn by_day(&self, today: Day) -> Vec<DayUse> {
        let first = today.plus(1 - i64::from(HISTORY_DAYS));
        let days = self.days.range(first..).filter(|(_, usage)| usage.calls > 0);
        days.map(|(day, usage)| DayUse { date: day.to_string(), api_calls: usage.calls }).collect()
    }
}

/// The most used first.
fn by_key(keys: impl IntoIterator<Item = (String, KeyCalls)>) -> Vec<KeyUse> {
    let uses = keys.into_iter().map(|(api_key_id, KeyCalls { name, calls, .. })| KeyUse {
        api_key_id,
        api_key_name: name.into(),
        api_calls: calls,
    });
    let mut uses: Vec<_> = uses.collect();
    uses.sort_by_key(|key| Reverse(key.api_calls));
    uses
}

/// The most called first.
fn by_path(paths: impl IntoIterator<Item = (String, PathCalls)>) -> Vec<PathUse> {
    let uses = paths.into_iter().map(|(call, PathCalls { calls: api_calls, .. })| {
        let (method, path) = call.split_once(' ').unwrap_or((OTHER, &call));
        PathUse { method: method.into(), path: path.into(), api_calls }
    });
    let mut uses: Vec<_> = uses.collect();
    uses.sort_by_key(|path| Reverse(path.api_calls));
    uses
}

/// The latest calls, newest first.
fn recent(events: &DistinctEvents) -> Vec<RecentCall> {
    let mut calls: Vec<_> = events.events().filter(|event| event.event_type == EventType::Call).collect();
    calls.sort_by_key(|event| Reverse(event.timestamp));
    let call = |event: &Event| RecentCall {
        time: event.timestamp.into(),
        method: event.method.clone().map(String::from),
        path: event.path.clone().map(String::from),
        request_id: event.request_id.clone(),
        latency_ms: event.latency_ms,
        api_key_id: event.key().map(|(id, _)| id.to_owned()),
    };
    calls.into_iter().take(RECENT).map(call).collect()
}

#[cfg(test)]
mod tests;
