//! From blocks to windows: every distinct event of a minute, once, in its subject's usage.
//!
//! Invariant: the result depends on the set of events alone, not on how often, in what order or in which blocks
//! they came.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::answer::Answers;
use crate::course::Course;
use crate::digest::{Kind, Trace};
use crate::event::Event;
use crate::plan::ByPlan;
use crate::subject::Subject;
use crate::usage::Usage;

/// Distinct events, each under its identity.
#[derive(Clone, Debug, Default)]
pub struct DistinctEvents {
    events: BTreeSet<ByIdentity>,
}

/// An event that is equal to every other of its identity.
#[derive(Clone, Debug)]
struct ByIdentity(Event);

/// Usages by subject, and what belongs to none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsageBySubject {
    /// The usage of each subject.
    pub usages: BTreeMap<Subject, Usage>,
    /// Events without a subject.
    pub unattributed: Usage,
    /// How the usages came about, where they were put together from parts.
    pub courses: BTreeMap<Subject, Course>,
    /// What the users of each plan did, where they were told apart.
    pub plans: ByPlan,
}

impl DistinctEvents {
    /// The events collected.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().map(|ByIdentity(event)| event)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Keeps the events that `wanted` accepts.
    pub fn retain(&mut self, wanted: impl Fn(&Event) -> bool) {
        self.events.retain(|ByIdentity(event)| wanted(event));
    }

    /// Collects an event. Of two that differ under one identity, the same one stays whichever came first.
    fn insert(&mut self, event: Event) {
        let event = ByIdentity(event);
        if self.events.get(&event).is_none_or(|known| event.comes_before(known)) {
            self.events.replace(event);
        }
    }

    /// Folds the events into usages.
    pub fn fold(&self) -> UsageBySubject {
        self.fold_with(&Answers::default())
    }

    /// Folds the events into usages, with the answers to them as far as they are known.
    pub fn fold_with(&self, answers: &Answers) -> UsageBySubject {
        let mut fold = UsageBySubject::default();
        for event in self.events() {
            let answer = answers.to(&event.request_id);
            match Subject::of(event) {
                Some(subject) => fold.usages.entry(subject).or_default().add_answered(event, answer),
                None => fold.unattributed.add_answered(event, answer),
            }
        }
        fold
    }
}

impl ByIdentity {
    /// Whether this one stays of two that differ: where they were at one time, as a digest would choose.
    fn comes_before(&self, Self(other): &Self) -> bool {
        let Self(this) = self;
        let rank =
            |event: &Event| (event.timestamp, Trace::of(event, 0).latency_us(), Kind::of(event), event.to_json());
        this != other && rank(this) < rank(other)
    }
}

impl Ord for ByIdentity {
    fn cmp(&self, Self(other): &Self) -> Ordering {
        self.0.identity().cmp(&other.identity())
    }
}

impl PartialOrd for ByIdentity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ByIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ByIdentity {}

impl Extend<Event> for DistinctEvents {
    fn extend<I: IntoIterator<Item = Event>>(&mut self, events: I) {
        for event in events {
            self.insert(event);
        }
    }
}

impl FromIterator<Event> for DistinctEvents {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let mut distinct = Self::default();
        distinct.extend(events);
        distinct
    }
}

impl UsageBySubject {
    /// Merges a fold of other events into this one.
    pub fn merge(&mut self, other: &Self) {
        for (subject, usage) in &other.usages {
            self.usages.entry(subject.clone()).or_default().merge(usage);
        }
        self.unattributed.merge(&other.unattributed);
    }

    /// Adds the usage of one subject as a part: a minute of the hour, or an hour of the day, that the fold is about.
    pub fn add_part(&mut self, place: u8, subject: Subject, usage: &Usage) {
        self.courses.entry(subject.clone()).or_default().add_usage(place, usage);
        self.add(subject, usage);
    }

    /// Adds the usage of one subject.
    pub fn add(&mut self, subject: Subject, usage: &Usage) {
        self.usages.entry(subject).or_default().merge(usage);
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.usages.is_empty() && self.unattributed.events == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::Block;

    fn event(kind: &str, user: &str, id: u8, second: u8) -> Event {
        let json = format!(
            r#"{{"eventType":"{kind}","requestId":"{id}","timestamp":"2026-11-24T10:15:{second:02}Z","userEmail":"{user}",
                "apiKeyId":"k","apiKeyName":"n","method":"GET","path":"/v1/{second}","latencyMs":{second}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_call_and_its_refusal_are_two_events_and_one_call_twice_is_one() {
        let events = ["API_CALL", "API_CALL", "API_RATE_LIMITED"].map(|kind| event(kind, "a@example.com", 1, 0));
        let fold = DistinctEvents::from_iter(events).fold();
        let usage = &fold.usages[&Subject::User("a@example.com".parse().unwrap())];
        assert_eq!((usage.calls, usage.rate_limited, usage.events), (1, 1, 2));
    }

    #[test]
    fn one_id_of_two_users_is_two_events_and_so_is_one_in_two_minutes() {
        let mut later = event("API_CALL", "a@example.com", 1, 0);
        later.timestamp = "2026-11-24T10:16:00Z".parse().unwrap();
        let nobodys: Event =
            serde_json::from_str(r#"{"eventType":"API_CALL","requestId":"1","timestamp":"2026-11-24T10:15:00Z"}"#)
                .unwrap();
        let users = ["a@example.com", "b@example.com"].map(|user| event("API_CALL", user, 1, 0));
        let fold = DistinctEvents::from_iter(users.into_iter().chain([later, nobodys.clone(), nobodys])).fold();
        let calls: Vec<_> = fold.usages.iter().map(|(subject, usage)| (subject.to_string(), usage.calls)).collect();
        assert_eq!(calls, [("user:a@example.com".to_owned(), 2), ("user:b@example.com".to_owned(), 1)]);
        assert_eq!(fold.unattributed.calls, 1);
    }

    #[test]
    fn of_two_that_differ_the_same_one_stays_whichever_came_first() {
        let (early, late) = (event("API_CALL", "a@example.com", 1, 0), event("API_CALL", "a@example.com", 1, 9));
        for events in [[early.clone(), late.clone()], [late.clone(), early.clone()]] {
            let distinct = DistinctEvents::from_iter(events);
            assert_eq!(distinct.events().collect::<Vec<_>>(), [&early]);
        }
    }

    proptest! {
        #[test]
        fn any_cut_order_and_repetition_folds_to_the_same(
            calls in prop::collection::vec((0..4_u8, 0..30_u8, 0..60_u8), 1..80),
            again in prop::collection::vec(0..80_usize, 0..80),
            cut in 1..20_usize,
        ) {
            let events: Vec<_> =
                calls.iter().map(|(user, id, second)| event("API_CALL", &format!("{user}@e.au"), *id, *second)).collect();
            let once = DistinctEvents::from_iter(events.clone()).fold();
            let mut delivered = events.clone();
            delivered.extend(again.iter().filter_map(|n| events.get(*n).cloned()));
            delivered.reverse();
            let blocks = delivered.chunks(cut).flat_map(|chunk| Block::of(chunk.to_vec()));
            let unpacked = blocks.flat_map(|block| Block::unpack(&block.body).unwrap());
            prop_assert_eq!(unpacked.collect::<DistinctEvents>().fold(), once);
        }
    }
}
