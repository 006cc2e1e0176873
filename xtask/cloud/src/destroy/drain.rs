//! Waits until everything on the stream is counted.
//!
//! The last records of each shard tell, one for each of its latest partition keys: those of one key are processed in
//! order, so when the last one is in its block, or under `ERRORS`, those before it are as well. Nobody's word is taken
//! for it but the table's.
//!
//! Invariant: "drained" is said only of a stream that nothing writes to any more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use contract::{Environment, limit, name, table};
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use metering::batch::{Batch, FailedRecord, Record};
use metering::block::Block;
use metering::event::Event;
use metering::subject::Bucket;
use metering::window::Minute;
use xtask::Printer;

use super::authorizer;
use crate::Connection;
use crate::aws_error::{failed_to, is_missing};

/// How far back the last record of a shard is looked for: first where it probably is, then everywhere.
const LOOK_BACK_MINUTES: [i64; 3] = [15, 24 * 60, limit::STREAM_RETENTION_HOURS as i64 * 60];

/// Of how many partition keys the last record is looked at: a shard is read in ten lanes at most, and this many keys
/// leave none of them out.
const KEYS: usize = 64;

/// What became of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything on it is counted, or there is no stream.
    Fully,
    /// Something is left, in words.
    Not(String),
}

/// The last record of a partition key in a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tip {
    shard: String,
    sequence: String,
    arrived_at: Timestamp,
    data: Vec<u8>,
}

/// Waits until the stream is drained, or the time for it is over.
///
/// # Errors
/// When the stream or the table cannot be read.
pub async fn drain(connection: &Connection, env: &Environment, limit: Duration, printer: &Printer) -> Result<Drained> {
    let Some(shards) = shards(connection, env).await? else { return Ok(Drained::Fully) };
    let since = switched_at(connection, env).await?;
    wait_for_the_last_call(since, printer).await;
    let began = Instant::now();
    let tips = try_join_all(shards.iter().map(|shard| tips(connection, env, shard, since)));
    let Ok(tips) = tokio::time::timeout(limit, tips).await else {
        return Ok(Drained::Not(format!("it could not be read to its end within {} s", limit.as_secs())));
    };
    let mut waiting = tips?.concat();
    printer.say(format!("waiting until the stream's {} shards are processed", shards.len()));
    loop {
        let counted = try_join_all(waiting.iter().map(|tip| is_counted(connection, env, tip))).await?;
        let mut counted = counted.into_iter();
        waiting.retain(|_| counted.next() == Some(false));
        if waiting.is_empty() {
            printer.say(format!("the stream is drained ({:.1} s)", began.elapsed().as_secs_f64()));
            return Ok(Drained::Fully);
        }
        if began.elapsed() > limit {
            return Ok(Drained::Not(left(&waiting, Timestamp::now())));
        }
        tokio::time::sleep(connection.pause()).await;
    }
}

/// What is left, in words. Of each partition key only the last record is known, so there may be more.
fn left(waiting: &[Tip], now: Timestamp) -> String {
    let mut shards: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
    for Tip { shard, arrived_at, .. } in waiting {
        let (records, since) = shards.entry(shard).or_insert((0, *arrived_at));
        (*records, *since) = (*records + 1, *arrived_at.min(since));
    }
    let shards = shards.iter().map(|(shard, (records, since))| {
        let seconds = now.duration_since(*since).as_secs();
        format!("{records} on {shard}, which is {seconds} s behind")
    });
    let shards: Vec<String> = shards.collect();
    format!("at least {} records are not counted ({})", waiting.len(), shards.join("; "))
}

/// The shards, closed ones included: they may hold records that nobody has read.
///
/// # Errors
/// When the stream cannot be asked.
pub(crate) async fn shards(connection: &Connection, env: &Environment) -> Result<Option<Vec<String>>> {
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
        let answer = match list.send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
            Err(error) => return Err(failed_to("list the stream's shards")(error)),
        };
        shards.extend(answer.shards().iter().map(|shard| shard.shard_id().to_owned()));
        page = answer.next_token;
        if page.is_none() {
            return Ok(Some(shards));
        }
    }
}

/// When the authorizer last changed: at the latest then it stopped writing to the stream.
async fn switched_at(connection: &Connection, env: &Environment) -> Result<Timestamp> {
    let modified = authorizer(connection, env).await?.and_then(|found| found.last_modified);
    // Lambda writes `2026-11-24T10:15:30.123+0000`.
    let parsed = modified.as_deref().and_then(|text| text.replace("+0000", "Z").parse().ok());
    Ok(parsed.unwrap_or_else(Timestamp::now))
}

/// A call that was being decided at the switch may still write to the stream until the authorizer's time is over.
async fn wait_for_the_last_call(since: Timestamp, printer: &Printer) {
    let last = since + SignedDuration::from_secs(i64::from(limit::AUTHORIZER_TIMEOUT_SECONDS) + 1);
    if let Ok(wait) = Duration::try_from(last.duration_since(Timestamp::now())) {
        printer.say(format!("waiting {:.0} s for calls that are under way", wait.as_secs_f64().ceil()));
        tokio::time::sleep(wait).await;
    }
}

/// The last records of a shard, if it has any.
async fn tips(connection: &Connection, env: &Environment, shard: &str, since: Timestamp) -> Result<Vec<Tip>> {
    for minutes in LOOK_BACK_MINUTES {
        let tips = tips_after(connection, env, shard, since - SignedDuration::from_mins(minutes)).await?;
        if !tips.is_empty() {
            return Ok(tips);
        }
    }
    Ok(Vec::new())
}

async fn tips_after(connection: &Connection, env: &Environment, shard: &str, from: Timestamp) -> Result<Vec<Tip>> {
    let mut tips = BTreeMap::new();
    read_since(connection, env, shard, from, |record| {
        let key = record.partition_key().map(str::to_owned);
        tips.insert(key, Tip::of(shard, &record));
    })
    .await?;
    let mut tips: Vec<Tip> = tips.into_values().collect();
    tips.sort_by_key(|tip| std::cmp::Reverse(tip.arrived_at));
    tips.truncate(KEYS);
    Ok(tips)
}

/// Takes every record of a shard that arrived since an instant, up to the present one.
///
/// # Errors
/// When the shard cannot be read.
pub(crate) async fn read_since(
    connection: &Connection,
    env: &Environment,
    shard: &str,
    from: Timestamp,
    mut take: impl FnMut(aws_sdk_kinesis::types::Record),
) -> Result<()> {
    let client = connection.kinesis();
    let begin = client
        .get_shard_iterator()
        .stream_name(name::stream(env))
        .shard_id(shard)
        .shard_iterator_type(ShardIteratorType::AtTimestamp)
        .timestamp(DateTime::from_millis(from.as_millisecond()));
    let begun = begin.send().await.map_err(failed_to(format!("read {shard}")))?;
    let mut iterator = begun.shard_iterator;
    while let Some(place) = iterator {
        let read = client.get_records().shard_iterator(place).send().await;
        let answer = read.map_err(failed_to(format!("read {shard}")))?;
        let is_at_end = answer.millis_behind_latest().unwrap_or(0) == 0;
        answer.records.into_iter().for_each(&mut take);
        iterator = answer.next_shard_iterator.filter(|_| !is_at_end);
    }
    Ok(())
}

impl Tip {
    fn of(shard: &str, record: &aws_sdk_kinesis::types::Record) -> Self {
        Self {
            shard: shard.to_owned(),
            sequence: record.sequence_number().to_owned(),
            arrived_at: arrived_at(record),
            data: record.data().as_ref().to_vec(),
        }
    }
}

/// When a record arrived. Kinesis always says; without it the record would only be looked for in another minute.
pub(crate) fn arrived_at(record: &aws_sdk_kinesis::types::Record) -> Timestamp {
    let nanos = record.approximate_arrival_timestamp().map(DateTime::as_nanos);
    nanos.and_then(|nanos| Timestamp::from_nanosecond(nanos).ok()).unwrap_or_else(Timestamp::now)
}

/// Whether a record is in its block, or under `ERRORS`.
async fn is_counted(connection: &Connection, env: &Environment, tip: &Tip) -> Result<bool> {
    match Event::parse(&tip.data, tip.arrived_at) {
        Ok(event) => is_in_block(connection, env, &event).await,
        Err(_) => {
            let record = Record {
                data: &tip.data,
                arrived_at: tip.arrived_at,
                shard_id: &tip.shard,
                sequence_number: &tip.sequence,
            };
            let sort = Batch::of([record]).failed.first().map(FailedRecord::sort);
            is_item(connection, env, "ERRORS", sort.unwrap_or_default()).await
        }
    }
}

/// Whether a block of the analytics table holds this event.
///
/// # Errors
/// When the table cannot be read.
pub(crate) async fn is_in_block(connection: &Connection, env: &Environment, event: &Event) -> Result<bool> {
    let (minute, bucket) = (Minute::of(event.timestamp), Bucket::of_event(event));
    let events = events_of(connection, env, minute, bucket).await?;
    Ok(events.iter().any(|other| other.identity() == event.identity()))
}

/// The events that the blocks of a minute and bucket hold.
///
/// # Errors
/// When the table cannot be read.
pub(crate) async fn events_of(
    connection: &Connection,
    env: &Environment,
    minute: Minute,
    bucket: Bucket,
) -> Result<Vec<Event>> {
    let query = connection
        .dynamodb()
        .query()
        .table_name(name::analytics_table(env))
        .consistent_read(true)
        .key_condition_expression("PK = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(format!("CALLS#{minute}#{bucket}")));
    let found: Result<Vec<_>, _> = query.into_paginator().items().send().collect().await;
    let mut events = Vec::new();
    for item in found.map_err(failed_to("read the blocks of a minute"))? {
        let body = item.get("calls").and_then(|calls| calls.as_b().ok());
        events.extend(Block::unpack(body.map_or(&[][..], AsRef::as_ref))?);
    }
    Ok(events)
}

async fn is_item(connection: &Connection, env: &Environment, partition: &str, sort: String) -> Result<bool> {
    let get = connection
        .dynamodb()
        .get_item()
        .table_name(name::analytics_table(env))
        .consistent_read(true)
        .key(table::PK, AttributeValue::S(partition.to_owned()))
        .key(table::SK, AttributeValue::S(sort));
    Ok(get.send().await.map_err(failed_to("look for a failed record"))?.item.is_some())
}

#[cfg(test)]
mod tests;
