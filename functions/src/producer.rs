//! The usage stream, as the authorizer writes to it.
//!
//! Invariant: `Ok` means that the stream has every record; after an error it may have some of them, which is why a
//! record says which event it is.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::kinesis::Kinesis;

/// How long one request may take, its connection included.
const ATTEMPT: Duration = Duration::from_millis(250);
/// Requests for one set of records.
const ATTEMPTS: u32 = 2;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(10);

/// One record of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Chooses the shard.
    pub partition_key: String,
    /// An event's JSON.
    pub data: Vec<u8>,
}

/// The stream did not take a record, or did not say that it has.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(pub String);

/// Something that takes records.
pub trait Producer {
    /// Gives it some records.
    ///
    /// # Errors
    /// When it may lack one of them.
    fn put(&self, records: Vec<Record>) -> impl Future<Output = Result<(), NotTaken>>;
}

/// A Kinesis stream.
#[derive(Clone, Debug)]
pub struct StreamProducer {
    kinesis: Kinesis,
    name: String,
}

/// What `PutRecord` takes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecord<'a> {
    stream_name: &'a str,
    #[serde(flatten)]
    record: Entry<'a>,
}

/// What `PutRecords` takes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutRecords<'a> {
    stream_name: &'a str,
    records: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    partition_key: &'a str,
    data: String,
}

/// What `PutRecords` answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Taken {
    records: Vec<ResultEntry>,
}

/// What became of a record.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResultEntry {
    error_code: Option<String>,
}

impl Record {
    /// A record under a partition key.
    pub fn new(partition_key: impl Into<String>, data: Vec<u8>) -> Self {
        Self { partition_key: partition_key.into(), data }
    }
}

impl StreamProducer {
    /// The stream of that name. It is given up soon: who puts a record has a caller waiting.
    pub fn new(kinesis: Kinesis, name: impl Into<String>) -> Self {
        Self { kinesis, name: name.into() }
    }

    /// Asks once more where an answer did not come or was a refusal, whatever the reason.
    async fn ask(&self, operation: &'static str, request: &impl Serialize) -> Result<Vec<u8>, NotTaken> {
        let body = serde_json::to_vec(request).map_err(|error| NotTaken(error.to_string()))?;
        for _ in 1..ATTEMPTS {
            if let Ok(answer) = self.kinesis.ask(operation, body.clone(), ATTEMPT).await {
                return Ok(answer);
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.kinesis.ask(operation, body, ATTEMPT).await.map_err(|error| NotTaken(error.to_string()))
    }

    async fn put_one(&self, record: &Record) -> Result<(), NotTaken> {
        let request = PutRecord { stream_name: &self.name, record: record.into() };
        self.ask("PutRecord", &request).await.map(drop)
    }

    async fn put_all(&self, records: &[Record]) -> Result<(), NotTaken> {
        let request = PutRecords { stream_name: &self.name, records: records.iter().map(Entry::from).collect() };
        let answer = self.ask("PutRecords", &request).await?;
        let taken: Taken = serde_json::from_slice(&answer).map_err(|error| NotTaken(error.to_string()))?;
        taken.records.into_iter().find_map(|entry| entry.error_code).map_or(Ok(()), |code| Err(NotTaken(code)))
    }
}

impl<'a> From<&'a Record> for Entry<'a> {
    fn from(Record { partition_key, data }: &'a Record) -> Self {
        Self { partition_key, data: BASE64.encode(data) }
    }
}

impl Producer for StreamProducer {
    async fn put(&self, records: Vec<Record>) -> Result<(), NotTaken> {
        match records.as_slice() {
            [] => Ok(()),
            [record] => self.put_one(record).await,
            records => self.put_all(records).await,
        }
    }
}

#[cfg(test)]
mod tests;
