//! Events that are not on the stream: kept beside their user's days until the aggregator moves them into blocks.
//!
//! Invariant: an entry never changes once it is written, so that writing it again and removing it twice are harmless,
//! and it is found by itself or by the gate that let its call pass, which is released when none waits behind it.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use contract::table::{CALL, PENDING, PENDING_JOURNALS, PK, SK};
use futures::{StreamExt, TryStreamExt};
use metering::event::{Event, EventType};
use metering::fold::DistinctEvents;
use metering::subject::{Bucket, Subject};
use metering::window::{Month, iso_millis};

use crate::quota_gate::{QuotaGate, QuotaGates, Waiting};
use crate::table::{CONCURRENCY, Consistency, Item, Sort, Table, TableError, json, string, text};
use crate::windows::usage_partition;

/// Attribute that holds the event's JSON.
const EVENT: &str = "event";

/// The usage table's journal.
#[derive(Clone, Debug)]
pub struct Journal {
    usage: Table,
    gates: QuotaGates,
}

/// Some of what waits in a bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pending {
    /// Entries.
    pub entries: Vec<Entry>,
    /// Whether more may wait than was asked for.
    pub is_cut: bool,
    /// Gates all of whose entries these are.
    gates: Vec<Waiting>,
}

/// An event as the journal keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub event: Event,
    pk: String,
    sk: String,
}

impl Journal {
    /// The journal of a usage table.
    pub fn new(usage: Table) -> Self {
        Self { gates: QuotaGates::new(usage.clone()), usage }
    }

    /// Keeps an event.
    ///
    /// # Errors
    /// When the request fails. The event may be kept nevertheless; keeping it again is right then.
    pub async fn put(&self, event: &Event) -> Result<(), TableError> {
        let request =
            self.usage.client().put_item().table_name(self.usage.name()).set_item(Some(item_by_itself(event)));
        request.send().await.map(drop).map_err(|error| self.usage.failed("PutItem", &error))
    }

    /// Some of a bucket's entries, at most `limit`. One that was written within the last moments may be missing.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn pending(&self, bucket: Bucket, limit: usize) -> Result<Pending, TableError> {
        let request = self.usage.client().query().table_name(self.usage.name()).index_name(PENDING_JOURNALS);
        let request = request
            .key_condition_expression("#pending = :bucket")
            .expression_attribute_names("#pending", PENDING)
            .expression_attribute_values(":bucket", text(bucket.to_string()));
        let keys = self.some(request, limit).await?;
        // An index knows keys, and may still know those of removed items.
        let items = self.usage.get_all(keys.iter().map(|item| (string(item, PK), string(item, SK)))).await?;
        let (gates, entries): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| Waiting::of(item).is_some());
        let entries = entries.into_iter().filter_map(Entry::of).collect();
        let mut pending = Pending { entries, is_cut: keys.len() >= limit, gates: Vec::new() };
        let reads = gates.iter().filter_map(Waiting::of).map(|gate| async move {
            let calls = self.calls_behind(gate.gate(), limit).await?;
            Ok::<_, TableError>((gate, calls))
        });
        let reads: Vec<_> = reads.collect();
        let mut reads = futures::stream::iter(reads).buffer_unordered(CONCURRENCY);
        while pending.entries.len() < limit
            && let Some((gate, calls)) = reads.try_next().await?
        {
            pending.add_behind(gate, calls, limit);
        }
        pending.is_cut |= pending.entries.len() >= limit;
        // A call that its transaction kept and that was kept by itself as well is found both ways.
        pending.entries.sort_by(|one, other| one.key().cmp(&other.key()));
        pending.entries.dedup_by(|one, other| one.key() == other.key());
        Ok(pending)
    }

    /// How many calls of a gate's month wait.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn calls(&self, gate: &QuotaGate) -> Result<u64, TableError> {
        let items = self.usage.query(gate.partition(), Sort::Prefix(gate.calls()), Consistency::Strong).await?;
        let calls = items.iter().filter_map(entry_of).filter(|event| event.event_type == EventType::Call);
        Ok(calls.collect::<DistinctEvents>().len() as u64)
    }

    async fn calls_behind(&self, gate: &QuotaGate, limit: usize) -> Result<Vec<Item>, TableError> {
        let request = self.usage.client().query().table_name(self.usage.name()).consistent_read(true);
        let request = request
            .key_condition_expression("#p = :p AND begins_with(#s, :s)")
            .expression_attribute_names("#p", PK)
            .expression_attribute_names("#s", SK)
            .expression_attribute_values(":p", text(gate.partition()))
            .expression_attribute_values(":s", text(gate.calls()));
        self.some(request, limit).await
    }

    /// The first items of a query.
    async fn some(&self, query: QueryFluentBuilder, limit: usize) -> Result<Vec<Item>, TableError> {
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while items.len() < limit
            && let Some(item) = pages.next().await
        {
            items.push(item.map_err(|error| self.usage.failed("Query", &error))?);
        }
        Ok(items)
    }

    /// Forgets entries that are in blocks by now.
    ///
    /// # Errors
    /// When a request fails. Some entries may be gone then; removing all of them again is right.
    pub async fn remove(&self, Pending { entries, gates, .. }: &Pending) -> Result<(), TableError> {
        let deletes = entries.iter().map(|Entry { pk, sk, .. }| async move {
            let request = self.usage.client().delete_item().table_name(self.usage.name());
            let request = request.key(PK, text(pk)).key(SK, text(sk));
            request.send().await.map(drop).map_err(|error| self.usage.failed("DeleteItem", &error))
        });
        let deletes: Vec<_> = deletes.collect();
        let () = futures::stream::iter(deletes).buffer_unordered(CONCURRENCY).try_collect().await?;
        // Only now: a gate that is released leads to no entry any more.
        let releases: Vec<_> = gates.iter().map(|gate| self.gates.release(gate)).collect();
        futures::stream::iter(releases).buffer_unordered(CONCURRENCY).try_collect().await
    }
}

impl Pending {
    /// Adds the first calls behind a gate as far as there is room, and the gate if none is left out by that: neither
    /// for want of room nor because it cannot be read.
    fn add_behind(&mut self, gate: Waiting, calls: Vec<Item>, limit: usize) {
        let room = limit.saturating_sub(self.entries.len());
        let found = calls.len();
        self.is_cut |= found > room || found >= limit;
        let entries: Vec<Entry> = calls.into_iter().take(room).filter_map(Entry::of).collect();
        if entries.len() == found && found < limit {
            self.gates.push(gate);
        }
        self.entries.extend(entries);
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.gates.is_empty()
    }
}

impl Entry {
    fn key(&self) -> (&str, &str) {
        (&self.pk, &self.sk)
    }

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

/// The item of an event that is found by itself.
fn item_by_itself(event: &Event) -> Item {
    let mut item = item_of(event);
    item.insert(PENDING.into(), text(Bucket::of_event(event).to_string()));
    item
}

/// The item of an event: the same one however often it is made.
pub fn item_of(event: &Event) -> Item {
    let bucket = Bucket::of_event(event);
    let partition = Subject::of(event).map_or_else(|| format!("AUTH#{bucket}"), |subject| usage_partition(&subject));
    let id = &event.request_id;
    let mut sort = format!("{}{CALL}{}#{id}", Month::of(event.timestamp), iso_millis(event.timestamp));
    // A call's id may read like the id and the type of another event: then its type stands behind it as well.
    if event.event_type != EventType::Call || id.contains('#') {
        let kind = serde_json::to_string(&event.event_type).unwrap_or_default();
        sort = format!("{sort}#{}", kind.trim_matches('"'));
    }
    Item::from([(PK.into(), text(partition)), (SK.into(), text(sort)), (EVENT.into(), json(event))])
}

#[cfg(test)]
mod tests;
