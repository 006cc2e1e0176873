//! The runner: follows the mappings that Lambda lists, with a reader for each of their shards.
//!
//! Invariant: no error ends it; what is not there yet, or not any more, it waits for.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::aws::{Aws, Clients};
use crate::checkpoint::{CheckpointError, Checkpoints};
use crate::follow::Follower;
use crate::options::Options;
use crate::requests::Shared;
use crate::services::Services;
use crate::status::{Board, ShardStatus};

/// A running runner. It stops when it is dropped, but only `stop` waits for that.
#[derive(Debug)]
pub struct Runner {
    board: Arc<Board>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Runner {
    /// Starts to follow mappings. What is worth a person's attention goes to `report`, a sentence at a time.
    ///
    /// # Errors
    /// When the checkpoints cannot be read; then nothing runs.
    pub fn start(
        clients: Clients,
        options: Options,
        report: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Self, CheckpointError> {
        Self::with_services(Aws::new(clients), options, report)
    }

    /// Starts it against any services.
    pub(crate) fn with_services<S: Services>(
        services: S,
        options: Options,
        report: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Self, CheckpointError> {
        let Options { which, checkpoints, pace, disturbance } = options;
        let board = Arc::new(Board::new());
        let shared = Shared {
            services,
            checkpoints: Checkpoints::open(&checkpoints)?,
            board: Arc::clone(&board),
            report: Arc::new(report),
            pace,
            disturbance,
        };
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Follower::new(Arc::new(shared), which).run(stopped));
        Ok(Self { board, stop, task })
    }

    /// What it does, shard by shard.
    pub fn status(&self) -> Vec<ShardStatus> {
        self.board.shards()
    }

    /// Says that there may be more records, other shards or other mappings.
    pub fn wake(&self) {
        self.board.wake();
    }

    /// Waits until everything that is on the streams now is processed or discarded. Where there is no mapping there is
    /// nothing to wait for; while nothing answers, or a function fails, it goes on waiting.
    pub async fn drained(&self) {
        self.board.drained().await;
    }

    /// Begins nothing more, waits for the functions that run, and ends.
    pub async fn stop(self) {
        let Self { board: _, stop, task } = self;
        stop.send_replace(true);
        // A follower that panicked has nothing left to stop.
        let _ = task.await;
    }
}
