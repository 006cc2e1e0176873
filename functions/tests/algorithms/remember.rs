//! Ids in a cache, remembered after the write: OpenMeter's sink (`openmeter/sink/sink.go`, commit 7e57a39), whose own
//! comments promise "at least once".
//!
//! Invariant: an id is remembered only when all of its batch is written.

use std::collections::BTreeMap;

use super::cache::Cache;
use super::counters::Counters;
use super::*;

pub(super) struct Remember {
    counters: Counters,
    cache: Cache,
}

impl Algorithm for Remember {
    const NAME: &'static str = "Ids in a cache, remembered after the write";
    const IN_DYNAMODB: bool = false;

    fn new(store: &Store) -> Self {
        Self { counters: Counters::new(store), cache: Cache::default() }
    }

    async fn count(&self, batch: &StreamEvent, now: Timestamp) -> Outcome {
        let mut new = BTreeMap::new();
        for event in events(batch) {
            if !self.cache.knows(&event.request_id, now).await {
                new.insert(event.request_id.clone(), event);
            }
        }
        self.counters.add_all(tally(new.values().cloned())).await?;
        for id in new.keys() {
            self.cache.claim(id, now).await;
        }
        Ok(())
    }

    async fn counts(&self) -> Counts {
        self.counters.read().await
    }
}
