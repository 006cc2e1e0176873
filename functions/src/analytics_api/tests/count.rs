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
    let average = latencies.iter().sum::<f64>() / (latencies.len().max(1)) as f64;
    json!({
        "time": iso_millis(from), "apiCalls": calls.len(), "uniqueUsers": users.len(),
        "avgLatencyMs": (average * 100.0).round() / 100.0,
        "authFailures": of(EventType::AuthFailed).len(), "rateLimited": of(EventType::RateLimited).len(),
    })
}

/// The points that `timeseries` must have.
pub(super) fn points(events: &[&Event], minutes: i64, n: i64, now: &str) -> Vec<Value> {
    let now: Timestamp = now.parse().unwrap();
    let width = minutes * 60;
    let running = now.as_second() / width * width;
    let start = |k: i64| Timestamp::from_second(running - (n - 1 - k) * width).unwrap();
    (0..n).map(|k| point(events, start(k), start(k) + SignedDuration::from_secs(width))).collect()
}
