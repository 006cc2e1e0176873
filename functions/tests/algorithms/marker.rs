//! Marker, then `ADD`: an item with the event's id says that it was counted, and is written first. Idempotency layers
//! work so, with two writes for the marker where this has one.
//!
//! Invariant: an event whose marker is there is never added again.

use aws_sdk_dynamodb::types::Put;
use contract::table::{PK, SK};
use store::table::{text, unless_condition_failed};

use super::counters::Counters;
use super::*;

pub(super) struct Marker(Counters);

impl Algorithm for Marker {
    const NAME: &'static str = "Marker, then `ADD`";
    const IN_DYNAMODB: bool = true;

    fn new(store: &Store) -> Self {
        Self(Counters::new(store))
    }

    async fn count(&self, batch: &StreamEvent, _now: Timestamp) -> Outcome {
        for event in events(batch) {
            let Put { table_name, item, condition_expression, .. } = put(&self.0, &event);
            let put = self.0.table.client().put_item().table_name(table_name).set_item(Some(item));
            if unless_condition_failed(put.set_condition_expression(condition_expression).send().await)?.is_some() {
                self.0.add(&place(&event), 1).await?;
            }
        }
        Ok(())
    }

    async fn counts(&self) -> Counts {
        self.0.read().await
    }
}

/// The marker of an event, where there is none yet.
pub(super) fn put(counters: &Counters, event: &Event) -> Put {
    let put = Put::builder().table_name(counters.table.name());
    let put = put.item(PK, text(format!("SEEN#{}", event.request_id))).item(SK, text("SEEN"));
    put.condition_expression("attribute_not_exists(PK)").build().unwrap()
}
