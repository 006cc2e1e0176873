//! Events that are not on the stream: kept beside their user's days until the aggregator moves them into blocks.
//!
//! Invariant: an entry never changes once it is written, so that writing it again and removing it twice are harmless.

use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use contract::table::{PENDING, PENDING_JOURNALS, PK, SK};
use futures::{StreamExt, TryStreamExt};
use metering::event::{Event, EventType};
use metering::subject::{Bucket, Subject};
use metering::window::{Month, iso_millis};

use crate::table::{CONCURRENCY, Item, Table, TableError, json, string, text};
use crate::windows::usage_partition;

/// Keys in one `BatchGetItem` (DynamoDB's limit).
const BATCH_KEYS: usize = 100;
/// How often keys that a batch left unprocessed are asked for again before the caller is told.
const TRIES: u32 = 6;
/// Wait before the second try; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(20);
/// What tells an entry from the other items of a partition.
const CALL: &str = "#CALL#";
/// Attribute that holds the event's JSON.
const EVENT: &str = "event";

/// The usage table's journal.
#[derive(Clone, Debug)]
pub struct Journal {
    usage: Table,
}

/// An event as the journal keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The event.
    pub event: Event,
    pk: String,
    sk: String,
}

impl Journal {
    /// The journal of a usage table.
    pub const fn new(usage: Table) -> Self {
        Self { usage }
    }

    /// Keeps an event.
    ///
    /// # Errors
    /// When the request fails. The event may be kept nevertheless; keeping it again is right then.
    pub async fn put(&self, event: &Event) -> Result<(), TableError> {
        let request = self.usage.client().put_item().table_name(self.usage.name()).set_item(Some(item_of(event)));
        request.send().await.map(drop).map_err(|error| self.usage.failed("PutItem", &error))
    }

    /// Some of a bucket's entries, at most `limit`. One that was written within the last moments may be missing.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn pending(&self, bucket: Bucket, limit: usize) -> Result<Vec<Entry>, TableError> {
        let request = self.usage.client().query().table_name(self.usage.name()).index_name(PENDING_JOURNALS);
        let request = request
            .key_condition_expression("#pending = :bucket")
            .expression_attribute_names("#pending", PENDING)
            .expression_attribute_values(":bucket", text(bucket.to_string()));
        let mut pages = request.into_paginator().items().send();
        let mut keys = Vec::new();
        while keys.len() < limit
            && let Some(item) = pages.next().await
        {
            keys.push(item.map_err(|error| self.usage.failed("Query", &error))?);
        }
        let batches: Vec<Vec<Item>> = keys.chunks(BATCH_KEYS).map(<[Item]>::to_vec).collect();
        let reads = batches.into_iter().map(|batch| self.get_batch(batch));
        let batches: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENCY).try_collect().await?;
        Ok(batches.into_iter().flatten().filter_map(Entry::of).collect())
    }

    /// The items of some keys, as of now: an index knows keys, and may still know those of removed items.
    async fn get_batch(&self, keys: Vec<Item>) -> Result<Vec<Item>, TableError> {
        let key = |item: &Item| Item::from([PK, SK].map(|name| (name.to_owned(), text(string(item, name)))));
        let mut keys: Vec<Item> = keys.iter().map(key).collect();
        let mut items = Vec::with_capacity(keys.len());
        let mut wait = FIRST_WAIT;
        for _ in 0..TRIES {
            let left = keys.len();
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| self.usage.failed("BatchGetItem", &error))?;
            let request = self.usage.client().batch_get_item().request_items(self.usage.name(), wanted);
            let answer = request.send().await.map_err(|error| self.usage.failed("BatchGetItem", &error))?;
            items.extend(answer.responses.and_then(|mut tables| tables.remove(self.usage.name())).unwrap_or_default());
            let unprocessed = answer.unprocessed_keys.and_then(|mut tables| tables.remove(self.usage.name()));
            keys = unprocessed.map(|unprocessed| unprocessed.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
            // A batch that outgrew an answer goes on at once; one that was throttled waits.
            if keys.len() == left {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
        }
        Err(TableError::Unprocessed { left: keys.len(), table: self.usage.name().into() })
    }

    /// Forgets entries that are in blocks by now.
    ///
    /// # Errors
    /// When a request fails. Some entries may be gone then; removing all of them again is right.
    pub async fn remove(&self, entries: &[Entry]) -> Result<(), TableError> {
        let deletes = entries.iter().map(|Entry { pk, sk, .. }| async move {
            let request = self.usage.client().delete_item().table_name(self.usage.name());
            let request = request.key(PK, text(pk)).key(SK, text(sk));
            request.send().await.map(drop).map_err(|error| self.usage.failed("DeleteItem", &error))
        });
        let deletes: Vec<_> = deletes.collect();
        futures::stream::iter(deletes).buffer_unordered(CONCURRENCY).try_collect().await
    }
}

impl Entry {
    /// An entry that cannot be read stays where it is, for a person to look at, and holds up no other.
    fn of(item: Item) -> Option<Self> {
        let (pk, sk) = (string(&item, PK), string(&item, SK));
        let event = entry_of(&item);
        if event.is_none() {
            tracing::error!(sk, "journal entry cannot be read");
        }
        Some(Self { event: event?, pk, sk })
    }
}

/// The event that an item of the usage table holds, if it is an entry of the journal.
pub fn entry_of(item: &Item) -> Option<Event> {
    let sk = item.get(SK).and_then(|value| value.as_s().ok())?;
    let json = item.get(EVENT).and_then(|value| value.as_s().ok()).filter(|_| sk.contains(CALL))?;
    serde_json::from_str(json).ok()
}

/// The item of an event: the same one however often it is made.
pub(crate) fn item_of(event: &Event) -> Item {
    let bucket = Bucket::of_event(event);
    let partition = Subject::of(event).map_or_else(|| format!("AUTH#{bucket}"), |subject| usage_partition(&subject));
    let mut sort = format!("{}{CALL}{}#{}", Month::of(event.timestamp), iso_millis(event.timestamp), event.request_id);
    if event.event_type != EventType::Call {
        let kind = serde_json::to_string(&event.event_type).unwrap_or_default();
        sort = format!("{sort}#{}", kind.trim_matches('"'));
    }
    Item::from([
        (PK.into(), text(partition)),
        (SK.into(), text(sort)),
        (EVENT.into(), json(event)),
        (PENDING.into(), text(bucket.to_string())),
    ])
}

#[cfg(test)]
mod tests;
