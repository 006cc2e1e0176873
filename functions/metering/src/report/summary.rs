//! The answer of `summary`: six figures of today, each beside the same span a week before.
//!
//! Invariant: both of a figure are made in the same way, of spans that begin at the zone's midnight and are as long.

use jiff::Timestamp;
use serde::Serialize;

use super::comparison::Figure;
use super::forecast::RunOut;
use super::instant::Instant;
use super::range::Range;
use super::stream::StreamHealth;
use super::zone::Zone;
use crate::quota::Quota;
use crate::usage::Usage;
use crate::window::{Minute, Month};

/// Whole minutes over which calls a minute are counted.
pub const PACE_MINUTES: i64 = 5;

/// The answer of `summary`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The moment of which the answer is.
    as_of: Instant,
    /// Until when figures are put together; of calls that follow the answers are not known yet.
    settled_to: Instant,
    /// The zone whose midnight begins the day.
    tz: &'static str,
    /// When today began.
    from: Instant,
    /// When the day began that it is compared with, a week before.
    compared_from: Instant,
    /// To when that day is taken: as long after its midnight as the current minute began after today's.
    compared_to: Instant,
    /// Calls of today that were let through.
    api_calls: Figure,
    /// Calls a minute, on average of the last five whole ones.
    calls_per_minute: Figure,
    /// The share of today's calls that were answered with a status of 400 or more, from 0 to 1, of those whose answer is
    /// known.
    error_rate: Figure,
    /// How many of today's calls that is.
    status_known: u64,
    /// From the arrival of a request to the departure of its answer: half of today's calls took no longer, within 2 %.
    #[serde(rename = "p50ResponseMs")]
    p50_response_ms: Figure,
    /// The same of 99 % of the calls.
    #[serde(rename = "p99ResponseMs")]
    p99_response_ms: Figure,
    /// Everybody's summary alone: users with calls today, exact while these and those of the day before are no more than
    /// 130,000, and null or with a standard error of 0.8 % beyond.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Figure>,
    /// One user's summary alone: keys with calls today.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Figure>,
    /// One user's summary alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaLeft>,
    /// Everybody's summary alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<StreamHealth>,
}

/// What is left of the month's quota.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct QuotaLeft {
    start: Instant,
    end: Instant,
    limit: u64,
    used: u64,
    remaining: u64,
    /// When it is used up, as far as can be foretold.
    run_out: RunOut,
}

/// The spans that a summary is about.
#[derive(Clone, Debug)]
pub struct Spans {
    pub today: Range,
    /// As much of the day a week before.
    pub before: Range,
    /// The whole minutes before the current one.
    pub pace: Range,
    /// The same minutes a week before.
    pub pace_before: Range,
}

/// What happened in a span.
#[derive(Clone, Debug, Default)]
pub struct Happened {
    /// What is known of its calls.
    pub usage: Usage,
    /// Calls in the minutes of its pace.
    pub pace: u64,
    /// Its users, where they are known.
    pub users: Option<u64>,
}

impl Spans {
    /// The spans of a zone's day.
    pub fn of(zone: &Zone, now: Timestamp) -> Self {
        let current = Minute::of(now);
        let midnight = zone.midnight(current);
        let midnight_before = zone.days_after(midnight, -7);
        let until = |midnight: Minute| midnight.plus(current.since(zone.midnight(current)));
        let between = |first: Minute, end: Minute| Range::between(first, end, zone.clone(), now);
        let pace = |end: Minute| between(end.plus(-PACE_MINUTES), end);
        let day = |midnight: Minute, end: Minute| Range::of_day(midnight, end, zone.clone(), now);
        Self {
            today: day(midnight, current.plus(1)),
            before: day(midnight_before, until(midnight_before)),
            pace: pace(current),
            pace_before: pace(until(midnight_before)),
        }
    }
}

impl Summary {
    /// The answer, as of an instant, with windows that are set up to a minute.
    pub fn new(now: Timestamp, set: Minute, spans: &Spans, today: &Happened, before: &Happened) -> Self {
        let figure = |of: fn(&Happened) -> Option<f64>| Figure::new(of(today), of(before));
        let response = |happened: &Happened, percent| happened.usage.performance.response.percentile_ms(percent);
        Self {
            as_of: now.into(),
            settled_to: spans.today.settled_to(set).into(),
            tz: spans.today.zone().name(),
            from: spans.today.from().into(),
            compared_from: spans.before.from().into(),
            compared_to: spans.before.to().into(),
            api_calls: figure(|happened| Some(happened.usage.calls as f64)),
            calls_per_minute: figure(|happened| Some(happened.pace as f64 / PACE_MINUTES as f64)),
            error_rate: figure(|happened| happened.usage.performance.error_rate(happened.usage.rate_limited)),
            status_known: today.usage.answered(),
            p50_response_ms: Figure::new(response(today, 50), response(before, 50)),
            p99_response_ms: Figure::new(response(today, 99), response(before, 99)),
            users: None,
            keys: None,
            quota: None,
            stream: None,
        }
    }

    /// The same of everybody: with their number, and how the stream is.
    #[must_use]
    pub fn of_everybody(self, [today, before]: [&Happened; 2], stream: StreamHealth) -> Self {
        let users = |happened: &Happened| happened.users.map(|users| users as f64);
        Self { users: Some(Figure::new(users(today), users(before))), stream: Some(stream), ..self }
    }

    /// The same of one user: with their keys.
    #[must_use]
    pub fn of_one(self, [today, before]: [&Happened; 2]) -> Self {
        let keys =
            |happened: &Happened| Some(happened.usage.keys.iter().filter(|(_, key)| key.calls > 0).count() as f64);
        Self { keys: Some(Figure::new(keys(today), keys(before))), ..self }
    }

    /// The same with the quota of the one user whose it is.
    #[must_use]
    pub fn with_quota(self, now: Timestamp, quota: Quota, run_out: RunOut) -> Self {
        let (month, Quota { used, limit }) = (Month::of(now), quota);
        let (start, end) = (month.start().into(), month.end().into());
        let remaining = limit.saturating_sub(used);
        Self { quota: Some(QuotaLeft { start, end, limit, used, remaining, run_out }), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_compared_with_as_much_of_the_same_day_a_week_before_also_where_clocks_have_changed() {
        let now: Timestamp = "2026-10-05T01:10:20Z".parse().unwrap();
        let of = |zone: &str| {
            let Spans { today, before, pace_before, .. } = Spans::of(&zone.parse().unwrap(), now);
            [today.from(), before.from(), before.to(), pace_before.from()].map(|edge| edge.to_string())
        };
        let utc = ["2026-10-05T00:00:00Z", "2026-09-28T00:00:00Z", "2026-09-28T01:10:00Z", "2026-09-28T01:05:00Z"];
        assert_eq!(of("UTC"), utc);
        // Clocks of Adelaide went from 9:30 to 10:30 ahead on 4 October.
        let adelaide = ["2026-10-04T13:30:00Z", "2026-09-27T14:30:00Z", "2026-09-28T02:10:00Z", "2026-09-28T02:05:00Z"];
        assert_eq!(of("Australia/Adelaide"), adelaide);
    }
}
