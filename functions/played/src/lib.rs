//! A history that is known: calls of some companies over some days, with weekdays, nights and bursts, keys that are
//! refused and quotas that are used up, and what was answered.
//!
//! Invariant: the same script gives the same history, event by event, and no two of its events are one.

mod cast;
mod random;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use metering::event::Event;
use serde_json::json;

pub use cast::{Person, everybody};
use random::Random;

/// How many calls of a session a minute has, at most: who calls, calls again.
const SESSION: u64 = 24;
/// How often an hour of a working day is called in, beside others; by UTC, where the callers' day begins at 22.
const HOURS: [u64; 24] = [30, 34, 36, 34, 28, 24, 20, 12, 8, 5, 4, 3, 2, 2, 2, 2, 2, 3, 4, 6, 10, 16, 22, 26];
/// How often paths are called, beside others.
const PATHS: [(&str, &str, u64); 8] = [
    ("GET", "/v1/deadlines", 60),
    ("GET", "/v1/deadlines/au", 24),
    ("GET", "/v1/deadlines/nz", 16),
    ("GET", "/v1/deadlines/au/gst", 9),
    ("GET", "/v1/deadlines/nz/paye", 6),
    ("HEAD", "/v1/deadlines", 4),
    ("GET", "/v1/deadlines/=cmd|'calc'!A1", 1),
    ("GET", "/v1/deadlines/a,\"b\"", 1),
];
/// Statuses of answers, and how often each is given, beside others.
const STATUSES: [(u16, u64); 5] = [(200, 920), (304, 20), (400, 34), (404, 18), (500, 8)];
/// Why keys are refused, and how often each, beside others.
const REASONS: [(&str, u64); 4] =
    [("missing_api_key", 3), ("invalid_api_key", 5), ("expired_api_key", 2), ("revoked_api_key", 1)];
/// The names of a person's keys.
const NAMES: [&str; 4] = ["production", "staging", "night", "+test"];
/// What calls, and how often, beside others.
const AGENTS: [(&str, u64); 3] = [("curl/8", 5), ("complical-js/2.1 (node 22)", 9), ("@agent", 1)];
/// Of so many events one is a failed authentication, and one a call over the quota.
const FAILURES: u64 = 25;
const REFUSALS: u64 = 60;

/// What is to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// How many events.
    pub calls: u64,
    /// Over how many days.
    pub days: u32,
    /// What tells one history from another.
    pub seed: u64,
    /// When it ends.
    pub end: Timestamp,
}

/// An event of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// What happened.
    pub event: Event,
    /// What was answered to a call.
    pub answer: Option<Answer>,
}

/// What was answered to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

impl Script {
    /// The history, oldest event first.
    pub fn acts(self) -> Vec<Act> {
        let mut random = Random::of_seed(self.seed);
        let people = everybody();
        let mut acts = Vec::new();
        while (acts.len() as u64) < self.calls {
            let person = &people[random.weighted(&people.iter().map(|person| person.weight).collect::<Vec<_>>())];
            let Some(minute) = self.minute(&mut random, person) else { continue };
            // One session in forty is a burst.
            let most = if random.below(40) == 0 { 8 * SESSION } else { SESSION };
            let calls = (1 + random.below(most)).min(self.calls - acts.len() as u64);
            for _ in 0..calls {
                let at = minute + SignedDuration::from_millis(random.below(60_000).cast_signed());
                let n = acts.len() as u64;
                acts.push(self.act(&mut random, person, n, at.min(self.end)));
            }
        }
        acts.sort_by(|one, other| {
            (one.event.timestamp, &one.event.request_id).cmp(&(other.event.timestamp, &other.event.request_id))
        });
        acts
    }

    /// A minute in which a person begins to call, if they do in the one that was drawn.
    fn minute(self, random: &mut Random, person: &Person) -> Option<Timestamp> {
        let minutes = u64::from(self.days) * 24 * 60;
        let minute = self.end - SignedDuration::from_mins(random.below(minutes.max(1)).cast_signed());
        let minute = Timestamp::from_second(minute.as_second().div_euclid(60) * 60).unwrap_or(minute);
        let local = TimeZone::UTC.to_datetime(minute);
        let is_weekend = matches!(local.weekday(), Weekday::Saturday | Weekday::Sunday);
        let share = match (person.is_machine, is_weekend) {
            (true, _) => 12,
            (false, true) => 2,
            (false, false) => HOURS.get(usize::try_from(local.hour()).unwrap_or_default()).copied().unwrap_or_default(),
        };
        (random.below(36) < share).then_some(minute)
    }

    fn act(self, random: &mut Random, person: &Person, n: u64, at: Timestamp) -> Act {
        if random.below(FAILURES) == 0 {
            return Act { event: failure(random, self.seed, n, at), answer: None };
        }
        // People mind their quotas; machines call on.
        let is_over = random.below(REFUSALS) == 0 && person.is_machine;
        let (method, path, _) = PATHS[random.weighted(&PATHS.map(|(.., weight)| weight))];
        let key = random.below(person.keys);
        let name = NAMES.get(usize::try_from(key).unwrap_or_default());
        let agent = AGENTS[random.weighted(&AGENTS.map(|(_, weight)| weight))].0;
        let event = json!({
            "eventType": if is_over { "API_RATE_LIMITED" } else { "API_CALL" }, "requestId": id(self.seed, n),
            "timestamp": at.to_string(), "userEmail": person.email, "companyName": person.company,
            "apiKeyId": format!("k_{}_{key}", person.email), "apiKeyName": name,
            "method": method, "path": path, "stage": "test", "sourceIp": format!("203.0.113.{}", 1 + random.below(40)),
            "userAgent": agent,
            "latencyMs": (1 + random.below(400)) as f64 / 100.0,
            "currentUsage": is_over.then_some(10_001 + n), "limit": is_over.then_some(10_000),
        });
        let answer = Answer {
            status: STATUSES[random.weighted(&STATUSES.map(|(_, weight)| weight))].0,
            millis: 4 + random.below(60) + if random.below(50) == 0 { random.below(2_000) } else { 0 },
        };
        Act { event: read(event), answer: (!is_over).then_some(answer) }
    }
}

/// A failed authentication: most of them from one address.
fn failure(random: &mut Random, seed: u64, n: u64, at: Timestamp) -> Event {
    let (reason, _) = REASONS[random.weighted(&REASONS.map(|(_, weight)| weight))];
    let address = if random.below(4) == 0 { random.below(30) } else { 66 };
    let prefix = (reason != "missing_api_key").then(|| format!("ck_{:05}", random.below(20)));
    read(json!({
        "eventType": "API_AUTH_FAILED", "requestId": id(seed, n), "timestamp": at.to_string(), "reason": reason,
        "apiKeyPrefix": prefix, "method": "GET", "path": "/v1/deadlines", "stage": "test",
        "sourceIp": format!("198.51.100.{address}"), "userAgent": "python-requests/2",
    }))
}

fn id(seed: u64, n: u64) -> String {
    format!("play-{seed:x}-{n:x}")
}

fn read(event: serde_json::Value) -> Event {
    serde_json::from_value(event).unwrap_or_else(|error| unreachable!("an event of ours is one: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use metering::event::EventType;

    use super::*;

    fn script(seed: u64) -> Script {
        Script { calls: 4_000, days: 28, seed, end: "2026-11-26T10:15:00Z".parse().unwrap() }
    }

    #[test]
    fn the_same_seed_gives_the_same_history_and_another_one_another() {
        assert_eq!(script(1).acts(), script(1).acts());
        assert_ne!(script(1).acts(), script(2).acts());
    }

    #[test]
    fn a_history_has_as_many_events_as_asked_each_of_its_own_and_in_its_time() {
        let script = script(7);
        let acts = script.acts();
        let ids: BTreeSet<_> = acts.iter().map(|act| &act.event.request_id).collect();
        assert_eq!((acts.len(), ids.len()), (4_000, 4_000));
        assert!(acts.is_sorted_by_key(|act| act.event.timestamp));
        let first = script.end - SignedDuration::from_hours(28 * 24) - SignedDuration::from_mins(1);
        assert!(acts.iter().all(|act| (first..=script.end).contains(&act.event.timestamp)));
    }

    #[test]
    fn everything_that_is_counted_happens() {
        let acts = script(3).acts();
        for kind in [EventType::Call, EventType::AuthFailed, EventType::RateLimited] {
            assert!(acts.iter().any(|act| act.event.event_type == kind), "{kind:?}");
        }
        let reasons: BTreeSet<_> =
            acts.iter().filter_map(|act| act.event.reason).map(|reason| format!("{reason:?}")).collect();
        let statuses: BTreeSet<_> = acts.iter().filter_map(|act| act.answer).map(|answer| answer.status).collect();
        assert_eq!((reasons.len(), statuses.len()), (REASONS.len(), STATUSES.len()));
        let people: BTreeSet<_> = acts.iter().filter_map(|act| act.event.user_email.clone()).collect();
        assert_eq!(people.len(), everybody().len());
        let of_weekend = |act: &&Act| TimeZone::UTC.to_datetime(act.event.timestamp).weekday() == Weekday::Sunday;
        assert!(acts.iter().filter(of_weekend).count() * 10 < acts.len());
    }
}
