//! How the stream is: how many shards it has, what of it could not be counted, and how late the rest was.
//!
//! Invariant: Kinesis is asked at most once in ten seconds by a process, and an answer that it does not give is missing
//! from ours, which is given all the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use metering::report::stream::StreamHealth;
use metering::window::Minute;
use serde_json::{Value, json};

use super::AnalyticsApi;
use crate::kinesis::Kinesis;
use store::table::TableError;

/// How long what Kinesis has said is good. It takes no more than 20 of these requests a second from a whole account.
const KEPT: SignedDuration = SignedDuration::from_secs(10);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long failed records are counted.
const FAILED_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// Over how many minutes the lag is taken.
const LAG_MINUTES: i64 = 5;

/// A stream, and what it has said of itself.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    kinesis: Kinesis,
    name: String,
    said: Arc<Mutex<Option<Said>>>,
}

/// How many shards there were, if that was said, and when.
#[derive(Clone, Copy, Debug)]
struct Said {
    at: Timestamp,
    open_shards: Option<u32>,
}

impl AnalyticsApi {
    /// The same, which also knows how the stream is.
    #[must_use]
    pub fn with_stream(self, kinesis: Kinesis, name: String) -> Self {
        Self { stream: Some(Stream { kinesis, name, said: Arc::default() }), ..self }
    }

    /// How the stream is, with windows that are set up to a minute.
    pub(super) async fn stream_health(&self, set: Minute, now: Timestamp) -> Result<StreamHealth, TableError> {
        let open_shards = async {
            match &self.stream {
                Some(stream) => Ok(stream.open_shards(now).await),
                None => Ok(None),
            }
        };
        let first = set.plus(1 - LAG_MINUTES).max(set.day().first_hour().first_minute());
        let (open_shards, (failed_records, more_failed), figures) = tokio::try_join!(
            open_shards,
            self.failures.count_newest_since(now - FAILED_WITHIN),
            self.windows.figures(first, set)
        )?;
        let lag_ms = figures.iter().filter_map(|figures| figures.lag_ms).max();
        Ok(StreamHealth { open_shards, failed_records, more_failed, lag_ms })
    }
}

impl Stream {
    async fn open_shards(&self, now: Timestamp) -> Option<u32> {
        let said = *self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said.filter(|said| now.duration_since(said.at) < KEPT) {
            return said.open_shards;
        }
        let open_shards = self.ask().await;
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(Said { at: now, open_shards });
        open_shards
    }

    async fn ask(&self) -> Option<u32> {
        let body = json!({ "StreamName": self.name }).to_string().into_bytes();
        let answer = self.kinesis.ask("DescribeStreamSummary", body, PATIENCE).await;
        let answer = answer.inspect_err(|cause| tracing::warn!(%cause, "the stream does not say how it is")).ok()?;
        let answer: Value = serde_json::from_slice(&answer).ok()?;
        u32::try_from(answer.pointer("/StreamDescriptionSummary/OpenShardCount")?.as_u64()?).ok()
    }
}
