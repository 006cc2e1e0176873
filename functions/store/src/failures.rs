//! Records that could not be counted, kept under `ERRORS` for a person to look at and to put on the stream again.
//!
//! Invariant: a record is never changed but for the note that it was replayed, and the note never makes one.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::table::{ERRORS, PK, SK, TTL};
use jiff::Timestamp;
use metering::batch::FailedRecord;
use metering::window::iso_millis;

use crate::table::{
    Consistency, Item, Table, TableError, integer, number, present, string, text, unless_condition_failed,
};

const REASON: &str = "reason";
const DATA: &str = "data";
const DATA_LENGTH: &str = "dataLength";
const DATA_SHA256: &str = "dataSha256";
const DATA_AT: &str = "dataAt";
const ARRIVED_AT: &str = "arrivedAt";
const SHARD_ID: &str = "shardId";
const SEQUENCE_NUMBER: &str = "sequenceNumber";
const REPLAYED_AT: &str = "replayedAt";

/// The analytics table's failed records.
#[derive(Clone, Debug)]
pub struct Failures {
    table: Table,
}

/// A record that could not be counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredFailure {
    /// Its sort key, which names it.
    pub id: String,
    /// Why it could not be counted.
    pub reason: String,
    /// Its bytes, or the first of them.
    pub data: Vec<u8>,
    /// How many bytes it had.
    pub data_length: usize,
    /// SHA-256 of all of them, in hexadecimal.
    pub data_sha256: String,
    /// Where all of them are, where the item has no room for them: `s3://bucket/records/…`.
    pub data_at: Option<String>,
    /// When the stream took it, ISO 8601.
    pub arrived_at: String,
    pub shard_id: String,
    /// Its place in the shard.
    pub sequence_number: String,
    /// When it was put on the stream again, ISO 8601.
    pub replayed_at: Option<String>,
}

impl Failures {
    /// The failed records of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// At most so many, newest first.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn newest(&self, limit: usize) -> Result<Vec<StoredFailure>, TableError> {
        let query = self.table.client().query().table_name(self.table.name()).scan_index_forward(false);
        let query = query
            .key_condition_expression("#p = :errors")
            .expression_attribute_names("#p", PK)
            .expression_attribute_values(":errors", text(ERRORS));
        let mut items = query.into_paginator().items().send();
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(item) = items.next().await
        {
            found.push(StoredFailure::of(&item.map_err(|error| self.table.failed("Query", &error))?));
        }
        Ok(found)
    }

    /// The record of an id, if there is one.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn get(&self, id: &str) -> Result<Option<StoredFailure>, TableError> {
        Ok(self.table.get(ERRORS, id, Consistency::Strong).await?.as_ref().map(StoredFailure::of))
    }

    /// How many arrived since an instant.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn count_since(&self, since: Timestamp) -> Result<u64, TableError> {
        let mut pages = self.arrived_since(since).into_paginator().send();
        let mut total = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.table.failed("Query", &error))?;
            total += u64::try_from(page.count()).unwrap_or_default();
        }
        Ok(total)
    }

    /// How many arrived since an instant among the newest megabyte of them, which is what one request reads, and whether
    /// there are more.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn count_newest_since(&self, since: Timestamp) -> Result<(u64, bool), TableError> {
        let answer = self.arrived_since(since).scan_index_forward(false).send().await;
        let answer = answer.map_err(|error| self.table.failed("Query", &error))?;
        Ok((u64::try_from(answer.count()).unwrap_or_default(), answer.last_evaluated_key().is_some()))
    }

    /// Asks how many arrived since an instant.
    fn arrived_since(&self, since: Timestamp) -> QueryFluentBuilder {
        let query = self.table.client().query().table_name(self.table.name()).select(Select::Count);
        query
            .key_condition_expression("#p = :errors AND #s >= :since")
            .expression_attribute_names("#p", PK)
            .expression_attribute_names("#s", SK)
            .expression_attribute_values(":errors", text(ERRORS))
            .expression_attribute_values(":since", text(iso_millis(since)))
    }

    /// Notes that a record was put on the stream again. Where it has expired meanwhile there is nothing to note.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn note_replay(&self, id: &str, now: Timestamp) -> Result<(), TableError> {
        let update = self.table.client().update_item().table_name(self.table.name());
        let update = update
            .key(PK, text(ERRORS))
            .key(SK, text(id))
            .update_expression("SET #replayed = :now")
            .condition_expression("attribute_exists(#p)")
            .expression_attribute_names("#replayed", REPLAYED_AT)
            .expression_attribute_names("#p", PK)
            .expression_attribute_values(":now", text(iso_millis(now)));
        unless_condition_failed(update.send().await).map(drop).map_err(|error| self.table.failed("UpdateItem", &error))
    }
}

impl StoredFailure {
    /// Whether a part of the bytes is not here.
    pub const fn is_cut(&self) -> bool {
        self.data.len() < self.data_length
    }

    fn of(item: &Item) -> Self {
        let data = STANDARD.decode(string(item, DATA)).unwrap_or_default();
        let length = integer(item, DATA_LENGTH).and_then(|length| usize::try_from(length).ok());
        Self {
            id: string(item, SK),
            reason: string(item, REASON),
            data_length: length.unwrap_or(data.len()),
            data,
            data_sha256: string(item, DATA_SHA256),
            data_at: present(item, DATA_AT),
            arrived_at: string(item, ARRIVED_AT),
            shard_id: string(item, SHARD_ID),
            sequence_number: string(item, SEQUENCE_NUMBER),
            replayed_at: present(item, REPLAYED_AT),
        }
    }
}

/// The item of a record that could not be counted: the same one however often it is made.
pub(crate) fn item_of(record: &FailedRecord<'_>) -> Item {
    let FailedRecord { reason, data, data_sha256, data_at, arrived_at, shard_id, sequence_number } = record;
    let mut item = Item::from([
        (PK.into(), text(ERRORS)),
        (SK.into(), text(record.sort())),
        (REASON.into(), text(reason.to_string())),
        (DATA.into(), text(STANDARD.encode(record.kept()))),
        (DATA_LENGTH.into(), number(data.len())),
        (DATA_SHA256.into(), text(data_sha256)),
        (ARRIVED_AT.into(), text(iso_millis(*arrived_at))),
        (SHARD_ID.into(), text(*shard_id)),
        (SEQUENCE_NUMBER.into(), text(*sequence_number)),
        (TTL.into(), number(record.expires_at().as_second())),
    ]);
    item.extend(data_at.iter().map(|at| (DATA_AT.to_owned(), text(at))));
    item
}

#[cfg(test)]
mod tests {
    use metering::batch::{Batch, Record};

    use super::*;

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let arrived_at: Timestamp = "2026-11-24T10:15:31Z".parse().unwrap();
        let record = Record { data: b"hello", arrived_at, shard_id: "shardId-0", sequence_number: "49" };
        let batch = Batch::of([record]);
        let [written] = batch.failed.as_slice() else { panic!("it is no event") };
        let read = StoredFailure::of(&item_of(written));
        assert_eq!((read.id, read.data, read.data_length), (written.sort(), b"hello".to_vec(), 5));
        assert_eq!(
            (&*read.arrived_at, &*read.shard_id, &*read.sequence_number),
            ("2026-11-24T10:15:31.000Z", "shardId-0", "49")
        );
        assert_eq!((read.reason, read.data_sha256), (written.reason.to_string(), written.data_sha256.clone()));
        assert_eq!(read.replayed_at, None);
    }

    #[test]
    fn a_record_with_fewer_bytes_than_it_had_is_cut() {
        let whole = StoredFailure { data: b"hello".to_vec(), data_length: 5, ..StoredFailure::default() };
        assert!(!whole.is_cut());
        assert!(StoredFailure { data_length: 1_000_000, ..whole }.is_cut());
    }
}
