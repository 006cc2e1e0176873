//! Plain `ADD`: the batch is added up and added on, as the system before this one did.
//!
//! Invariant: nothing is remembered of what was added.

use super::counters::Counters;
use super::*;

pub(super) struct Add(Counters);

impl Algorithm for Add {
    const NAME: &'static str = "Plain `ADD`";
    const IN_DYNAMODB: bool = true;

    fn new(store: &Store) -> Self {
        Self(Counters::new(store))
    }

    async fn count(&self, batch: &StreamEvent, _now: Timestamp) -> Outcome {
        self.0.add_all(tally(events(batch))).await
    }

    async fn counts(&self) -> Counts {
        self.0.read().await
    }
}
