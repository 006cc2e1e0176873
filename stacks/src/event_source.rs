//! `AWS::Lambda::EventSourceMapping` of a stream.
//!
//! Invariant: reading begins at the oldest record, one bad record fails alone, and a batch that is given up is kept.

use serde_json::json;

use crate::Target;
use crate::bounded::{BatchSize, BatchingWindow, ParallelizationFactor, RetryAttempts};
use crate::bucket::BucketHandle;
use crate::consumer::ConsumerHandle;
use crate::function::FunctionHandle;
use crate::resource::{Properties, Resource};
use crate::stream::StreamHandle;

/// Calls a function with the records of a stream.
#[derive(Clone, Debug)]
pub struct EventSourceMapping {
    /// What the records come from.
    pub source: Source,
    pub function: FunctionHandle,
    /// Records in one call at most.
    pub batch_size: BatchSize,
    /// How long a batch is waited for.
    pub window: BatchingWindow,
    /// Batches of one shard at the same time; the records of one partition key stay in order.
    pub parallelization_factor: ParallelizationFactor,
    /// How often a batch is tried again.
    pub retries: Retries,
    /// Where a batch goes that is given up, with its records.
    pub on_failure: BucketHandle,
    /// Who polls.
    pub polling: Polling,
}

/// What the records come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The shards are asked, each once a second.
    Stream(StreamHandle),
    /// The stream sends.
    FanOut(ConsumerHandle),
}

/// How often a batch is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retries {
    /// Until its records leave the stream.
    UntilExpiry,
    /// So many times.
    AtMost(RetryAttempts),
}

/// Who polls the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polling {
    /// Lambda.
    Lambda,
    /// A runner of our own: the emulator's poller takes a partial failure for a success.
    OwnRunner,
}

impl Polling {
    pub(crate) const fn on(target: Target) -> Self {
        match target {
            Target::Aws => Self::Lambda,
            Target::Local => Self::OwnRunner,
        }
    }
}

impl Resource for EventSourceMapping {
    const TYPE: &'static str = "AWS::Lambda::EventSourceMapping";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { source, function, batch_size, window, parallelization_factor, retries, on_failure, polling } = self;
        let source = match source {
            Source::Stream(stream) => json!(stream.arn()),
            Source::FanOut(consumer) => json!(consumer.arn()),
        };
        let retries = match retries {
            Retries::UntilExpiry => json!(-1),
            Retries::AtMost(attempts) => json!(attempts),
        };
        Properties::of(json!({
            "EventSourceArn": source,
            "FunctionName": function.arn(),
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": batch_size,
            "MaximumBatchingWindowInSeconds": window,
            "ParallelizationFactor": parallelization_factor,
            "MaximumRetryAttempts": retries,
            "BisectBatchOnFunctionError": true,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "DestinationConfig": {"OnFailure": {"Destination": on_failure.arn()}},
            "Enabled": *polling == Polling::Lambda,
        }))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        let retries = match self.retries {
            Retries::UntilExpiry => "retried until expiry".into(),
            Retries::AtMost(attempts) => format!("{attempts} retries"),
        };
        let source = match &self.source {
            Source::Stream(stream) => stream.readable().to_owned(),
            Source::FanOut(consumer) => format!("fan-out consumer {}", consumer.readable()),
        };
        format!(
            "{source} to {}, batches of {}, {} at once for a shard, {retries}, then to {}",
            self.function.readable(),
            self.batch_size,
            self.parallelization_factor,
            self.on_failure.readable()
        )
    }
}
