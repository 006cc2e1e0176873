//! Figures over time: one point for each window of a range, whether anything happened or not.
//!
//! Invariant: a point's users are counted by the hash of their names wherever it is put together from parts, so that
//! nobody counts twice.

mod users;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use self::users::Users;
use super::comparison::Comparison;
use super::instant::Instant;
use super::range::{Duration, Granularity, Range};
use crate::digest::subject_hash;
use crate::fault::Faults;
use crate::fold::UsageBySubject;
use crate::hash::Hash;
use crate::histogram::Histogram;
use crate::live::LiveMinute;
use crate::performance::{Performance, Statuses};
use crate::subject::Subject;
use crate::total::Total;
use crate::window::Minute;

/// Points under way.
#[derive(Clone, Debug)]
pub struct Series {
    range: Range,
    points: Vec<Sums>,
}

#[derive(Clone, Debug, Default)]
struct Sums {
    /// Without names; its users are those of whole windows.
    total: Total,
    users: Users,
    /// Users of parts, by the hash of their names.
    names: BTreeSet<Hash>,
}

/// The answer of `timeseries`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TimeSeries {
    /// The moment of which the answer is.
    as_of: Instant,
    /// How long a window is.
    granularity: Granularity,
    /// How much time it is.
    duration: Duration,
    /// The zone of the days.
    tz: &'static str,
    /// When the first window begins.
    from: Instant,
    /// When the last window ends.
    to: Instant,
    /// Until when figures are put together; what follows is counted from calls as they come. Calls that come late
    /// change figures from before as well.
    settled_to: Instant,
    /// How many points there are.
    data_points: usize,
    /// The sums beside those of an earlier span, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Comparison>,
    /// A point for each window, oldest first.
    time_series: Vec<Point>,
}

/// A point of `timeseries`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Point {
    #[serde(flatten)]
    calls: CallPoint,
    /// The authorizer's latency: half of the calls took no longer, as percentiles within 2 %.
    #[serde(rename = "p50LatencyMs")]
    p50_latency_ms: Option<f64>,
    /// The same of 90 % of the calls.
    #[serde(rename = "p90LatencyMs")]
    p90_latency_ms: Option<f64>,
    /// The same of 99 % of the calls.
    #[serde(rename = "p99LatencyMs")]
    p99_latency_ms: Option<f64>,
    /// From the arrival of a request to the departure of its answer, of the calls whose answer is known.
    #[serde(rename = "p50ResponseMs")]
    p50_response_ms: Option<f64>,
    /// The same of 90 % of the calls.
    #[serde(rename = "p90ResponseMs")]
    p90_response_ms: Option<f64>,
    /// The same of 99 % of the calls.
    #[serde(rename = "p99ResponseMs")]
    p99_response_ms: Option<f64>,
    /// Calls without a good key.
    auth_failures: u64,
    /// Calls over a quota.
    rate_limited: u64,
    /// What was answered, to calls that were let through and to those over their quota.
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, u64>"))]
    statuses: Statuses,
    /// Of how many of both the answer is known.
    status_known: u64,
    /// Failures by whose fault they are.
    faults: Faults,
}

/// A point of `realtime`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallPoint {
    /// When the window begins.
    time: Instant,
    /// Calls that were let through.
    api_calls: u64,
    /// Users with at least one call: exact by minute, by hour, by day of UTC, and in as many of the latest days of a zone as
    /// an answer may read by name (fifty of two thousand users, one of 130,000). Everybody's of days before these, and of
    /// days that are not over while more than 300,000 call in them, are counted from hours: beyond 1,024 with a standard
    /// error of 0.8 %. They are null where that cannot be read either: of days that begin in the middle of an hour of UTC,
    /// of such a day until the hour is over in which it began, before more days than an answer may read, and while more
    /// than 300,000 call in an hour that is not over.
    unique_users: Option<u64>,
    /// The authorizer's average latency, in milliseconds; 0 without calls.
    avg_latency_ms: f64,
}

impl Series {
    /// Everybody's figures in a range in which nothing has happened yet.
    pub fn new(range: Range) -> Self {
        let days: BTreeSet<Minute> = range.days().map(|day| day.first_hour().first_minute()).collect();
        let users = |(first, next): (Minute, Minute)| match range.granularity() {
            Granularity::Day if first == next => Users::Named,
            Granularity::Day if !days.contains(&first) => Users::Unknown,
            _ => Users::Counted,
        };
        let points = range.edges().map(|edges| Sums { users: users(edges), ..Sums::default() }).collect();
        Self { range, points }
    }

    /// One user's.
    pub fn of_one(range: Range) -> Self {
        let points = range.windows().map(|_| Sums { users: Users::One, ..Sums::default() }).collect();
        Self { range, points }
    }

    /// The range.
    pub const fn range(&self) -> &Range {
        &self.range
    }

    /// What each window came to, without names, by its first minute.
    pub fn totals(&self) -> impl Iterator<Item = (Minute, &Total)> {
        self.range.windows().zip(&self.points).map(|(first, sums)| (first, &sums.total))
    }

    /// Adds a window as long as the series' own. What lies outside the range is dropped.
    pub fn add_whole(&mut self, first: Minute, total: &Total) {
        self.add_part(first, total);
        if let Some(point) = self.point(first) {
            point.total.users += total.users;
        }
    }

    /// Adds the sums of a part of a window; its users are named by [`add_users`](Self::add_users).
    pub fn add_part(&mut self, first: Minute, total: &Total) {
        let Some(point) = self.point(first) else { return };
        point.total.add_sums(total);
    }

    /// Names the users of a part of a window; naming one again changes nothing.
    pub fn add_users(&mut self, first: Minute, fold: &UsageBySubject) {
        let Some(point) = self.point(first) else { return };
        for (subject, usage) in &fold.usages {
            if let (Subject::User(_), true) = (subject, usage.calls > 0) {
                point.names.insert(subject_hash(subject));
            }
        }
    }

    /// Adds a minute that is live.
    pub fn add_live(&mut self, minute: Minute, live: &LiveMinute) {
        self.add_part(minute, &live.total);
        if let Some(point) = self.point(minute) {
            point.names.extend(&live.users);
        }
    }

    /// Adds a part of a window with its users.
    pub fn add(&mut self, first: Minute, fold: &UsageBySubject) {
        self.add_part(first, &Total::of(fold));
        self.add_users(first, fold);
    }

    /// The answer of `timeseries`, as of an instant, with windows that are set up to a minute.
    pub fn into_answer(self, as_of: Timestamp, set: Minute) -> TimeSeries {
        let Self { range, points } = self;
        let time_series: Vec<_> =
            range.windows().zip(points).map(|(minute, sums)| sums.point(minute.start())).collect();
        TimeSeries {
            as_of: as_of.into(),
            granularity: range.granularity(),
            duration: range.duration(),
            tz: range.zone().name(),
            settled_to: range.settled_to(set).into(),
            from: range.from().into(),
            to: range.to().into(),
            data_points: time_series.len(),
            compared: None,
            time_series,
        }
    }

    /// What all windows together came to, without names.
    pub fn sum(&self) -> Total {
        let mut sum = Total::default();
        self.points.iter().for_each(|point| sum.add_sums(&point.total));
        sum
    }

    /// The points before the running one, for `realtime`.
    pub fn whole(&self) -> Vec<CallPoint> {
        let whole = self.points.len().saturating_sub(1);
        self.range.windows().zip(&self.points).take(whole).map(|(minute, sums)| sums.calls(minute.start())).collect()
    }

    fn point(&mut self, minute: Minute) -> Option<&mut Sums> {
        self.points.get_mut(self.range.index(minute)?)
    }
}

impl TimeSeries {
    /// The same beside an earlier span.
    #[must_use]
    pub fn compared(self, comparison: Comparison) -> Self {
        Self { compared: Some(comparison), ..self }
    }
}

impl Sums {
    fn point(&self, start: Timestamp) -> Point {
        let Performance { latency, response, statuses } = &self.total.performance;
        // Zero where nothing happened, and nothing where something did and is not known: windows that an earlier
        // deployment has set have no histogram.
        let latency = (latency.durations() == self.total.timed).then_some(latency);
        let percentile = |histogram: Option<&Histogram>, percent| {
            let found = histogram.and_then(|histogram| histogram.percentile_ms(percent));
            found.or((self.total.calls == 0).then_some(0.0))
        };
        Point {
            calls: self.calls(start),
            p50_latency_ms: percentile(latency, 50),
            p90_latency_ms: percentile(latency, 90),
            p99_latency_ms: percentile(latency, 99),
            p50_response_ms: percentile(Some(response), 50),
            p90_response_ms: percentile(Some(response), 90),
            p99_response_ms: percentile(Some(response), 99),
            auth_failures: self.total.auth_failures,
            rate_limited: self.total.rate_limited,
            statuses: statuses.clone(),
            status_known: self.total.performance.known(),
            faults: Faults::of(&self.total),
        }
    }

    fn calls(&self, start: Timestamp) -> CallPoint {
        CallPoint {
            time: start.into(),
            api_calls: self.total.calls,
            unique_users: self.users.number(&self.total, &self.names),
            avg_latency_ms: self.total.average_latency_ms(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::event::Event;
    use crate::fold::DistinctEvents;

    fn fold(minute: &str, users: &[&str]) -> UsageBySubject {
        let event = |(n, user): (usize, &&str)| -> Event {
            let (id, latency) = (format!("{minute}-{n}"), n + 1);
            serde_json::from_value(json!({
                "eventType": "API_CALL", "requestId": id, "timestamp": format!("{minute}:07Z"), "userEmail": user,
                "latencyMs": latency,
            }))
            .unwrap()
        };
        users.iter().enumerate().map(event).collect::<DistinctEvents>().fold()
    }

    fn set() -> Minute {
        "2026-11-24T10:14".parse().unwrap()
    }

    fn hours() -> Series {
        let now = "2026-11-24T10:15:30Z".parse().unwrap();
        Series::new(Range::parse([("duration", "3h")], now).unwrap())
    }

    #[test]
    fn a_user_of_many_parts_is_one_user_of_the_window() {
        let mut series = hours();
        for minute in ["2026-11-24T10:01", "2026-11-24T10:15"] {
            series.add(minute.parse().unwrap(), &fold(minute, &["a#b@example.com", "😀@example.com"]));
        }
        let whole = Total::of(&fold("2026-11-24T09:05", &["a#b@example.com", "c@example.com"]));
        series.add_whole("2026-11-24T09:00".parse().unwrap(), &whole);
        let answer =
            serde_json::to_value(series.into_answer("2026-11-24T10:15:30.123Z".parse().unwrap(), set())).unwrap();
        let users: Vec<_> = points(&answer).iter().map(|point| point["uniqueUsers"].as_u64().unwrap()).collect();
        assert_eq!(users, [0, 2, 2]);
    }

    #[test]
    fn an_answer_has_the_contracts_fields_and_every_point() {
        let mut series = hours();
        series.add("2026-11-24T10:15".parse().unwrap(), &fold("2026-11-24T10:15", &["a@example.com", "a@example.com"]));
        series.add("2026-11-24T10:16".parse().unwrap(), &fold("2026-11-24T10:16", &["future@example.com"]));
        let answer =
            serde_json::to_value(series.into_answer("2026-11-24T10:15:30.123Z".parse().unwrap(), set())).unwrap();
        let point = |time: &str, calls: u64, users: u64, average: f64, latency: [f64; 3], response: Value| {
            json!({
                "time": time, "apiCalls": calls, "uniqueUsers": users, "avgLatencyMs": average, "authFailures": 0,
                "rateLimited": 0, "statuses": {}, "statusKnown": 0,
                "faults": { "caller": 0, "quota": 0, "key": 0, "ours": 0, "gateway": 0 },
                "p50LatencyMs": latency[0], "p90LatencyMs": latency[1], "p99LatencyMs": latency[2],
                "p50ResponseMs": response, "p90ResponseMs": response, "p99ResponseMs": response,
            })
        };
        let empty = |time: &str| point(time, 0, 0, 0.0, [0.0; 3], json!(0.0));
        let expected = json!({
            "asOf": "2026-11-24T10:15:30.123Z", "granularity": "hour", "duration": "3h", "tz": "UTC", "dataPoints": 3,
            "settledTo": "2026-11-24T10:15:00.000Z",
            "from": "2026-11-24T08:00:00.000Z", "to": "2026-11-24T11:00:00.000Z",
            "timeSeries": [
                empty("2026-11-24T08:00:00.000Z"),
                empty("2026-11-24T09:00:00.000Z"),
                point("2026-11-24T10:00:00.000Z", 2, 1, 1.5, [1.01, 2.02, 2.02], Value::Null),
            ],
        });
        assert_eq!(answer, expected);
    }

    fn points(answer: &Value) -> &Vec<Value> {
        answer["timeSeries"].as_array().unwrap()
    }
}
