//! What is known of a subject in a window: the sums that windows are made of.
//!
//! Invariant: the usages of parts merge, in any order, to the usage of the whole, byte for byte; none takes more than
//! [`MAX_USAGE_BYTES`](contract::limit::MAX_USAGE_BYTES).

use std::borrow::Cow;

use contract::limit;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::breakdown::{Breakdown, Tally};
use crate::distributions::Distributions;
use crate::event::{Event, EventType};
use crate::number::round;
use crate::performance::{Performance, is_error};
use crate::refusals::Refusals;
use crate::text::Text;

/// Stands for a status that is not known.
pub(crate) const UNKNOWN: &str = "-";

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
    /// The company; of several that calls name, those over the quota too, the last by letters.
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
    pub paths: Breakdown<PathCalls, { limit::MAX_PATHS_BYTES }>,
    /// How the calls went.
    #[serde(skip_serializing_if = "Performance::is_empty")]
    pub performance: Performance,
    /// Calls by status, key and path at once, see [`crossed`].
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub crossed: Crossed<{ limit::MAX_CROSSED_BYTES }>,
    /// Response times by key id.
    #[serde(skip_serializing_if = "Distributions::is_empty")]
    pub key_responses: Distributions,
    /// Response times by `METHOD /path`.
    #[serde(skip_serializing_if = "Distributions::is_empty")]
    pub path_responses: Distributions,
    /// Why keys were refused.
    #[serde(skip_serializing_if = "Refusals::is_empty")]
    pub refusals: Refusals,
}

/// Calls by names that [`crossed`] makes.
pub type Crossed<const MAX: usize> = Breakdown<u64, MAX>;

/// The calls made with one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyCalls {
    /// The key's name; of several, the last by letters.
    pub name: Text<{ limit::MAX_KEY_NAME_BYTES }>,
    /// Its calls.
    pub calls: u64,
    /// Those that were answered with a status of 400 or more.
    #[serde(skip_serializing_if = "is_zero")]
    pub errors: u64,
    /// When it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

/// The calls of a path. Written as a number, or as a list of two where some were errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredPathCalls", into = "StoredPathCalls")]
pub struct PathCalls {
    /// All of them.
    pub calls: u64,
    /// Those that were answered with a status of 400 or more.
    pub errors: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredPathCalls {
    Calls(u64),
    CallsAndErrors(u64, u64),
}

impl Usage {
    /// Adds an event that it has not seen, and to which the answer is not known.
    pub fn add(&mut self, event: &Event) {
        self.add_answered(event, None);
    }

    /// Adds an event that it has not seen, and the answer to it, if that is known.
    pub fn add_answered(&mut self, event: &Event, answer: Option<Answer>) {
        self.events += 1;
        match event.event_type {
            EventType::Call => self.add_call(event, answer),
            EventType::AuthFailed => {
                self.auth_failures += 1;
                self.refusals.add(event);
            }
            EventType::RateLimited => {
                self.rate_limited += 1;
                self.named(event.company_name.as_ref());
                self.performance.answered(answer);
            }
            EventType::Threshold | EventType::AuthError => {}
        }
    }

    fn add_call(&mut self, event: &Event, answer: Option<Answer>) {
        self.calls += 1;
        if let Some(latency) = event.latency_ms {
            self.latency_us = self.latency_us.saturating_add(latency.as_micros());
            self.timed += 1;
            self.performance.latency.add(latency.as_micros());
        }
        self.named(event.company_name.as_ref());
        self.seen(event.timestamp);
        self.performance.answered(answer);
        let (errors, response_us) =
            answer.map_or((0, None), |answer| (u64::from(answer.is_error()), answer.response_us));
        response_us.into_iter().for_each(|micros| self.performance.response.add(micros));
        if let Some(id) = &event.api_key_id {
            let name = event.api_key_name.clone().unwrap_or_default();
            self.keys.add(id, &KeyCalls { name, calls: 1, errors, last: Some(event.timestamp) });
            response_us.into_iter().for_each(|micros| self.key_responses.add(id, micros));
        }
        if let Some(call) = event.call() {
            self.paths.add(&call, &PathCalls { calls: 1, errors });
            response_us.into_iter().for_each(|micros| self.path_responses.add(&call, micros));
            self.crossed.add(&crossed(answer, event.api_key_id.as_deref().unwrap_or_default(), &call), &1);
        }
    }

    /// Adds the events of another usage, none of which this one has seen.
    pub fn merge(&mut self, other: &Self) {
        let Self { events, calls, latency_us, timed, rate_limited, auth_failures, company, first, last, .. } = other;
        let Self { keys, paths, performance, crossed, key_responses, path_responses, refusals, .. } = other;
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
        self.performance.merge(performance);
        self.crossed.merge(crossed);
        self.key_responses.merge(key_responses);
        self.path_responses.merge(path_responses);
        self.refusals.merge(refusals);
    }

    /// Whether another of the same window tells as much or more: more events, or as many and answers to as many calls.
    pub fn is_older_than(&self, other: &Self) -> bool {
        (self.events, self.performance.known()) <= (other.events, other.performance.known())
    }

    /// Of the calls those that were answered with a status of 400 or more, as far as answers are known.
    pub fn errors(&self) -> u64 {
        let answered = self.performance.of_calls(self.rate_limited);
        answered.filter(|(status, _)| is_error(status)).map(|(_, calls)| calls).sum()
    }

    /// Of how many of the calls the answer is known.
    pub fn answered(&self) -> u64 {
        self.performance.of_calls(self.rate_limited).map(|(_, calls)| calls).sum()
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

/// The name of calls with one status, or `-` where that is not known, one key and one `METHOD /path`: with a tab between
/// them, none of which a status has.
pub fn crossed(answer: Option<Answer>, key: &str, call: &str) -> String {
    let status = answer.map_or_else(|| UNKNOWN.to_owned(), |answer| answer.status.to_string());
    format!("{status}\t{key}\t{call}")
}

/// What [`crossed`] makes of the same calls where the key does not matter.
pub(crate) fn nobodys(name: &str) -> Cow<'_, str> {
    let parts = name.split_once('\t').and_then(|(status, rest)| Some((status, rest.split_once('\t')?.1)));
    parts.map_or(Cow::Borrowed(name), |(status, call)| format!("{status}\t\t{call}").into())
}

impl Tally for KeyCalls {
    /// `{"name":"","calls":,"errors":,"last":""}`, twice twenty digits, an instant, the name, and the quotes, the colon
    /// and the comma of the id.
    const BYTES: usize = 120 + limit::MAX_KEY_NAME_BYTES;

    fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.last = self.last.max(other.last);
        if self.name < other.name {
            self.name.clone_from(&other.name);
        }
    }

    fn nameless(&self) -> Self {
        Self { name: Text::default(), ..self.clone() }
    }
}

impl Tally for PathCalls {
    /// A colon, brackets, twice twenty digits, two commas, and the quotes of the name.
    const BYTES: usize = 47;

    fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
    }

    fn nameless(&self) -> Self {
        *self
    }
}

impl From<StoredPathCalls> for PathCalls {
    fn from(stored: StoredPathCalls) -> Self {
        match stored {
            StoredPathCalls::Calls(calls) => Self { calls, errors: 0 },
            StoredPathCalls::CallsAndErrors(calls, errors) => Self { calls, errors },
        }
    }
}

impl From<PathCalls> for StoredPathCalls {
    fn from(PathCalls { calls, errors }: PathCalls) -> Self {
        if errors == 0 { Self::Calls(calls) } else { Self::CallsAndErrors(calls, errors) }
    }
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

    /// Every third call has none, the others fail in half of the cases; 78 calls are whole turns of six.
    fn answer(n: usize) -> Option<Answer> {
        let status = if n.is_multiple_of(2) { 200 } else { 404 };
        (!n.is_multiple_of(3)).then_some(Answer { status, response_us: Some((n % 78 * 1_000) as u64) })
    }

    #[test]
    fn no_cell_outgrows_its_bytes_and_its_sums_stay_exact() {
        let mut usage = Usage::default();
        (0..2_000).for_each(|n| usage.add_answered(&call(n), answer(n)));
        let full =
            Usage { events: u64::MAX, latency_us: u64::MAX, timed: u64::MAX, rate_limited: u64::MAX, ..usage.clone() };
        let full = Usage { auth_failures: u64::MAX, calls: u64::MAX, ..full };
        let bytes = serde_json::to_string(&full).unwrap().len();
        assert!((60_000..=limit::MAX_USAGE_BYTES).contains(&bytes), "{bytes}");
        assert_eq!(usage.keys.into_iter().map(|(_, key)| key.calls).sum::<u64>(), 2_000);
        assert_eq!(usage.paths.into_iter().map(|(_, path)| path.calls).sum::<u64>(), 2_000);
        assert_eq!(usage.crossed.into_iter().map(|(_, calls)| calls).sum::<u64>(), 2_000);
    }

    #[test]
    fn parts_merge_in_any_order_to_the_whole() {
        let calls: Vec<_> = (0..300).map(|n| call(n % 90)).collect();
        let of = |calls: &[Event]| {
            let mut usage = Usage::default();
            calls.iter().enumerate().for_each(|(n, call)| usage.add_answered(call, answer(n)));
            serde_json::to_string(&usage).unwrap()
        };
        let parts = calls.chunks(78).map(|part| serde_json::from_str::<Usage>(&of(part)).unwrap());
        let mut merged = Usage::default();
        parts.collect::<Vec<_>>().iter().rev().for_each(|part| merged.merge(part));
        assert_eq!(serde_json::to_string(&merged).unwrap(), of(&calls));
    }

    #[test]
    fn a_usage_from_before_statuses_is_read_and_known_to_be_of_none() {
        let stored =
            r#"{"events":3,"calls":2,"latencyUs":9,"timed":1,"keys":{"k":{"name":"n","calls":2}},"paths":{"GET /":2}}"#;
        let usage: Usage = serde_json::from_str(stored).unwrap();
        assert_eq!((usage.performance.known(), serde_json::to_string(&usage).unwrap().as_str()), (0, stored));
    }
}
