//! The batches that the event source gave up, in the bucket of its on-failure destination.
//!
//! Invariant: an object that is not such a batch is shown as what it is, and never replayed in part.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloudformation::resource_type;
use contract::{Environment, name};
use jiff::Timestamp;
use metering::window::iso_millis;
use serde_json::{Value, json};
use xtask::Failure;

use super::failed_record;
use crate::Connection;
use crate::aws::error::{failed_to, found};
use crate::stack::read;

/// What the id of a batch in the bucket begins with; the rest is the object's key.
pub const BATCH: &str = "s3:";

/// The bucket of an environment.
#[derive(Debug)]
pub struct Bucket<'a> {
    connection: &'a Connection,
    name: String,
}

/// A batch; its records only where it has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The object's key.
    pub key: String,
    /// When it was written.
    pub written_at: String,
    /// The object's size in bytes.
    pub size: u64,
    /// What it holds.
    pub records: Option<Vec<Record>>,
}

/// A record as the processor got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What chose its shard.
    pub partition_key: String,
    /// Its place in the shard.
    pub sequence_number: String,
    pub data: Vec<u8>,
}

impl<'a> Bucket<'a> {
    /// The bucket that the Kinesis stack has for this; nothing where the stack is not deployed or has none.
    ///
    /// # Errors
    /// When CloudFormation cannot be asked.
    pub async fn find(connection: &'a Connection, env: &Environment) -> Result<Option<Self>> {
        let stack = name::kinesis_stack(env);
        let resources = read::resources(connection, &stack).await?;
        let bucket = resources.iter().find(|resource| resource.resource_type() == Some(resource_type::BUCKET));
        let name = bucket.and_then(|bucket| bucket.physical_resource_id()).filter(|name| !name.is_empty());
        Ok(name.map(|name| Self { connection, name: name.to_owned() }))
    }

    /// So many batches, newest first.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub async fn newest(&self, limit: u32) -> Result<Vec<Batch>> {
        let client = self.connection.s3();
        let mut pages =
            client.list_objects_v2().bucket(&self.name).prefix(name::FAILED_BATCHES).into_paginator().send();
        let mut batches = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed_to(format!("list {}", self.name)))?;
            batches.extend(page.contents().iter().map(|object| Batch {
                key: object.key().unwrap_or_default().to_owned(),
                written_at: object.last_modified().map(time).unwrap_or_default(),
                size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                records: None,
            }));
        }
        batches.sort_by(|one, other| (&other.written_at, &other.key).cmp(&(&one.written_at, &one.key)));
        batches.truncate(limit as usize);
        Ok(batches)
    }

    /// A batch with its records; nothing where there is none of the key.
    ///
    /// # Errors
    /// When the object cannot be read.
    pub async fn read(&self, key: &str) -> Result<Option<Batch>> {
        let got = self.connection.s3().get_object().bucket(&self.name).key(key).send().await;
        let Some(object) = found(got, format!("read {key}"))? else { return Ok(None) };
        let written_at = object.last_modified().map(time).unwrap_or_default();
        let body = object.body.collect().await.with_context(|| format!("cannot read {key}"))?.into_bytes();
        let records = records(&body).with_context(|| format!("{key} in {}", self.name))?;
        Ok(Some(Batch { key: key.to_owned(), written_at, size: body.len() as u64, records: Some(records) }))
    }

    /// Removes a batch whose records are on the stream again.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, key: &str) -> Result<()> {
        let remove = self.connection.s3().delete_object().bucket(&self.name).key(key);
        remove.send().await.map(drop).map_err(failed_to(format!("remove {key}")))
    }
}

impl Batch {
    /// How it is named to `show` and `replay`.
    pub fn id(&self) -> String {
        format!("{BATCH}{}", self.key)
    }

    /// The batch on one line.
    pub fn line(&self) -> String {
        format!("{}  a batch that was given up {} ({} bytes)", self.id(), self.written_at, self.size)
    }

    /// The batch with its records.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.line()];
        for record in self.records.iter().flatten() {
            lines.push(String::new());
            lines.push(format!("{} {}", record.sequence_number, failed_record::printable(&record.partition_key)));
            lines.extend(failed_record::shown(&record.data));
        }
        lines
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self { key: _, written_at, size, records } = self;
        let records = records.as_ref().map(|records| records.iter().map(Record::to_json).collect::<Vec<_>>());
        json!({"id": self.id(), "writtenAt": written_at, "size": size, "records": records})
    }
}

impl Record {
    fn to_json(&self) -> Value {
        let Self { partition_key, sequence_number, data } = self;
        json!({
            "partitionKey": partition_key, "sequenceNumber": sequence_number, "data": STANDARD.encode(data),
            "text": std::str::from_utf8(data).ok(),
        })
    }
}

/// That there is no record or batch of an id.
pub fn unknown(id: &str) -> Failure {
    Failure::new(format!("there is no failed record `{id}`")).hint("`cargo xtask errors list` shows their ids")
}

/// The records in the body of an object: its `payload` is the event that the function was sent, as JSON in a string.
fn records(body: &[u8]) -> Result<Vec<Record>> {
    let document: Value = serde_json::from_slice(body).context("no JSON")?;
    let payload = match document["payload"].as_str() {
        Some(text) => serde_json::from_str(text).context("its payload is not JSON")?,
        None => document["payload"].clone(),
    };
    let Some(records) = payload["Records"].as_array() else {
        return Err(Failure::new("it holds no records").hint("only a destination in S3 keeps the records").into());
    };
    records.iter().map(record_of).collect()
}

fn record_of(record: &Value) -> Result<Record> {
    let text = |key: &str| record["kinesis"][key].as_str().map(str::to_owned);
    let data = text("data").context("a record has no data")?;
    Ok(Record {
        partition_key: text("partitionKey").context("a record has no partition key")?,
        sequence_number: text("sequenceNumber").unwrap_or_default(),
        data: STANDARD.decode(data).context("a record's data is not base64")?,
    })
}

fn time(time: &aws_smithy_types::DateTime) -> String {
    Timestamp::from_second(time.secs()).map(iso_millis).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        json!({"Records": [{"kinesis": {"partitionKey": "a@b.au", "sequenceNumber": "49", "data": "aGVsbG8="}}]})
    }

    #[test]
    fn the_payload_is_read_as_an_object_and_as_a_string() {
        for payload in [event(), Value::String(event().to_string())] {
            let records = records(json!({"version": "1.0", "payload": payload}).to_string().as_bytes()).unwrap();
            assert_eq!(
                records,
                [Record { partition_key: "a@b.au".into(), sequence_number: "49".into(), data: b"hello".to_vec() }]
            );
        }
    }

    #[test]
    fn an_object_without_records_is_an_error() {
        for body in ["", "{}", r#"{"payload":"{}"}"#, r#"{"payload":{"Records":[{"kinesis":{"data":"?"}}]}}"#] {
            assert!(records(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_batch_is_named_by_its_key() {
        let key = "aws/lambda/uuid/shard/2026/11/24/x".to_owned();
        let batch = Batch { key, written_at: "2026-11-24T10:00:00.000Z".into(), size: 10, records: None };
        assert_eq!(batch.id().strip_prefix(BATCH), Some(&*batch.key));
    }
}
