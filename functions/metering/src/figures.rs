//! What the aggregator publishes of a minute, and what of it is new since it was published last.
//!
//! Invariant: the increments that were published of a minute add up to its figures, however often and late it grows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::identity::Identity;
use crate::plan::ByPlan;
use crate::total::Total;

/// The figures of a minute, as far as they go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Figures {
    /// Distinct events.
    pub processed: u64,
    /// Records under `ERRORS`.
    pub failed: u64,
    /// Distinct calls.
    pub calls: u64,
    /// Users with at least one call.
    pub users: u64,
    /// Failed authentications.
    pub auth_failures: u64,
    /// Calls over a quota.
    pub rate_limited: u64,
    /// Those of the plans that are told apart.
    #[serde(skip_serializing_if = "ByPlan::is_empty")]
    pub plans: ByPlan,
    /// When the last of the events was committed, in milliseconds since 1970.
    pub committed_ms: i64,
    /// How old the oldest of them was when it was counted, in milliseconds, to two digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_ms: Option<u64>,
}

/// How many events were how old when they were counted, by age in milliseconds.
pub type Ages = BTreeMap<u64, u64>;

/// When each event was first committed, by identity.
#[derive(Clone, Debug, Default)]
pub struct Commits {
    first: BTreeMap<Identity<'static>, (Timestamp, Timestamp)>,
}

impl Commits {
    /// Takes note that an event was in a block committed at an instant.
    pub fn note(&mut self, event: &Event, committed_at: Timestamp) {
        let identity = event.identity().into_owned();
        let entry = self.first.entry(identity).or_insert((committed_at, event.timestamp));
        entry.0 = entry.0.min(committed_at);
    }

    /// When the last event was committed, in milliseconds since 1970; zero where there is none.
    pub fn last_ms(&self) -> i64 {
        self.first.values().map(|(committed_at, _)| committed_at.as_millisecond()).max().unwrap_or_default()
    }

    /// The ages of the events committed after an instant, rounded to two digits so that few values stand for many.
    pub fn ages_after(&self, instant_ms: i64) -> Ages {
        let mut ages = Ages::new();
        let new = self.first.values().filter(|(committed_at, _)| committed_at.as_millisecond() > instant_ms);
        for (committed_at, timestamp) in new {
            let age = committed_at.duration_since(*timestamp).as_millis();
            *ages.entry(two_digits(u64::try_from(age).unwrap_or_default())).or_default() += 1;
        }
        ages
    }
}

impl Figures {
    /// The figures of a minute's total and plans, its last commitment in milliseconds since 1970, and its failed records.
    pub fn of(total: &Total, plans: ByPlan, committed_ms: i64, failed: u64) -> Self {
        Self {
            processed: total.events,
            failed,
            calls: total.calls,
            users: total.users,
            auth_failures: total.auth_failures,
            rate_limited: total.rate_limited,
            plans,
            committed_ms,
            lag_ms: None,
        }
    }

    /// The same, of events some of which were as old as that when they were counted, and others as `before` knows.
    #[must_use]
    pub fn aged(self, ages: &Ages, before: &Self) -> Self {
        Self { lag_ms: ages.last_key_value().map(|(age, _)| *age).max(before.lag_ms), ..self }
    }

    /// What has to be published after `before` was. Users cannot be added up, so theirs is the whole figure.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            processed: self.processed.saturating_sub(before.processed),
            failed: self.failed.saturating_sub(before.failed),
            calls: self.calls.saturating_sub(before.calls),
            users: self.users,
            auth_failures: self.auth_failures.saturating_sub(before.auth_failures),
            rate_limited: self.rate_limited.saturating_sub(before.rate_limited),
            plans: self.plans.since(&before.plans),
            committed_ms: before.committed_ms,
            lag_ms: self.lag_ms,
        }
    }
}

/// A number with all but its two leading digits set to zero.
fn two_digits(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    number / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str) -> Event {
        let json = format!(
            r#"{{"eventType":"API_CALL","requestId":"{id}","timestamp":"2026-11-24T10:15:30Z","userEmail":"a@b.au"}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_event_is_as_old_as_it_was_when_it_was_first_committed() {
        let mut commits = Commits::default();
        commits.note(&event("1"), at("2026-11-24T10:15:39Z"));
        commits.note(&event("1"), at("2026-11-24T10:15:30.123Z"));
        commits.note(&event("2"), at("2026-11-24T10:15:31Z"));
        assert_eq!(commits.ages_after(0), Ages::from([(120, 1), (1_000, 1)]));
        assert_eq!(commits.ages_after(at("2026-11-24T10:15:30.500Z").as_millisecond()), Ages::from([(1_000, 1)]));
    }

    #[test]
    fn increments_add_up_to_the_figures() {
        let first = Figures { processed: 7, calls: 5, users: 2, failed: 1, ..Figures::default() };
        let second = Figures { processed: 9, calls: 6, users: 3, failed: 1, ..Figures::default() };
        let new = second.since(&first);
        assert_eq!((new.processed, new.calls, new.users, new.failed), (2, 1, 3, 0));
    }

    #[test]
    fn a_minute_is_as_late_as_the_oldest_of_its_events_whenever_that_was_counted() {
        let first = Figures::default().aged(&Ages::from([(120, 7), (1_000, 1)]), &Figures::default());
        assert_eq!(first.lag_ms, Some(1_000));
        let again = |ages: &[(u64, u64)]| Figures::default().aged(&ages.iter().copied().collect(), &first).lag_ms;
        assert_eq!([again(&[]), again(&[(90, 1)]), again(&[(7_000, 1)])], [Some(1_000), Some(1_000), Some(7_000)]);
    }

    #[test]
    fn ages_keep_two_digits() {
        assert_eq!([0, 9, 99, 100, 119, 1_290].map(two_digits), [0, 9, 99, 100, 110, 1_200]);
    }
}
