//! The last record of each partition key of a shard, and whether it is counted.
//!
//! Invariant: a record is left out only when a later one of its key and shard stands for it, or it is counted itself.

use std::collections::BTreeMap;

use anyhow::Result;
use contract::{Environment, name};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use metering::batch::{Batch, FailedRecord, Record};
use metering::event::Event;
use metering::subject::Bucket;
use metering::window::Minute;
use store::blocks::Blocks;
use store::failures::Failures;
use store::table::{CONCURRENCY, Consistency};

use super::shard::{Place, Reading, arrived_at};
use crate::Connection;
use crate::aws::dynamodb::table;
use crate::aws::error::table_failed_to;

/// Of how many partition keys of a shard the last record is kept: with more, those that are counted are dropped, and
/// where that is not enough the shard is read on later.
pub(super) const KEYS: usize = 500;

/// The last record of a partition key in a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) shard: String,
    pub(super) key: String,
    pub(super) sequence: String,
    pub(super) arrived_at: Timestamp,
    pub(super) data: Vec<u8>,
}

/// A shard that is to be read, up to the present record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) shard: String,
    pub(super) place: Place,
}

impl Unread {
    /// The tips that are to be looked at, and what is left to read once they are counted; nothing at the end.
    pub(super) async fn read(&self, connection: &Connection, env: &Environment) -> Result<(Vec<Tip>, Option<Self>)> {
        let mut reading = Reading::begin(connection, env, &self.shard, &self.place).await?;
        let mut tips = BTreeMap::new();
        while let Some(records) = reading.page().await? {
            let last = records.last().map(|record| record.sequence_number().to_owned());
            tips.extend(records.iter().map(|record| keyed(Tip::of(&self.shard, record))));
            if tips.len() > KEYS {
                let left = uncounted(connection, env, tips.into_values().collect()).await?;
                tips = left.into_iter().map(keyed).collect();
            }
            if let Some(last) = last.filter(|_| tips.len() > KEYS) {
                let rest = Self { shard: self.shard.clone(), place: Place::After(last) };
                return Ok((tips.into_values().collect(), Some(rest)));
            }
        }
        Ok((tips.into_values().collect(), None))
    }
}

fn keyed(tip: Tip) -> (String, Tip) {
    (tip.key.clone(), tip)
}

impl Tip {
    fn of(shard: &str, record: &aws_sdk_kinesis::types::Record) -> Self {
        Self {
            shard: shard.to_owned(),
            // Without a key nothing stands for it but itself.
            key: record.partition_key().unwrap_or(record.sequence_number()).to_owned(),
            sequence: record.sequence_number().to_owned(),
            arrived_at: arrived_at(record),
            data: record.data().as_ref().to_vec(),
        }
    }

    /// Its place under `ERRORS`, if it is a record that cannot be counted.
    fn failed_sort(&self) -> Option<String> {
        let Self { shard, sequence, arrived_at, data, .. } = self;
        let record = Record { data, arrived_at: *arrived_at, shard_id: shard, sequence_number: sequence };
        Batch::of([record]).failed.first().map(FailedRecord::sort)
    }
}

/// Those that are neither in their block nor under `ERRORS`. A block is read once for all of its tips.
pub(super) async fn uncounted(connection: &Connection, env: &Environment, tips: Vec<Tip>) -> Result<Vec<Tip>> {
    let mut of_blocks: BTreeMap<(Minute, Bucket), Vec<(Tip, Event)>> = BTreeMap::new();
    let mut of_errors = Vec::new();
    for tip in tips {
        match Event::parse(&tip.data, tip.arrived_at) {
            Ok(event) => {
                let block = (Minute::of(event.timestamp), Bucket::of_event(&event));
                of_blocks.entry(block).or_default().push((tip, event));
            }
            Err(_) => of_errors.push(tip),
        }
    }
    let in_blocks = of_blocks.into_iter().map(|((minute, bucket), awaited)| async move {
        let events = events_of(connection, env, minute, bucket).await?;
        let is_missing = |event: &Event| events.iter().all(|other| other.identity() != event.identity());
        anyhow::Ok(awaited.into_iter().filter(|(_, event)| is_missing(event)).map(|(tip, _)| tip).collect::<Vec<_>>())
    });
    let failures = &Failures::new(table(connection, name::analytics_table(env)));
    let in_errors = of_errors.into_iter().map(|tip| async move {
        let failed = failures.get(&tip.failed_sort().unwrap_or_default()).await;
        let is_there = failed.map_err(table_failed_to("look for a failed record"))?.is_some();
        anyhow::Ok(Some(tip).filter(|_| !is_there))
    });
    let in_blocks: Vec<_> = stream::iter(in_blocks).buffer_unordered(CONCURRENCY).try_collect().await?;
    let in_errors: Vec<_> = stream::iter(in_errors).buffer_unordered(CONCURRENCY).try_collect().await?;
    Ok(in_blocks.into_iter().flatten().chain(in_errors.into_iter().flatten()).collect())
}

/// The events that the blocks of a minute and bucket hold.
///
/// # Errors
/// When the table cannot be read.
pub async fn events_of(
    connection: &Connection,
    env: &Environment,
    minute: Minute,
    bucket: Bucket,
) -> Result<Vec<Event>> {
    let blocks = Blocks::new(table(connection, name::analytics_table(env)));
    let found = blocks.read(minute, bucket, Consistency::Strong).await;
    let found = found.map_err(table_failed_to("read the blocks of a minute"))?;
    Ok(found.into_iter().flat_map(|block| block.events).collect())
}
