//! How the stream is: how many shards it has, what of it could not be counted, how late the rest was, and what waits.
//!
//! Invariant: Kinesis and CloudWatch are asked no more often than what they say changes, and an answer that they do not
//! give is missing from ours, which is given all the same.

mod kept;
mod waiting;

use std::time::Duration;

use contract::{Environment, Function};
use jiff::{SignedDuration, Timestamp};
use metering::report::stream::StreamHealth;
use metering::window::Minute;
use serde_json::{Value, json};

use self::kept::Kept;
use self::waiting::{LOOKED_BACK_MINUTES, waiting};
use super::AnalyticsApi;
use crate::cloudwatch::{CloudWatch, Metric};
use crate::kinesis::Kinesis;
use store::table::TableError;

/// How long what Kinesis has said is good. It takes no more than 20 of these requests a second from a whole account.
const SHARDS_KEPT: SignedDuration = SignedDuration::from_secs(10);
/// The same of CloudWatch, which has one more minute once a minute.
const WAITING_KEPT: SignedDuration = SignedDuration::from_secs(30);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long failed records are counted.
const FAILED_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// Over how many minutes the lag is taken.
const LAG_MINUTES: i64 = 5;

/// A stream and the function that takes its records, and what was said of them.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    kinesis: Kinesis,
    cloudwatch: CloudWatch,
    name: String,
    processor: String,
    open_shards: Kept<u32>,
    waiting: Kept<u64>,
}

impl AnalyticsApi {
    /// The same, which also knows how an environment's stream of a name is.
    #[must_use]
    pub fn with_stream(
        self,
        kinesis: Kinesis,
        cloudwatch: CloudWatch,
        name: String,
        environment: &Environment,
    ) -> Self {
        let processor = Function::StreamProcessor.physical_name(environment);
        let (open_shards, waiting) = (Kept::of(SHARDS_KEPT), Kept::of(WAITING_KEPT));
        Self { stream: Some(Stream { kinesis, cloudwatch, name, processor, open_shards, waiting }), ..self }
    }

    /// How the stream is, with windows that are set up to a minute.
    pub(super) async fn stream_health(&self, set: Minute, now: Timestamp) -> Result<StreamHealth, TableError> {
        let said = async {
            match &self.stream {
                Some(stream) => Ok(stream.said(now).await),
                None => Ok((None, None)),
            }
        };
        let first = set.plus(1 - LAG_MINUTES).max(set.day().first_hour().first_minute());
        let ((open_shards, waiting_ms), (failed_records, more_failed), figures) = tokio::try_join!(
            said,
            self.failures.count_newest_since(now - FAILED_WITHIN),
            self.windows.figures(first, set)
        )?;
        let lag_ms = figures.iter().filter_map(|figures| figures.lag_ms).max();
        Ok(StreamHealth { open_shards, failed_records, more_failed, lag_ms, waiting_ms })
    }
}

impl Stream {
    /// How many shards are open, and how many milliseconds the oldest record waits.
    async fn said(&self, now: Timestamp) -> (Option<u32>, Option<u64>) {
        tokio::join!(self.open_shards.or(now, self.ask_shards()), self.waiting.or(now, self.ask_waiting(now)))
    }

    async fn ask_shards(&self) -> Option<u32> {
        let body = json!({ "StreamName": self.name }).to_string().into_bytes();
        let answer = self.kinesis.ask("DescribeStreamSummary", body, PATIENCE).await;
        let answer = answer.inspect_err(|cause| tracing::warn!(%cause, "the stream does not say how it is")).ok()?;
        let answer: Value = serde_json::from_slice(&answer).ok()?;
        u32::try_from(answer.pointer("/StreamDescriptionSummary/OpenShardCount")?.as_u64()?).ok()
    }

    async fn ask_waiting(&self, now: Timestamp) -> Option<u64> {
        let to = Minute::of(now);
        let ages = Metric {
            namespace: "AWS/Lambda",
            name: "IteratorAge",
            dimension: ("FunctionName", &self.processor),
            statistic: "Maximum",
        };
        let put = Metric {
            namespace: "AWS/Kinesis",
            name: "IncomingRecords",
            dimension: ("StreamName", &self.name),
            statistic: "Sum",
        };
        let minutes = |metric| self.cloudwatch.minutes(metric, (to.plus(-LOOKED_BACK_MINUTES), to), PATIENCE);
        let said = tokio::try_join!(minutes(ages), minutes(put));
        let (ages, put) = said.inspect_err(|cause| tracing::warn!(%cause, "nobody says what waits")).ok()?;
        waiting(&ages, &put, now)
    }
}
