//! Ids in a cache, claimed before the write: OpenMeter's ingestion.
//!
//! Invariant: an id that was claimed is never written by another, and a claim is not given back.

use super::cache::Cache;
use super::counters::Counters;
use super::*;

pub(super) struct Claim {
    counters: Counters,
    cache: Cache,
}

impl Algorithm for Claim {
    const NAME: &'static str = "Ids in a cache, claimed before the write";
    const IN_DYNAMODB: bool = false;

    fn new(store: &Store) -> Self {
        Self { counters: Counters::new(store), cache: Cache::default() }
    }

    async fn count(&self, batch: &StreamEvent, now: Timestamp) -> Outcome {
        let mut new = Vec::new();
        for event in events(batch) {
            if self.cache.claim(&event.request_id, now).await {
                new.push(event);
            }
        }
        self.counters.add_all(tally(new)).await
    }

    async fn counts(&self) -> Counts {
        self.counters.read().await
    }
}
