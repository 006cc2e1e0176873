//! How many records of the local system's stream have not been processed yet.
//!
//! Invariant: a shard of which nothing is known counts from its beginning, so none is overlooked. On AWS the metric
//! of the iterator's age says it, without reading the stream a second time.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use aws_sdk_kinesis::types::ShardIteratorType;
use contract::{Environment, Function, name};
use serde_json::Value;

use crate::Connection;
use crate::aws::error::{failed_to, found};
use crate::local_state::folder::Folder;

/// More than this is only said to be so many.
const ENOUGH: u64 = 100_000;
/// Answers without a record after which a shard is taken to be read to its end.
const EMPTY_ANSWERS: usize = 2;

/// Records that wait; nothing where that is not known: on AWS, and where there is no stream.
///
/// # Errors
/// When the stream cannot be read.
pub async fn unread(connection: &Connection, env: &Environment) -> Result<Option<u64>> {
    if !connection.is_local() {
        return Ok(None);
    }
    let stream = name::stream(env);
    let listed = connection.kinesis().list_shards().stream_name(&stream).send().await;
    let Some(listed) = found(listed, format!("list the shards of {stream}"))? else { return Ok(None) };
    let document = checkpoints()?;
    let places = mapping(connection, env).await?.map(|uuid| places(&document[uuid])).unwrap_or_default();
    let mut total = 0;
    for shard in listed.shards() {
        total += match places.get(shard.shard_id()) {
            Some(Place::End) => 0,
            Some(Place::After(number)) => after(connection, &stream, shard.shard_id(), Some(number)).await?,
            None => after(connection, &stream, shard.shard_id(), None).await?,
        };
    }
    Ok(Some(total))
}

/// The file of the event source's checkpoints; null before the first one is written.
fn checkpoints() -> Result<Value> {
    let path = Folder::open()?.checkpoints().join("checkpoints.json");
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Value::Null),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The id of the processor's event source mapping: checkpoints of earlier ones say nothing of this stream.
async fn mapping(connection: &Connection, env: &Environment) -> Result<Option<String>> {
    let processor = Function::StreamProcessor.physical_name(env);
    let asked = connection.lambda().list_event_source_mappings().function_name(&processor).send().await;
    Ok(found(asked, format!("look for the event source of {processor}"))?.and_then(|answer| {
        answer.event_source_mappings().first().and_then(|mapping| mapping.uuid()).map(str::to_owned)
    }))
}

/// How far a shard has been processed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    After(String),
    End,
}

/// The place of each shard, as the file has it of one mapping.
fn places(mapping: &Value) -> BTreeMap<String, Place> {
    let shards = mapping["shards"].as_object().into_iter().flatten();
    let place = |(shard, place): (&String, &Value)| match place["after"].as_str() {
        Some(number) => Some((shard.clone(), Place::After(number.to_owned()))),
        None => (place == "end").then(|| (shard.clone(), Place::End)),
    };
    shards.filter_map(place).collect()
}

async fn after(connection: &Connection, stream: &str, shard: &str, number: Option<&str>) -> Result<u64> {
    let client = connection.kinesis();
    let ask = client.get_shard_iterator().stream_name(stream).shard_id(shard);
    let ask = match number {
        Some(number) => {
            ask.shard_iterator_type(ShardIteratorType::AfterSequenceNumber).starting_sequence_number(number)
        }
        None => ask.shard_iterator_type(ShardIteratorType::TrimHorizon),
    };
    let what = || format!("read {shard} of {stream}");
    let mut iterator = ask.send().await.map_err(failed_to(what()))?.shard_iterator;
    let mut total = 0;
    let mut n_empty = 0;
    while let Some(next) = iterator
        && n_empty < EMPTY_ANSWERS
        && total < ENOUGH
    {
        let answer = client.get_records().shard_iterator(next).send().await.map_err(failed_to(what()))?;
        total += answer.records().len() as u64;
        n_empty = if answer.records().is_empty() { n_empty + 1 } else { 0 };
        iterator = answer.next_shard_iterator;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_are_read_as_the_runner_writes_them() {
        let document = json!({"since": "2026-11-24T10:00:00Z", "shards": {"s-0": {"after": "49"}, "s-1": "end"}});
        let places = places(&document);
        assert_eq!(places["s-0"], Place::After("49".into()));
        assert_eq!(places["s-1"], Place::End);
    }
}
