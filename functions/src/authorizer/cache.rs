//! What a warm instance remembers between calls.
//!
//! Invariant: no value is older than its time, and there are never more than [`CAPACITY`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Most values remembered; the one that came first goes first.
const CAPACITY: usize = 10_000;

/// Values by name, each for a while.
#[derive(Debug)]
pub(super) struct Cache<V> {
    fresh: SignedDuration,
    held: Mutex<Held<V>>,
}

#[derive(Debug)]
struct Held<V> {
    values: BTreeMap<String, (Timestamp, V)>,
    order: VecDeque<String>,
}

impl<V: Clone> Cache<V> {
    /// Remembers each value for that long.
    pub(super) const fn new(fresh: SignedDuration) -> Self {
        Self { fresh, held: Mutex::new(Held { values: BTreeMap::new(), order: VecDeque::new() }) }
    }

    /// The value of a name, unless it is too old.
    pub(super) fn get(&self, name: &str, now: Timestamp) -> Option<V> {
        let held = self.lock();
        let (since, value) = held.values.get(name)?;
        (now.duration_since(*since) < self.fresh).then(|| value.clone())
    }

    /// Remembers a value.
    pub(super) fn insert(&self, name: &str, value: V, now: Timestamp) {
        let mut held = self.lock();
        if held.values.insert(name.into(), (now, value)).is_none() {
            held.order.push_back(name.into());
        }
        if held.values.len() > CAPACITY
            && let Some(first) = held.order.pop_front()
        {
            held.values.remove(&first);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held<V>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_forgotten_when_its_time_is_over() {
        let now: Timestamp = "2026-11-24T10:15:30Z".parse().unwrap();
        let cache = Cache::new(SignedDuration::from_secs(5));
        cache.insert("a", 1, now);
        assert_eq!(cache.get("a", now + SignedDuration::from_millis(4_999)), Some(1));
        assert_eq!(cache.get("a", now + SignedDuration::from_secs(5)), None);
    }

    #[test]
    fn the_first_value_makes_room_and_nothing_grows_without_end() {
        let now: Timestamp = "2026-11-24T10:15:30Z".parse().unwrap();
        let cache = Cache::new(SignedDuration::from_secs(5));
        for n in 0..CAPACITY + 2 {
            cache.insert(&n.to_string(), n, now);
            cache.insert(&n.to_string(), n, now);
        }
        assert_eq!((cache.get("0", now), cache.get("1", now), cache.get("2", now)), (None, None, Some(2)));
        let held = cache.lock();
        assert_eq!((held.values.len(), held.order.len()), (CAPACITY, CAPACITY));
    }
}
