//! A transaction of marker and `ADD`: both are written or neither is.
//!
//! Invariant: a cancellation because of the marker says that the event was counted, and no other does.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::counters::Counters;
use super::*;

pub(super) struct Transaction(Counters);

impl Algorithm for Transaction {
    const NAME: &'static str = "Transaction of marker and `ADD`";
    const IN_DYNAMODB: bool = true;

    fn new(store: &Store) -> Self {
        Self(Counters::new(store))
    }

    async fn count(&self, batch: &StreamEvent, _now: Timestamp) -> Outcome {
        for event in events(batch) {
            let put = TransactWriteItem::builder().put(marker::put(&self.0, &event)).build();
            let update = TransactWriteItem::builder().update(self.0.addition(&place(&event))).build();
            let request = self.0.table.client().transact_write_items().transact_items(put).transact_items(update);
            if let Err(error) = request.send().await
                && !is_marked(error.as_service_error())
            {
                return Err(error.into());
            }
        }
        Ok(())
    }

    async fn counts(&self) -> Counts {
        self.0.read().await
    }
}

fn is_marked(error: Option<&TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error else { return false };
    canceled.cancellation_reasons().first().is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"))
}
