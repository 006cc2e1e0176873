//! Counts events without usages, windows or blocks.
//!
//! Invariant: nothing here is shared with what it checks, but the events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use metering::event::EventType;
use metering::number::Latency;
use metering::window::iso_millis;

use super::*;

/// The events that count for someone.
pub(super) fn seen_by<'a>(who: Who<'_>, events: &'a [Event]) -> Vec<&'a Event> {
    let mut distinct = BTreeMap::new();
    for event in events {
        let key = event.api_key_id.as_deref().unwrap_or_default();
        let counts = match (who, &event.user_email) {
            (Who::Admin, _) => true,
            (Who::User(email), Some(user)) => email == user.as_str(),
            (Who::User(email), None) => key == format!("k of {email}"),
            (Who::Nobody, _) => false,
        };
        if counts {
            distinct.entry(event.identity()).or_insert(event);
        }
    }
    distinct.into_values().collect()
}

/// The figures between two instants, as a point of `timeseries`.
pub(super) fn point(events: &[&Event], from: Timestamp, to: Timestamp) -> Value {
    let within: Vec<_> = events.iter().filter(|event| from <= event.timestamp && event.timestamp < to).collect();
    let of = |kind| within.iter().filter(|event| event.event_type == kind).collect::<Vec<_>>();
    let calls = of(EventType::Call);
    let users: BTreeSet<_> = calls.iter().map(|event| event.user_email.as_ref()).collect();
    let latencies: Vec<f64> = calls.iter().filter_map(|event| event.latency_ms).map(Latency::as_millis).collect();
    let percentiles = percentiles(&latencies);
    // In whole microseconds, because a sum of fractions may miss a half by a hair.
    let micros: u64 = calls.iter().filter_map(|event| event.latency_ms).map(Latency::as_micros).sum();
    let average = micros as f64 / 1_000.0 / latencies.len().max(1) as f64;
    let response = calls.is_empty().then_some(0.0);
    json!({
        "p50LatencyMs": percentiles[0], "p90LatencyMs": percentiles[1], "p99LatencyMs": percentiles[2],
        "p50ResponseMs": response, "p90ResponseMs": response, "p99ResponseMs": response,
        "statuses": {}, "statusKnown": 0,
        "faults": {
            "caller": 0, "quota": of(EventType::RateLimited).len(), "key": of(EventType::AuthFailed).len(), "ours": 0,
            "gateway": 0,
        },
        "time": iso_millis(from), "apiCalls": calls.len(), "uniqueUsers": users.len(),
        "avgLatencyMs": (average * 100.0).round() / 100.0,
        "authFailures": of(EventType::AuthFailed).len(), "rateLimited": of(EventType::RateLimited).len(),
    })
}

/// The smallest latency that so many percent of all do not exceed; zero where there is none.
fn percentiles(latencies: &[f64]) -> [f64; 3] {
    let mut sorted = latencies.to_vec();
    sorted.sort_by(f64::total_cmp);
    [50, 90, 99]
        .map(|percent| sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1).copied().unwrap_or_default())
}

/// Whether an answer has the points that it must have: percentiles within 2 % and the two digits that are told, or, where
/// an earlier deployment has set windows, nothing in their place; everything else as it is.
pub(super) fn assert_points(answer: &Value, mut expected: Vec<Value>, context: &str) {
    let mut points = answer["timeSeries"].as_array().unwrap().clone();
    for (point, expected) in points.iter_mut().zip(&mut expected) {
        for name in ["p50LatencyMs", "p90LatencyMs", "p99LatencyMs"] {
            let exact = expected.as_object_mut().unwrap().remove(name).unwrap().as_f64().unwrap();
            let found = point.as_object_mut().unwrap().remove(name).unwrap();
            let close = found.as_f64().is_none_or(|found| (found - exact).abs() <= exact * 0.02 + 0.005);
            assert!(close, "{name} is {found} for {exact} in {expected} {context}");
        }
        assert_eq!(point, expected, "{context}");
    }
    assert_eq!(points.len(), expected.len(), "{context}");
}

/// The points that `timeseries` must have.
pub(super) fn points(events: &[&Event], minutes: i64, n: i64, now: &str) -> Vec<Value> {
    let now: Timestamp = now.parse().unwrap();
    let width = minutes * 60;
    let running = now.as_second() / width * width;
    let start = |k: i64| Timestamp::from_second(running - (n - 1 - k) * width).unwrap();
    (0..n).map(|k| point(events, start(k), start(k) + SignedDuration::from_secs(width))).collect()
}
