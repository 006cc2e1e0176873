//! The work on one shard: its records in lanes, and how far they are done.
//!
//! Invariant: records of one partition key share a lane, so they are processed in order whatever the lanes' number.

use std::sync::Arc;

use jiff::Timestamp;

use crate::lane::{Lane, LaneSettings, Step};
use crate::outcome::BatchOutcome;
use crate::progress::Progress;
use crate::record::Record;
use crate::sequence::SequenceNumber;
use crate::services::Invocation;

/// Bytes of records in memory from which on no more are read.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
/// Records in memory, for each lane, from which on no more are read: enough for a full batch behind the one under way.
const MAX_WAITING_RECORDS: usize = 10_000;

/// The work on one shard.
#[derive(Debug)]
pub(crate) struct Work {
    settings: LaneSettings,
    lanes: Vec<Lane>,
    progress: Progress,
}

impl Work {
    /// No work yet.
    pub(crate) fn new(settings: LaneSettings) -> Self {
        let lanes = (0..settings.rules.lanes.max(1)).map(|_| Lane::default()).collect();
        Self { settings, lanes, progress: Progress::default() }
    }

    /// Takes records that were read, in the shard's order.
    pub(crate) fn add(&mut self, records: Vec<Record>, now: Timestamp) {
        for record in records.into_iter().map(Arc::new) {
            self.progress.read(&record);
            let lane = lane_of(&record.partition_key, self.lanes.len());
            self.lanes[lane].add(record, now);
        }
    }

    /// What is to be done now, by lane; it is under way until `answered` or `kept` is called for the lane.
    pub(crate) fn next(&mut self, now: Timestamp) -> Vec<(usize, Step)> {
        let settings = &self.settings;
        let steps = self.lanes.iter_mut().enumerate();
        steps.filter_map(|(lane, state)| Some((lane, state.next(settings, now)?))).collect()
    }

    /// Takes note of the function's answer to a lane.
    pub(crate) fn answered(
        &mut self,
        lane: usize,
        outcome: &BatchOutcome,
        invocation: Option<Invocation>,
        now: Timestamp,
    ) {
        let processed = self.lanes[lane].answered(&self.settings, outcome, invocation, now);
        self.progress.finish(&processed);
    }

    /// Takes note of whether what a lane discarded is kept.
    pub(crate) fn kept(&mut self, lane: usize, is_kept: bool, now: Timestamp) {
        let discarded = self.lanes[lane].kept(&self.settings, is_kept, now);
        self.progress.finish(&discarded);
    }

    /// When `next` may have something to do that it has not now, unless an answer comes before.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        self.lanes.iter().filter_map(|lane| lane.wakes_at(&self.settings)).min()
    }

    /// Whether there is room for more records.
    pub(crate) fn wants_more(&self) -> bool {
        let waiting = self.lanes.iter().map(Lane::waiting);
        let (records, bytes) = waiting.fold((0, 0), |sum, lane| (sum.0 + lane.0, sum.1 + lane.1));
        records < MAX_WAITING_RECORDS * self.lanes.len() && bytes < MAX_WAITING_BYTES
    }

    /// The last record of those before which everything is finished.
    pub(crate) fn checkpoint(&self) -> Option<&SequenceNumber> {
        self.progress.checkpoint()
    }

    /// Records that were read and are not finished.
    pub(crate) fn unfinished(&self) -> usize {
        self.progress.unfinished()
    }

    /// Whether everything that was read is finished.
    pub(crate) fn is_finished(&self) -> bool {
        self.progress.is_finished()
    }

    /// Whether anything is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.lanes.iter().any(Lane::is_busy)
    }

    /// Whether a batch failed and is to be tried again.
    pub(crate) fn is_retrying(&self) -> bool {
        self.lanes.iter().any(Lane::is_retrying)
    }
}

/// The lane of a partition key, by FNV-1a: the same in every run.
fn lane_of(partition_key: &str, n_lanes: usize) -> usize {
    let hash = partition_key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // The low bits of this hash follow the key's last letters too closely.
    usize::try_from((hash >> 32) % n_lanes as u64).unwrap_or_default()
}
