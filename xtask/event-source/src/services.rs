//! What the runner needs of the world: mappings, a stream, a function, a place for what was discarded.
//!
//! Invariant: a trait says what was answered, never what to do about it.

use std::time::Duration;

use crate::mapping::{Mapping, Refusal};
use crate::record::Record;
use crate::sequence::SequenceNumber;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ServiceError {
    /// Nothing answers there.
    #[error("{0}")]
    Unreachable(String),
    /// What was asked for is not there, or not there any more.
    #[error("{0}")]
    Gone(String),
    /// The service refused.
    #[error("{0}")]
    Refused(String),
}

/// A mapping as Lambda lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) uuid: String,
    /// Its settings, or why they cannot be followed.
    pub(crate) mapping: Result<Mapping, Refusal>,
    /// What the target's own poller did last.
    pub(crate) last_processing_result: String,
}

/// A stream as it is now.
#[derive(Clone, Debug)]
pub(crate) struct StreamState {
    /// Its shards, closed ones with records included.
    pub(crate) shards: Vec<Shard>,
    /// How long it keeps a record.
    pub(crate) retention: Duration,
}

/// A shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) id: String,
    /// The shards that it was made from by a split or a merge.
    pub(crate) parents: Vec<String>,
}

/// Where reading a shard begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// With the oldest record.
    TrimHorizon,
    /// Behind a record.
    After(SequenceNumber),
}

/// The records of one read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// In order.
    pub(crate) records: Vec<Record>,
    /// Whether the shard held no more at that moment.
    pub(crate) at_tip: bool,
    /// Whether the shard will never hold more.
    pub(crate) closed: bool,
}

/// What came of an invocation.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The function did not run, for this reason.
    NotRun(ServiceError),
    /// It ran.
    Ran(Invocation),
}

/// An invocation that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// The id that the function's log has too.
    pub(crate) request_id: String,
    /// The status of the invocation itself: 200 for a function that ran, whatever it did.
    pub(crate) status_code: i32,
    /// The version that ran.
    pub(crate) executed_version: String,
    /// Set where the function threw, crashed or took too long.
    pub(crate) function_error: Option<String>,
    /// What it returned.
    pub(crate) response: Vec<u8>,
}

/// The settings; they come from here and from nowhere else.
pub(crate) trait Mappings {
    /// Every mapping from a Kinesis stream to a function.
    fn mappings(&self) -> impl Future<Output = Result<Vec<Listed>, ServiceError>> + Send;
}

pub(crate) trait Streams {
    /// The state of a stream, by its ARN.
    fn stream(&self, stream: &str) -> impl Future<Output = Result<StreamState, ServiceError>> + Send;

    /// The records of a shard from a position on.
    fn read(
        &self,
        stream: &str,
        shard: &str,
        from: &Position,
    ) -> impl Future<Output = Result<Page, ServiceError>> + Send;
}

/// The functions.
pub(crate) trait Functions {
    /// Gives an event to a function, by its ARN, and waits for its answer.
    fn invoke(&self, function: &str, event: String) -> impl Future<Output = Answer> + Send;
}

/// Where discarded batches are kept.
pub(crate) trait Destinations {
    /// Keeps a document in a bucket.
    fn keep(&self, bucket: &str, key: &str, document: String) -> impl Future<Output = Result<(), ServiceError>> + Send;
}

/// All of it.
pub(crate) trait Services: Mappings + Streams + Functions + Destinations + Send + Sync + 'static {}

impl<T: Mappings + Streams + Functions + Destinations + Send + Sync + 'static> Services for T {}

#[cfg(test)]
impl Invocation {
    /// One that ended well and returned this.
    pub(crate) fn returning(response: &str) -> Self {
        Self {
            request_id: "00000000-0000-4000-8000-000000000000".into(),
            status_code: 200,
            executed_version: "$LATEST".into(),
            function_error: None,
            response: response.into(),
        }
    }
}
