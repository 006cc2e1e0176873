//! Reads a shard of the stream, page by page.
//!
//! Invariant: every record from where it began up to the present one is given once.

use std::time::Duration;

use anyhow::Result;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};
use contract::{Environment, name};
use jiff::Timestamp;

use crate::Connection;
use crate::aws::error::{failed_to, found};

/// For how long a shard is left alone that has given as much as it may: after ten megabytes it gives nothing for five
/// seconds (Kinesis API Reference, GetRecords).
const REST: Duration = Duration::from_secs(1);

/// Where a reading begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// With the first record that arrived then or later.
    Since(Timestamp),
    /// With the one that follows this sequence number.
    After(String),
}

/// A shard that is being read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    connection: &'a Connection,
    shard: &'a str,
    next: Option<String>,
    is_first: bool,
}

impl<'a> Reading<'a> {
    pub(super) async fn begin(
        connection: &'a Connection,
        env: &Environment,
        shard: &'a str,
        place: &Place,
    ) -> Result<Self> {
        let begin = connection.kinesis().get_shard_iterator().stream_name(name::stream(env)).shard_id(shard);
        let begin = match place {
            Place::Since(from) => begin
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis(from.as_millisecond())),
            Place::After(sequence) => {
                begin.shard_iterator_type(ShardIteratorType::AfterSequenceNumber).starting_sequence_number(sequence)
            }
        };
        let begun = begin.send().await.map_err(failed_to(format!("read {shard}")))?;
        Ok(Self { connection, shard, next: begun.shard_iterator, is_first: true })
    }

    /// The next records, which may be none at all; nothing after the present one.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<Record>>> {
        let Some(place) = self.next.take() else { return Ok(None) };
        if !self.is_first {
            // A shard is read five times a second, by everybody together: the processor has to get on.
            tokio::time::sleep(self.connection.pause() / 8).await;
        }
        self.is_first = false;
        loop {
            let answer = match self.connection.kinesis().get_records().shard_iterator(&place).send().await {
                Ok(answer) => answer,
                Err(error)
                    if error.as_service_error().is_some_and(|e| e.is_provisioned_throughput_exceeded_exception()) =>
                {
                    tokio::time::sleep(REST).await;
                    continue;
                }
                Err(error) => return Err(failed_to(format!("read {}", self.shard))(error)),
            };
            let is_at_end = answer.millis_behind_latest().unwrap_or(0) == 0;
            self.next = answer.next_shard_iterator.filter(|_| !is_at_end);
            return Ok(Some(answer.records));
        }
    }
}

/// Takes every record of a shard that arrived since an instant, up to the present one.
///
/// # Errors
/// When the shard cannot be read.
pub async fn read_since(
    connection: &Connection,
    env: &Environment,
    shard: &str,
    from: Timestamp,
    mut take: impl FnMut(Record),
) -> Result<()> {
    let mut reading = Reading::begin(connection, env, shard, &Place::Since(from)).await?;
    while let Some(records) = reading.page().await? {
        records.into_iter().for_each(&mut take);
    }
    Ok(())
}

/// When a record arrived. Kinesis always says; without it the record would only be looked for in another minute.
pub fn arrived_at(record: &Record) -> Timestamp {
    let nanos = record.approximate_arrival_timestamp().map(DateTime::as_nanos);
    nanos.and_then(|nanos| Timestamp::from_nanosecond(nanos).ok()).unwrap_or_else(Timestamp::now)
}

/// The shards, closed ones included: they may hold records that nobody has read.
///
/// # Errors
/// When the stream cannot be asked.
pub async fn shards(connection: &Connection, env: &Environment) -> Result<Option<Vec<String>>> {
    let client = connection.kinesis();
    let mut shards = Vec::new();
    let mut page: Option<String> = None;
    loop {
        // A page's token stands for the stream, which may not be named again.
        let list = client.list_shards();
        let list = match page {
            Some(token) => list.next_token(token),
            None => list.stream_name(name::stream(env)),
        };
        let Some(answer) = found(list.send().await, "list the stream's shards")? else { return Ok(None) };
        shards.extend(answer.shards().iter().map(|shard| shard.shard_id().to_owned()));
        page = answer.next_token;
        if page.is_none() {
            return Ok(Some(shards));
        }
    }
}
