//! What a reader asks of the services: a read, an invocation, the keeping of a discarded batch.
//!
//! Invariant: each request is completed once, whatever goes wrong.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::checkpoint::Checkpoints;
use crate::discard::{DiscardedBatch, object_key};
use crate::disturbance::Disturbance;
use crate::event::event;
use crate::mapping::Mapping;
use crate::options::Pace;
use crate::record::SharedRecord;
use crate::report::Notify;
use crate::services::{Answer, Page, Position, ServiceError, Services};
use crate::status::Board;

/// What all readers share.
pub(crate) struct Shared<S> {
    /// What they ask.
    pub(crate) services: S,
    /// Where readers begin.
    pub(crate) checkpoints: Checkpoints,
    /// Where they write what they do.
    pub(crate) board: Arc<Board>,
    /// Where they say what goes wrong.
    pub(crate) report: Notify,
    /// How fast they are.
    pub(crate) pace: Pace,
    /// What they do beyond need.
    pub(crate) disturbance: Disturbance,
}

/// The requests for one shard: to its stream, its mapping's function and the bucket of discarded batches.
pub(crate) struct Requests<S> {
    shared: Arc<Shared<S>>,
    mapping: Arc<Mapping>,
    shard: String,
}

/// A request that is over.
pub(crate) enum Completed {
    /// A read; the question was the last one asked before it.
    Read { question: u64, page: Result<Page, ServiceError> },
    /// An invocation for a lane.
    Answered { lane: usize, records: Vec<SharedRecord>, answer: Answer, is_repeated: bool },
    /// A discard of a lane.
    Kept { lane: usize, discard: DiscardedBatch, result: Result<(), ServiceError> },
}

impl<S: Services> Requests<S> {
    /// Those for a shard.
    pub(crate) fn new(shared: &Arc<Shared<S>>, mapping: &Arc<Mapping>, shard: &str) -> Self {
        Self { shared: Arc::clone(shared), mapping: Arc::clone(mapping), shard: shard.to_owned() }
    }

    /// Reads from a position on.
    pub(crate) fn read(&self, from: Position) -> BoxFuture<'static, Completed> {
        let Self { shared, mapping, shard } = self.clone();
        Box::pin(async move {
            let question = shared.board.question();
            let page = shared.services.read(&mapping.stream, &shard, &from).await;
            Completed::Read { question, page }
        })
    }

    /// Gives a lane's batch to the function.
    pub(crate) fn invoke(&self, lane: usize, records: Vec<SharedRecord>) -> BoxFuture<'static, Completed> {
        let Self { shared, mapping, shard } = self.clone();
        Box::pin(async move {
            let answer = shared.services.invoke(&mapping.function, event(&mapping, &shard, &records)).await;
            Completed::Answered { lane, records, answer, is_repeated: false }
        })
    }

    /// Gives a batch to the function that it took already; its first answer stands.
    pub(crate) fn repeat(
        &self,
        lane: usize,
        records: Vec<SharedRecord>,
        first: Answer,
    ) -> BoxFuture<'static, Completed> {
        let Self { shared, mapping, shard } = self.clone();
        Box::pin(async move {
            shared.services.invoke(&mapping.function, event(&mapping, &shard, &records)).await;
            Completed::Answered { lane, records, answer: first, is_repeated: true }
        })
    }

    /// Keeps what a lane gives up, where the mapping says so.
    pub(crate) fn keep(&self, lane: usize, discard: DiscardedBatch) -> BoxFuture<'static, Completed> {
        let requests = self.clone();
        Box::pin(async move {
            let result = requests.put(&discard).await;
            Completed::Kept { lane, discard, result }
        })
    }

    async fn put(&self, discard: &DiscardedBatch) -> Result<(), ServiceError> {
        let Self { shared, mapping, shard } = self;
        let Some(bucket) = &mapping.on_failure else { return Ok(()) };
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| ServiceError::Refused(error.to_string()))?;
        let now = Timestamp::now();
        let document = discard.document(mapping, shard, &event(mapping, shard, &discard.records), now);
        shared.services.keep(bucket, &object_key(mapping, shard, now, random), document).await
    }
}

/// By hand, because a derived one would ask the services to be `Clone`.
impl<S> Clone for Requests<S> {
    fn clone(&self) -> Self {
        let Self { shared, mapping, shard } = self;
        Self { shared: Arc::clone(shared), mapping: Arc::clone(mapping), shard: shard.clone() }
    }
}
