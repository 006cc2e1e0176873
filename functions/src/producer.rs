//! The usage stream, as the authorizer writes to it.
//!
//! Invariant: `Ok` means that the stream has every record; after an error it may have some of them, which is why a
//! record says which event it is.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::error::{BuildError, DisplayErrorContext};
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

/// How long one request may take, its connection included.
const ATTEMPT: Duration = Duration::from_millis(250);
/// Requests for one set of records.
const ATTEMPTS: u32 = 2;
/// Longest partition key, in characters (Kinesis API reference, "PutRecord").
const MAX_PARTITION_KEY_CHARS: usize = 256;

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
pub struct Stream {
    client: Client,
    name: String,
}

impl Record {
    /// A record under a partition key, cut to what Kinesis takes.
    pub fn new(partition_key: &str, data: Vec<u8>) -> Self {
        Self { partition_key: partition_key.chars().take(MAX_PARTITION_KEY_CHARS).collect(), data }
    }
}

impl Stream {
    /// The stream of that name, reached with short time-outs: who puts a record has a caller waiting.
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        let retry = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(10))
            .with_max_backoff(Duration::from_millis(50));
        let timeout = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build();
        let config = aws_sdk_kinesis::config::Builder::from(config).retry_config(retry).timeout_config(timeout).build();
        Self { client: Client::from_conf(config), name: name.into() }
    }

    async fn put_all(&self, records: Vec<Record>) -> Result<(), NotTaken> {
        let entries = records.into_iter().map(entry).collect::<Result<Vec<_>, _>>();
        let entries = entries.map_err(|error| NotTaken(error.to_string()))?;
        let request = self.client.put_records().stream_name(&self.name).set_records(Some(entries));
        let answer = request.send().await.map_err(not_taken)?;
        match answer.records().iter().find_map(|record| record.error_code()) {
            Some(code) => Err(NotTaken(code.into())),
            None => Ok(()),
        }
    }
}

impl Producer for Stream {
    async fn put(&self, mut records: Vec<Record>) -> Result<(), NotTaken> {
        if records.len() > 1 {
            return self.put_all(records).await;
        }
        let Some(Record { partition_key, data }) = records.pop() else { return Ok(()) };
        let request = self.client.put_record().stream_name(&self.name).partition_key(partition_key);
        request.data(Blob::new(data)).send().await.map(drop).map_err(not_taken)
    }
}

fn entry(Record { partition_key, data }: Record) -> Result<PutRecordsRequestEntry, BuildError> {
    PutRecordsRequestEntry::builder().partition_key(partition_key).data(Blob::new(data)).build()
}

fn not_taken<E: std::error::Error>(error: E) -> NotTaken {
    NotTaken(DisplayErrorContext(&error).to_string())
}

#[cfg(test)]
mod tests;
