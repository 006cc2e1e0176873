//! `errors replay`: failed records, put on the stream again.
//!
//! Invariant: nothing is put that would fail again, and a record whose bytes are cut is never put at all.

mod from_log;

use anyhow::Result;
use aws_sdk_kinesis::primitives::Blob;
use contract::{Environment, name};
use jiff::Timestamp;
use metering::event::Event;
use serde_json::{Value, json};
use store::failures::StoredFailure;
use xtask::{Failure, Printer};

use cloud::Connection;
use cloud::aws::error::{failed_to, is_missing};
use cloud::system::failed_batch::{BATCH, Bucket, unknown};
use cloud::system::failed_record::Records;
use cloud::system::large_record::{Completed, complete};

/// What became of one record or batch.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Replayed {
    id: String,
    /// How many records are on the stream again.
    put: usize,
    /// Why the others are not.
    refused: Vec<String>,
}

/// Replays what only the authorizer's log has.
///
/// # Errors
/// When there is no stream or no log, or one of them cannot be used.
pub async fn from_log(connection: &Connection, env: &Environment, as_json: bool, printer: &Printer) -> Result<()> {
    from_log::run(connection, env, &name::stream(env), as_json, printer).await
}

/// Replays one record or batch, or all of them.
///
/// # Errors
/// When there is none of the id, it cannot be replayed, or there is no stream.
pub async fn run(
    connection: &Connection,
    env: &Environment,
    id: Option<&str>,
    as_json: bool,
    printer: &Printer,
) -> Result<()> {
    let stream = name::stream(env);
    ensure_stream(connection, &stream).await?;
    let replayed = match id {
        Some(id) => vec![one(connection, env, &stream, id).await?],
        None => all(connection, env, &stream).await?,
    };
    let n_put: usize = replayed.iter().map(|outcome| outcome.put).sum();
    if as_json {
        let items: Vec<Value> = replayed.iter().map(Replayed::to_json).collect();
        printer.json(&json!({"stream": stream, "replayed": n_put, "items": items}));
    } else {
        replayed.iter().flat_map(Replayed::lines).for_each(|line| printer.data(line));
        printer.say(format!("put on {stream} again: {n_put}; what is counted already is not counted again"));
    }
    match replayed.as_slice() {
        [outcome] if id.is_some() && outcome.put == 0 => Err(refusal(outcome).into()),
        _ => Ok(()),
    }
}

/// Without a stream there is nowhere to put them, and nothing is changed.
async fn ensure_stream(connection: &Connection, stream: &str) -> Result<()> {
    match connection.kinesis().describe_stream_summary().stream_name(stream).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.as_service_error().is_some_and(is_missing) => {
            Err(Failure::new(format!("there is no stream {stream} to put them on: calls are counted synchronously"))
                .hint("deploy with ENABLE_KINESIS_ANALYTICS=true, then replay; failed records are kept for 90 days")
                .into())
        }
        Err(error) => Err(failed_to(format!("look at {stream}"))(error)),
    }
}

async fn one(connection: &Connection, env: &Environment, stream: &str, id: &str) -> Result<Replayed> {
    if let Some(key) = id.strip_prefix(BATCH) {
        let bucket = Bucket::find(connection, env).await?.ok_or_else(|| unknown(id))?;
        return batch(connection, &bucket, stream, key).await;
    }
    let records = Records::new(connection, env);
    let failed = records.get(id).await?.ok_or_else(|| unknown(id))?;
    record(connection, &records, stream, failed).await
}

async fn all(connection: &Connection, env: &Environment, stream: &str) -> Result<Vec<Replayed>> {
    let records = Records::new(connection, env);
    let mut replayed = Vec::new();
    let mut failed = records.newest(u32::MAX).await?;
    // Oldest first, as they came; those that are on the stream again already only on request.
    failed.reverse();
    for failed in failed.into_iter().filter(|failed| failed.replayed_at.is_none()) {
        replayed.push(record(connection, &records, stream, failed).await?);
    }
    if let Some(bucket) = Bucket::find(connection, env).await? {
        for found in bucket.newest(u32::MAX).await?.iter().rev() {
            replayed.push(batch(connection, &bucket, stream, &found.key).await?);
        }
    }
    Ok(replayed)
}

async fn record(connection: &Connection, records: &Records, stream: &str, failed: StoredFailure) -> Result<Replayed> {
    let failed = complete(connection, failed).await?;
    let record = &failed.record;
    let mut outcome = Replayed { id: record.id.clone(), put: 0, refused: Vec::new() };
    match partition_key(&failed, Timestamp::now()) {
        Ok(key) => {
            put(connection, stream, &key, &record.data).await?;
            records.note_replay(&record.id).await?;
            outcome.put = 1;
        }
        Err(reason) => outcome.refused.push(reason),
    }
    Ok(outcome)
}

/// A batch was given up for a reason outside it, or for one record's sake: each is put again, and what cannot be
/// counted becomes an item under `ERRORS`.
async fn batch(connection: &Connection, bucket: &Bucket<'_>, stream: &str, key: &str) -> Result<Replayed> {
    let id = format!("{BATCH}{key}");
    let mut outcome = Replayed { id: id.clone(), put: 0, refused: Vec::new() };
    let batch = match bucket.read(key).await {
        Ok(batch) => batch.ok_or_else(|| unknown(&id))?,
        Err(error) => {
            outcome.refused.push(format!("{error:#}"));
            return Ok(outcome);
        }
    };
    for record in batch.records.iter().flatten() {
        put(connection, stream, &record.partition_key, &record.data).await?;
        outcome.put += 1;
    }
    bucket.remove(key).await?;
    Ok(outcome)
}

/// What chooses the shard, as the authorizer chooses it; or why the record cannot be replayed.
fn partition_key(failed: &Completed, now: Timestamp) -> Result<String, String> {
    if let Some(cut) = failed.cut() {
        return Err(cut);
    }
    let event = Event::parse(&failed.record.data, now).map_err(|reason| format!("it would fail again: {reason}"))?;
    Ok(event.partition_key().to_owned())
}

async fn put(connection: &Connection, stream: &str, key: &str, data: &[u8]) -> Result<()> {
    let put = connection.kinesis().put_record().stream_name(stream).partition_key(key).data(Blob::new(data));
    put.send().await.map(drop).map_err(failed_to(format!("put a record on {stream}")))
}

fn refusal(outcome: &Replayed) -> Failure {
    let failure = Failure::new(format!("{} was not replayed: {}", outcome.id, outcome.refused.join("; ")));
    failure.hint("it stays where it is: `cargo xtask errors show` has its data")
}

impl Replayed {
    fn lines(&self) -> Vec<String> {
        let Self { id, put, refused } = self;
        let mut lines = Vec::new();
        if *put > 0 {
            lines.push(format!("{id}  replayed ({put})"));
        }
        lines.extend(refused.iter().map(|reason| format!("{id}  not replayed: {reason}")));
        lines
    }

    fn to_json(&self) -> Value {
        let Self { id, put, refused } = self;
        json!({"id": id, "replayed": put, "refused": refused})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T10:15:31Z";

    fn failed(data: &str, data_length: usize) -> Completed {
        let record = StoredFailure { data: data.into(), data_length, ..StoredFailure::default() };
        Completed { record, lost: None }
    }

    fn key(data: &str) -> Result<String, String> {
        partition_key(&failed(data, data.len()), NOW.parse().unwrap())
    }

    #[test]
    fn a_record_that_can_be_counted_now_goes_to_its_users_shard() {
        let call =
            r#"{"eventType":"API_CALL","requestId":"1","timestamp":"2026-11-24T10:15:30Z","userEmail":"a@b.au"}"#;
        assert_eq!(key(call), Ok("a@b.au".into()));
        let failure = r#"{"eventType":"API_AUTH_FAILED","requestId":"7","timestamp":"2026-11-24T10:15:30Z","reason":"missing_api_key"}"#;
        assert_eq!(key(failure), Ok("7".into()));
    }

    #[test]
    fn a_record_that_would_fail_again_is_refused_with_the_reason() {
        let old = r#"{"eventType":"API_CALL","requestId":"1","timestamp":"2026-11-01T10:15:30Z","userEmail":"a@b.au"}"#;
        let reason = key(old).unwrap_err();
        assert!(reason.starts_with("it would fail again: timestamp is more than eight days"), "{reason}");
        assert!(key("{").unwrap_err().starts_with("it would fail again: not an event"));
    }

    #[test]
    fn a_cut_record_is_refused() {
        let reason = partition_key(&failed("{", 1_000), NOW.parse().unwrap()).unwrap_err();
        assert_eq!(reason, "only 1 of its 1000 bytes are here");
    }
}
