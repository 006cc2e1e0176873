//! What is known of a subject in a window: the sums that windows are made of.
//!
//! Invariant: the usages of parts merge, in any order, to the usage of the whole, byte for byte; none takes more than
//! [`MAX_USAGE_BYTES`](contract::limit::MAX_USAGE_BYTES).

use contract::limit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::breakdown::{Breakdown, Tally};
use crate::event::{Event, EventType};
use crate::text::Text;

/// Sums over distinct events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Distinct events of every type. It only ever grows, which is how a stale write is told from a newer one.
    pub events: u64,
    /// Distinct `API_CALL` events.
    pub calls: u64,
    /// Sum of the authorizer's latency over the calls that have one, in microseconds.
    pub latency_us: u64,
    /// Calls that have a latency.
    pub timed: u64,
    /// Distinct `API_RATE_LIMITED` events.
    #[serde(skip_serializing_if = "is_zero")]
    pub rate_limited: u64,
    /// Distinct `API_AUTH_FAILED` events.
    #[serde(skip_serializing_if = "is_zero")]
    pub auth_failures: u64,
    /// The company; of several that calls name, the last by letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Text<{ limit::MAX_COMPANY_BYTES }>>,
    /// When the first call was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// When the last call was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Calls by key id.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub keys: Breakdown<KeyCalls, { limit::MAX_KEYS_BYTES }>,
    /// Calls by `METHOD /path`.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub paths: Breakdown<u64, { limit::MAX_PATHS_BYTES }>,
}

/// The calls made with one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCalls {
    /// The key's name; of several, the last by letters.
    pub name: Text<{ limit::MAX_KEY_NAME_BYTES }>,
    /// Its calls.
    pub calls: u64,
}

impl Usage {
    /// Adds an event that it has not seen.
    pub fn add(&mut self, event: &Event) {
        self.events += 1;
        match event.event_type {
            EventType::Call => self.add_call(event),
            EventType::AuthFailed => self.auth_failures += 1,
            EventType::RateLimited => self.rate_limited += 1,
            EventType::Threshold | EventType::AuthError => {}
        }
    }

    fn add_call(&mut self, event: &Event) {
        self.calls += 1;
        if let Some(latency) = event.latency_ms {
            self.latency_us = self.latency_us.saturating_add(latency.as_micros());
            self.timed += 1;
        }
        self.named(event.company_name.as_ref());
        self.seen(event.timestamp);
        if let Some(id) = &event.api_key_id {
            self.keys.add(id, &KeyCalls { name: event.api_key_name.clone().unwrap_or_default(), calls: 1 });
        }
        if let Some(call) = event.call() {
            self.paths.add(&call, &1);
        }
    }

    /// Adds the events of another usage, none of which this one has seen.
    pub fn merge(&mut self, other: &Self) {
        let Self { events, calls, latency_us, timed, rate_limited, auth_failures, company, first, last, keys, paths } =
            other;
        self.events += events;
        self.calls += calls;
        self.latency_us = self.latency_us.saturating_add(*latency_us);
        self.timed += timed;
        self.rate_limited += rate_limited;
        self.auth_failures += auth_failures;
        self.named(company.as_ref());
        for instant in [first, last].into_iter().flatten() {
            self.seen(*instant);
        }
        self.keys.merge(keys);
        self.paths.merge(paths);
    }

    /// The average latency in milliseconds; zero where no call has one.
    pub fn average_latency_ms(&self) -> f64 {
        if self.timed == 0 { 0.0 } else { round(self.latency_us as f64 / 1_000.0 / self.timed as f64) }
    }

    fn seen(&mut self, instant: Timestamp) {
        self.first = Some(self.first.map_or(instant, |first| first.min(instant)));
        self.last = Some(self.last.map_or(instant, |last| last.max(instant)));
    }

    fn named(&mut self, company: Option<&Text<{ limit::MAX_COMPANY_BYTES }>>) {
        if company > self.company.as_ref() {
            self.company = company.cloned();
        }
    }
}

impl Tally for KeyCalls {
    /// `{"name":"","calls":}`, twenty digits, the name, and the quotes, the colon and the comma of the id.
    const BYTES: usize = 44 + limit::MAX_KEY_NAME_BYTES;

    fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        if self.name < other.name {
            self.name.clone_from(&other.name);
        }
    }

    fn nameless(&self) -> Self {
        Self { name: Text::default(), calls: self.calls }
    }
}

/// Two digits after the point are all that a person reads.
pub(crate) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call whose every text is as long as it may be.
    fn call(n: usize) -> Event {
        let long = |name: &str, bytes: usize| format!("{name}{n:06}{}", "\u{1}".repeat(bytes));
        let mut event: Event = serde_json::from_str(
            r#"{"eventType":"API_CALL","requestId":"1","timestamp":"2026-11-24T10:15:30.123Z","userEmail":"a@b.au","latencyMs":86400000}"#,
        )
        .unwrap();
        event.api_key_id = Some(long("k", limit::MAX_KEY_ID_BYTES).into());
        event.api_key_name = Some(long("n", limit::MAX_KEY_NAME_BYTES).into());
        event.company_name = Some(long("c", limit::MAX_COMPANY_BYTES).into());
        event.path = Some(long("/", limit::MAX_PATH_BYTES).into());
        event
    }

    #[test]
    fn no_cell_outgrows_its_bytes_and_its_sums_stay_exact() {
        let mut usage = Usage::default();
        (0..2_000).for_each(|n| usage.add(&call(n)));
        let full =
            Usage { events: u64::MAX, latency_us: u64::MAX, timed: u64::MAX, rate_limited: u64::MAX, ..usage.clone() };
        let full = Usage { auth_failures: u64::MAX, calls: u64::MAX, ..full };
        let bytes = serde_json::to_string(&full).unwrap().len();
        assert!((20_000..=limit::MAX_USAGE_BYTES).contains(&bytes), "{bytes}");
        assert_eq!(usage.keys.into_iter().map(|(_, key)| key.calls).sum::<u64>(), 2_000);
        assert_eq!(usage.paths.into_iter().map(|(_, calls)| calls).sum::<u64>(), 2_000);
    }

    #[test]
    fn parts_merge_in_any_order_to_the_whole() {
        let calls: Vec<_> = (0..300).map(|n| call(n % 90)).collect();
        let of = |calls: &[Event]| {
            let mut usage = Usage::default();
            calls.iter().for_each(|call| usage.add(call));
            usage
        };
        let parts: Vec<_> = calls.chunks(77).map(of).collect();
        let mut merged = Usage::default();
        parts.iter().rev().for_each(|part| merged.merge(part));
        assert_eq!(merged, of(&calls));
    }
}
