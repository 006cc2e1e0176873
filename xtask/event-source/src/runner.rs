//! The runner: follows the mappings that Lambda lists, with a reader for each of their shards.
//!
//! Invariant: no error ends it; what is not there yet, or not any more, it waits for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::aws::{Aws, Clients};
use crate::checkpoint::{CheckpointError, Checkpoints};
use crate::disturbance::Disturbance;
use crate::follow::Follower;
use crate::services::Services;
use crate::status::{Board, ShardStatus};
use crate::way::Shared;

/// What to run, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The mappings to follow.
    pub which: Which,
    /// The folder of the checkpoints' file. One runner at a time may use it.
    pub checkpoints: PathBuf,
    /// How fast to be.
    pub pace: Pace,
    /// What to do beyond need: nothing, but for tests.
    pub disturbance: Disturbance,
}

/// The mappings to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every mapping from a Kinesis stream.
    All,
    /// The one with this id.
    Uuid(String),
    /// Those to the function of this name.
    Function(String),
}

/// How fast to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Between two reads of a shard that holds no more, at least.
    pub poll: Duration,
    /// Between two looks at mappings and shards, at least.
    pub list: Duration,
    /// Between two reads, and two looks, while nobody wakes the runner.
    pub rest: Duration,
    /// After a first failure; doubled with each further one.
    pub first_pause: Duration,
    /// After many failures.
    pub longest_pause: Duration,
    /// How long `stop` waits for functions that run.
    pub patience: Duration,
}

/// A running runner. It stops when it is dropped, but only `stop` waits for that.
#[derive(Debug)]
pub struct Runner {
    board: Arc<Board>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Pace {
    /// For a target on this machine, with somebody who wakes the runner.
    pub const LOCAL: Self = Self {
        poll: Duration::from_millis(75),
        list: Duration::from_secs(1),
        rest: Duration::from_secs(10),
        first_pause: Duration::from_millis(200),
        longest_pause: Duration::from_secs(5),
        patience: Duration::from_secs(10),
    };
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
        Self::of(Aws::new(clients), options, report)
    }

    /// Starts it in any world.
    pub(crate) fn of<O: Services>(
        outside: O,
        options: Options,
        report: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Self, CheckpointError> {
        let Options { which, checkpoints, pace, disturbance } = options;
        let board = Arc::new(Board::new());
        let shared = Shared {
            outside,
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
