//! What the runner is doing, shard by shard, and whether it is done.
//!
//! Invariant: "drained" counts only looks at a shard that began after the question.

use std::collections::BTreeMap;

use tokio::sync::watch;

/// What the runner is doing with one shard for one mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardStatus {
    /// The mapping's id.
    pub mapping: String,
    /// The function's name.
    pub function: String,
    /// The shard's id.
    pub shard: String,
    /// What it does.
    pub phase: Phase,
    /// The record up to which everything is finished, if one is.
    pub checkpoint: Option<String>,
    /// Records that are read and not finished.
    pub unfinished: usize,
    /// What went wrong last; nothing once a batch succeeded.
    pub last_error: Option<String>,
    /// The question up to which the shard is drained.
    pub(crate) drained: u64,
}

/// What the runner does with a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It waits until the shard's parents are done.
    Waiting,
    /// It reads and delivers.
    Reading,
    /// A batch failed and is tried again.
    Retrying,
    /// The shard is closed and done.
    Ended,
}

/// Where readers write what they do.
#[derive(Debug)]
pub(crate) struct Board {
    state: watch::Sender<State>,
    asked: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    shards: BTreeMap<(String, String), ShardStatus>,
    /// The question up to which mappings and shards are listed.
    listed: u64,
}

impl Board {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { state: watch::Sender::new(State::default()), asked: watch::Sender::new(0) }
    }

    /// Every shard, in order.
    pub(crate) fn shards(&self) -> Vec<ShardStatus> {
        self.state.borrow().shards.values().cloned().collect()
    }

    /// The last question that was asked.
    pub(crate) fn question(&self) -> u64 {
        *self.asked.borrow()
    }

    /// Makes everybody look at once.
    pub(crate) fn wake(&self) {
        self.asked.send_modify(|_| {});
    }

    /// Wakes who wants to answer questions early.
    pub(crate) fn questions(&self) -> watch::Receiver<u64> {
        self.asked.subscribe()
    }

    /// Asks whether everything is done, and waits until it is.
    pub(crate) async fn drained(&self) {
        let mut question = 0;
        self.asked.send_modify(|asked| {
            *asked += 1;
            question = *asked;
        });
        let is_drained = |state: &State| {
            let mut shards = state.shards.values();
            state.listed >= question && shards.all(|shard| shard.phase == Phase::Ended || shard.drained >= question)
        };
        // The sender lives in this board: the wait cannot end in an error.
        let _ = self.state.subscribe().wait_for(is_drained).await;
    }

    /// Writes down a shard.
    pub(crate) fn set(&self, status: ShardStatus) {
        self.state.send_if_modified(|state| {
            let key = (status.mapping.clone(), status.shard.clone());
            let before = state.shards.insert(key, status.clone());
            before != Some(status)
        });
    }

    /// Writes down that everything which was there at a question is listed, and forgets shards that are not.
    pub(crate) fn listed(&self, question: u64, is_there: impl Fn(&str, &str) -> bool) {
        self.state.send_modify(|state| {
            state.shards.retain(|(mapping, shard), _| is_there(mapping, shard));
            state.listed = question;
        });
    }
}
