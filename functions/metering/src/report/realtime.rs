//! The answer of `realtime`: the current minute, the last one, and the hour before.
//!
//! Invariant: who may not see everybody's figures is given no other person's name.

use jiff::Timestamp;
use serde::Serialize;

use super::instant::Instant;
use super::series::{CallPoint, Series};
use crate::live::LiveMinute;
use crate::number::round;

/// Whose names an answer may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Everybody's: the lists of top users and companies are there.
    Shown,
    /// None: the lists are empty.
    Hidden,
}

/// The answer of `realtime`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Realtime {
    /// The moment of which the answer is.
    as_of: Instant,
    /// The minute under way.
    current: Figures,
    /// The whole minute before it.
    last_minute: Figures,
    /// The 60 whole minutes before the current one, oldest first.
    time_series: Vec<CallPoint>,
}

/// A minute, closely.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Calls that were let through.
    api_calls: u64,
    /// Users with at least one call.
    unique_users: u64,
    /// The authorizer's average latency, in milliseconds; 0 without calls.
    avg_latency_ms: f64,
    /// The latency that half of the calls did not exceed.
    p50_latency_ms: f64,
    /// The latency that 99 % of the calls did not exceed.
    p99_latency_ms: f64,
    /// Calls without a good key.
    auth_failures: u64,
    /// Calls over a quota.
    rate_limited: u64,
    /// The ten users with the most calls; for administrators.
    top_users: Vec<TopUser>,
    /// The ten companies with the most calls; for administrators.
    top_companies: Vec<TopCompany>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct TopUser {
    user_email: String,
    api_calls: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct TopCompany {
    company_name: String,
    api_calls: u64,
}

impl Realtime {
    /// The answer as of an instant, from the current and the last minute and a series of minutes.
    pub fn new(as_of: Timestamp, current: LiveMinute, last: LiveMinute, series: &Series, names: Names) -> Self {
        Self {
            as_of: as_of.into(),
            current: Figures::of(current, names),
            last_minute: Figures::of(last, names),
            time_series: series.whole(),
        }
    }
}

impl Figures {
    /// The figures of a minute.
    pub fn of(minute: LiveMinute, names: Names) -> Self {
        let LiveMinute { mut total, mut latencies, .. } = minute;
        let (top_users, top_companies) = match names {
            Names::Shown => (std::mem::take(&mut total.top_users), std::mem::take(&mut total.top_companies)),
            Names::Hidden => (Vec::new(), Vec::new()),
        };
        Self {
            api_calls: total.calls,
            unique_users: total.users,
            avg_latency_ms: total.average_latency_ms(),
            p50_latency_ms: percentile(&mut latencies, 50),
            p99_latency_ms: percentile(&mut latencies, 99),
            auth_failures: total.auth_failures,
            rate_limited: total.rate_limited,
            top_users: top_users
                .into_iter()
                .map(|top| TopUser { user_email: top.name, api_calls: top.count })
                .collect(),
            top_companies: top_companies
                .into_iter()
                .map(|top| TopCompany { company_name: top.name, api_calls: top.count })
                .collect(),
        }
    }
}

/// The smallest value that at least so many percent of all do not exceed, in milliseconds of values in microseconds; zero
/// where there is none.
fn percentile(latencies: &mut [u64], percent: usize) -> f64 {
    let rank = (latencies.len() * percent).div_ceil(100);
    match rank.checked_sub(1) {
        None => 0.0,
        Some(place) => round(*latencies.select_nth_unstable(place).1 as f64 / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::callers::Callers;
    use crate::event::Event;
    use crate::report::range::Range;
    use crate::traffic::Traffic;

    fn call(n: usize, user: &str, latency: Option<f64>) -> Event {
        serde_json::from_value(json!({
            "eventType": "API_CALL", "requestId": n.to_string(), "timestamp": "2026-11-24T10:15:07Z",
            "userEmail": user, "companyName": "Example", "latencyMs": latency,
        }))
        .unwrap()
    }

    fn minute(events: &[Event]) -> LiveMinute {
        let mut traffic = Traffic::default();
        traffic.add_events(events);
        LiveMinute::of(&Callers::of(&[&traffic]))
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut hundred: Vec<_> = (1..=100).rev().map(|ms| ms * 1_000).collect();
        assert_eq!((percentile(&mut hundred, 50), percentile(&mut hundred, 99)), (50.0, 99.0));
        let mut two = [9_000, 7_000];
        assert_eq!((percentile(&mut two, 50), percentile(&mut two, 99)), (7.0, 9.0));
        assert_eq!((percentile(&mut [3_125], 50), percentile(&mut [], 99)), (3.13, 0.0));
    }

    #[test]
    fn calls_without_a_latency_count_and_move_no_percentile() {
        let events = [Some(4.0), None, Some(-1.0)].into_iter().enumerate().map(|(n, ms)| call(n, "a@example.com", ms));
        let figures = Figures::of(minute(&events.collect::<Vec<_>>()), Names::Shown);
        assert_eq!((figures.api_calls, figures.unique_users), (3, 1));
        assert_eq!((figures.p50_latency_ms, figures.p99_latency_ms, figures.avg_latency_ms), (4.0, 4.0, 4.0));
    }

    #[test]
    fn an_answer_has_the_contracts_fields() {
        let now = "2026-11-24T10:15:30.123Z".parse().unwrap();
        let current = minute(&[call(1, "a#b@example.com", Some(2.0))]);
        let series = Series::new(Range::realtime(now));
        let answer = |names| {
            serde_json::to_value(Realtime::new(now, current.clone(), LiveMinute::default(), &series, names)).unwrap()
        };
        let shown = answer(Names::Shown);
        assert_eq!(shown["asOf"], "2026-11-24T10:15:30.123Z");
        let expected = json!({
            "apiCalls": 1, "uniqueUsers": 1, "avgLatencyMs": 2.0, "p50LatencyMs": 2.0, "p99LatencyMs": 2.0,
            "authFailures": 0, "rateLimited": 0,
            "topUsers": [{ "userEmail": "a#b@example.com", "apiCalls": 1 }],
            "topCompanies": [{ "companyName": "Example", "apiCalls": 1 }],
        });
        assert_eq!(shown["current"], expected);
        assert_eq!(shown["lastMinute"]["apiCalls"], 0);
        let series = shown["timeSeries"].as_array().unwrap();
        assert_eq!(series.len(), 60);
        let first = json!({ "time": "2026-11-24T09:15:00.000Z", "apiCalls": 0, "uniqueUsers": 0, "avgLatencyMs": 0.0 });
        assert_eq!((&series[0], &series[59]["time"]), (&first, &json!("2026-11-24T10:14:00.000Z")));
        let hidden = answer(Names::Hidden);
        assert!(!hidden.to_string().contains("example.com"), "{hidden}");
    }

    proptest! {
        #[test]
        fn a_percentile_splits_the_values_as_it_says(values in prop::collection::vec(0_u64..1_000, 1..300), percent in 1..=100_usize) {
            let mut latencies: Vec<_> = values.iter().map(|ms| ms * 1_000).collect();
            let value = percentile(&mut latencies, percent);
            let at_most = values.iter().filter(|other| **other as f64 <= value).count();
            let below = values.iter().filter(|other| (**other as f64) < value).count();
            prop_assert!(at_most * 100 >= percent * values.len());
            prop_assert!(below * 100 < percent * values.len());
        }
    }
}
