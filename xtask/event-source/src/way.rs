//! What a reader sets under way: a read, an invocation, a discard.
//!
//! Invariant: each ends in one event, whatever goes wrong.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::checkpoint::Checkpoints;
use crate::discard::{DiscardedBatch, object_key};
use crate::disturbance::Disturbance;
use crate::event::event;
use crate::mapping::Mapping;
use crate::record::SharedRecord;
use crate::report::Report;
use crate::runner::Pace;
use crate::services::{Answer, Page, Position, ServiceError, Services};
use crate::status::Board;

/// What all readers share.
pub(crate) struct Shared<O> {
    /// The world.
    pub(crate) outside: O,
    /// Where readers begin.
    pub(crate) checkpoints: Checkpoints,
    /// Where they write what they do.
    pub(crate) board: Arc<Board>,
    /// Where they say what goes wrong.
    pub(crate) report: Report,
    /// How fast they are.
    pub(crate) pace: Pace,
    /// What they do beyond need.
    pub(crate) disturbance: Disturbance,
}

/// The way between a shard, its mapping's function and the bucket of what is given up.
pub(crate) struct Way<O> {
    shared: Arc<Shared<O>>,
    mapping: Arc<Mapping>,
    shard: String,
}

/// What came of something that was under way.
pub(crate) enum Event {
    /// A read; the question was the last one asked before it.
    Read { question: u64, page: Result<Page, ServiceError> },
    /// An invocation for a lane.
    Answered { lane: usize, records: Vec<SharedRecord>, answer: Answer, is_repeated: bool },
    /// A discard of a lane.
    Kept { lane: usize, discard: DiscardedBatch, result: Result<(), ServiceError> },
}

impl<O: Services> Way<O> {
    /// The way for a shard.
    pub(crate) fn new(shared: &Arc<Shared<O>>, mapping: &Arc<Mapping>, shard: &str) -> Self {
        Self { shared: Arc::clone(shared), mapping: Arc::clone(mapping), shard: shard.to_owned() }
    }

    /// Reads from a position on.
    pub(crate) fn read(&self, from: Position) -> BoxFuture<'static, Event> {
        let Self { shared, mapping, shard } = self.clone();
        Box::pin(async move {
            let question = shared.board.question();
            let page = shared.outside.read(&mapping.stream, &shard, &from).await;
            Event::Read { question, page }
        })
    }

    /// Gives a lane's batch to the function.
    pub(crate) fn invoke(&self, lane: usize, records: Vec<SharedRecord>) -> BoxFuture<'static, Event> {
        let Self { shared, mapping, shard } = self.clone();
        Box::pin(async move {
            let answer = shared.outside.invoke(&mapping.function, event(&mapping, &shard, &records)).await;
            Event::Answered { lane, records, answer, is_repeated: false }
        })
    }

    /// Gives a batch to the function that it took already; its first answer stands.
    pub(crate) fn repeat(&self, lane: usize, records: Vec<SharedRecord>, first: Answer) -> BoxFuture<'static, Event> {
        let Self { shared, mapping, shard } = self.clone();
        Box::pin(async move {
            shared.outside.invoke(&mapping.function, event(&mapping, &shard, &records)).await;
            Event::Answered { lane, records, answer: first, is_repeated: true }
        })
    }

    /// Keeps what a lane gives up, where the mapping says so.
    pub(crate) fn keep(&self, lane: usize, discard: DiscardedBatch) -> BoxFuture<'static, Event> {
        let way = self.clone();
        Box::pin(async move {
            let result = way.put(&discard).await;
            Event::Kept { lane, discard, result }
        })
    }

    async fn put(&self, discard: &DiscardedBatch) -> Result<(), ServiceError> {
        let Self { shared, mapping, shard } = self;
        let Some(bucket) = &mapping.on_failure else { return Ok(()) };
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| ServiceError::Refused(error.to_string()))?;
        let now = Timestamp::now();
        let document = discard.document(mapping, shard, &event(mapping, shard, &discard.records), now);
        shared.outside.keep(bucket, &object_key(mapping, shard, now, random), document).await
    }
}

/// By hand, because a derived one would ask the world to be `Clone`.
impl<O> Clone for Way<O> {
    fn clone(&self) -> Self {
        let Self { shared, mapping, shard } = self;
        Self { shared: Arc::clone(shared), mapping: Arc::clone(mapping), shard: shard.clone() }
    }
}
