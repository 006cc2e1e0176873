//! The answer of `realtime`: the current minute, the last one, and the hour before.
//!
//! Invariant: who may not see everybody's figures is given no other person's name.

use jiff::Timestamp;
use serde::Serialize;

use super::instant::Instant;
use super::series::{CallPoint, Series};
use crate::event::EventType;
use crate::fold::DistinctEvents;
use crate::number::Latency;
use crate::total::Total;
use crate::usage::round;

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
    /// The answer as of an instant, from the events of the current and the last minute and a series of minutes.
    pub fn new(
        as_of: Timestamp,
        current: &DistinctEvents,
        last: &DistinctEvents,
        series: &Series,
        names: Names,
    ) -> Self {
        Self {
            as_of: as_of.into(),
            current: Figures::of(current, names),
            last_minute: Figures::of(last, names),
            time_series: series.whole(),
        }
    }
}

impl Figures {
    /// The figures of some events.
    pub fn of(events: &DistinctEvents, names: Names) -> Self {
        let total = Total::of(&events.fold());
        let latencies = latencies(events);
        let (top_users, top_companies) = match names {
            Names::Shown => (total.top_users.clone(), total.top_companies.clone()),
            Names::Hidden => (Vec::new(), Vec::new()),
        };
        Self {
            api_calls: total.calls,
            unique_users: total.users,
            avg_latency_ms: total.average_latency_ms(),
            p50_latency_ms: percentile(&latencies, 50),
            p99_latency_ms: percentile(&latencies, 99),
            auth_failures: total.auth_failures,
            rate_limited: total.rate_limited,
            top_users: top_users.into_iter().map(|(user_email, api_calls)| TopUser { user_email, api_calls }).collect(),
            top_companies: top_companies
                .into_iter()
                .map(|(company_name, api_calls)| TopCompany { company_name, api_calls })
                .collect(),
        }
    }
}

/// The latencies of the calls that have one, in order.
fn latencies(events: &DistinctEvents) -> Vec<f64> {
    let calls = events.events().filter(|event| event.event_type == EventType::Call);
    let mut latencies: Vec<_> = calls.filter_map(|event| event.latency_ms).map(Latency::as_millis).collect();
    latencies.sort_by(f64::total_cmp);
    latencies
}

/// The smallest value that at least so many percent of all do not exceed; zero where there is none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |value| round(*value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::event::Event;
    use crate::report::range::Range;

    fn call(n: usize, user: &str, latency: Option<f64>) -> Event {
        serde_json::from_value(json!({
            "eventType": "API_CALL", "requestId": n.to_string(), "timestamp": "2026-11-24T10:15:07Z",
            "userEmail": user, "companyName": "Example", "latencyMs": latency,
        }))
        .unwrap()
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<_> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99)), (50.0, 99.0));
        assert_eq!((percentile(&[7.0, 9.0], 50), percentile(&[7.0, 9.0], 99)), (7.0, 9.0));
        assert_eq!((percentile(&[3.125], 50), percentile(&[], 99)), (3.13, 0.0));
    }

    #[test]
    fn calls_without_a_latency_count_and_move_no_percentile() {
        let events = [Some(4.0), None, Some(-1.0)].into_iter().enumerate().map(|(n, ms)| call(n, "a@example.com", ms));
        let figures = Figures::of(&events.collect(), Names::Shown);
        assert_eq!((figures.api_calls, figures.unique_users), (3, 1));
        assert_eq!((figures.p50_latency_ms, figures.p99_latency_ms, figures.avg_latency_ms), (4.0, 4.0, 4.0));
    }

    #[test]
    fn an_answer_has_the_contracts_fields() {
        let now = "2026-11-24T10:15:30.123Z".parse().unwrap();
        let current = [call(1, "a#b@example.com", Some(2.0))].into_iter().collect();
        let series = Series::new(Range::realtime(now));
        let answer = |names| {
            serde_json::to_value(Realtime::new(now, &current, &DistinctEvents::default(), &series, names)).unwrap()
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
        fn a_percentile_splits_the_values_as_it_says(values in prop::collection::vec(0_u32..1_000, 1..300), percent in 1..=100_usize) {
            let mut sorted: Vec<_> = values.iter().copied().map(f64::from).collect();
            sorted.sort_by(f64::total_cmp);
            let value = percentile(&sorted, percent);
            let at_most = sorted.iter().filter(|other| **other <= value).count();
            let below = sorted.iter().filter(|other| **other < value).count();
            prop_assert!(at_most * 100 >= percent * sorted.len());
            prop_assert!(below * 100 < percent * sorted.len());
        }
    }
}
