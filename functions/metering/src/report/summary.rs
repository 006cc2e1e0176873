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
use crate::window::{Hour, Minute, Month};

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
    /// Everybody's summary alone: users with calls in the whole hours of today; beyond 1,024 with a standard error of
    /// 0.8 %.
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
    /// The whole hours of today that are set, if there are any.
    pub hours: Option<(Hour, Hour)>,
    /// The same hours a week before.
    pub hours_before: Option<(Hour, Hour)>,
}

/// What happened in a span.
#[derive(Clone, Debug, Default)]
pub struct Happened {
    /// What is known of its calls.
    pub usage: Usage,
    /// Calls in the minutes of its pace.
    pub pace: u64,
    /// Users in its whole hours; nothing for one user's.
    pub users: Option<u64>,
}

impl Spans {
    /// The spans of a zone's day, with windows that are set up to a minute.
    pub fn of(zone: &Zone, set: Minute, now: Timestamp) -> Self {
        let current = Minute::of(now);
        let midnight = zone.midnight(current);
        let midnight_before = zone.days_after(midnight, -7);
        let until = |midnight: Minute| midnight.plus(current.since(zone.midnight(current)));
        let between = |first: Minute, end: Minute| Range::between(first, end, zone.clone(), now);
        let pace = |end: Minute| between(end.plus(-PACE_MINUTES), end);
        let whole_hours = |midnight: Minute, last: Minute| {
            let (first, last) = (midnight.plus(59).hour(), last.plus(1).hour().plus(-1));
            (first <= last).then_some((first, last))
        };
        let hours = whole_hours(midnight, set.min(current.plus(-1)));
        let back = midnight.since(midnight_before) / 60;
        Self {
            today: between(midnight, current.plus(1)),
            before: between(midnight_before, until(midnight_before)),
            pace: pace(current),
            pace_before: pace(until(midnight_before)),
            hours,
            hours_before: hours.map(|(first, last)| (first.plus(-back), last.plus(-back))),
        }
    }
}

impl Summary {
    /// The answer, as of an instant, with windows that are set up to a minute.
    pub fn new(now: Timestamp, set: Minute, spans: &Spans, today: &Happened, before: &Happened) -> Self {
        let figure = |of: fn(&Happened) -> Option<f64>| Figure::new(of(today), of(before));
        let response = |happened: &Happened, percent| happened.usage.performance.response.percentile_ms(percent);
        let keys =
            |happened: &Happened| Some(happened.usage.keys.iter().filter(|(_, key)| key.calls > 0).count() as f64);
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
            users: today.users.map(|_| figure(|happened| happened.users.map(|users| users as f64))),
            keys: today.users.is_none().then(|| Figure::new(keys(today), keys(before))),
            quota: None,
            stream: None,
        }
    }

    /// The same with how the stream is.
    #[must_use]
    pub fn with_stream(self, stream: StreamHealth) -> Self {
        Self { stream: Some(stream), ..self }
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
            let Spans { today, before, pace_before, hours, hours_before, .. } =
                Spans::of(&zone.parse().unwrap(), "2026-10-05T01:08".parse().unwrap(), now);
            let hours = hours.map(|(first, last)| format!("{first} {last}"));
            let hours_before = hours_before.map(|(first, last)| format!("{first} {last}"));
            let edges = [today.from(), before.from(), before.to(), pace_before.from()].map(|edge| edge.to_string());
            (edges, hours.unwrap_or_default(), hours_before.unwrap_or_default())
        };
        let utc = ["2026-10-05T00:00:00Z", "2026-09-28T00:00:00Z", "2026-09-28T01:10:00Z", "2026-09-28T01:05:00Z"];
        assert_eq!(
            of("UTC"),
            (utc.map(str::to_owned), "2026-10-05T00 2026-10-05T00".into(), "2026-09-28T00 2026-09-28T00".into())
        );
        // Clocks of Adelaide went from 9:30 to 10:30 ahead on 4 October.
        let adelaide = ["2026-10-04T13:30:00Z", "2026-09-27T14:30:00Z", "2026-09-28T02:10:00Z", "2026-09-28T02:05:00Z"];
        let (hours, before) = ("2026-10-04T14 2026-10-05T00", "2026-09-27T15 2026-09-28T01");
        assert_eq!(of("Australia/Adelaide"), (adelaide.map(str::to_owned), hours.into(), before.into()));
    }
}
