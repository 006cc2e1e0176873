//! A cache of ids with expiry, as Redis is one: outside the processor, which it outlives.
//!
//! Invariant: each request is carried out at once, and while it is under way another processor has its turn.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// What OpenMeter keeps an id for where nothing else is set (`app/config/dedupe.go`, commit 3e2d059).
const EXPIRY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Default)]
pub(super) struct Cache(RefCell<BTreeMap<String, Timestamp>>);

impl Cache {
    /// Remembers an id, and says whether it is new: `SET … NX`.
    pub(super) async fn claim(&self, id: &str, now: Timestamp) -> bool {
        tokio::task::yield_now().await;
        let is_new = !self.holds(id, now);
        if is_new {
            self.0.borrow_mut().insert(id.into(), now);
        }
        is_new
    }

    /// Whether an id is remembered: `GET`.
    pub(super) async fn knows(&self, id: &str, now: Timestamp) -> bool {
        tokio::task::yield_now().await;
        self.holds(id, now)
    }

    fn holds(&self, id: &str, now: Timestamp) -> bool {
        self.0.borrow().get(id).is_some_and(|since| now.duration_since(*since) < EXPIRY)
    }
}
