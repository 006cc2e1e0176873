//! One batch after the other, each until it is processed or given up: split, cut, retried, aged, discarded.
//!
//! Invariant: a record is finished only after the function or the on-failure destination took it, in the lane's order.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::batch::Waiting;
use crate::discard::{Condition, DiscardedBatch};
use crate::mapping::{Retries, Rules};
use crate::outcome::BatchOutcome;
use crate::record::SharedRecord;
use crate::services::Invocation;

/// What a lane goes by.
#[derive(Clone, Debug)]
pub(crate) struct LaneSettings {
    /// The mapping's rules.
    pub(crate) rules: Rules,
    /// How long the stream keeps a record: one that is older is given up.
    pub(crate) retention: Duration,
    /// The pause after a first failure; it doubles with each further one.
    pub(crate) first_pause: Duration,
    /// The longest pause.
    pub(crate) longest_pause: Duration,
    /// Cuts batches at sizes of no pattern, for tests of what must not depend on them.
    pub(crate) recut: bool,
}

/// What a lane wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Give the records to the function.
    Invoke(Vec<SharedRecord>),
    /// Keep them where discarded records are kept.
    Keep(DiscardedBatch),
}

/// The batches of a shard, or of some of its partition keys.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    waiting: Waiting,
    /// Parts of the batch that was cut last, in order.
    parts: VecDeque<Part>,
    doing: Doing,
    pause: Pause,
    n_cuts: usize,
}

/// A part of a batch: all of it, what a split made of it, or what is left of it.
#[derive(Debug)]
struct Part {
    records: Vec<SharedRecord>,
    /// Failures beyond the last split.
    retries: u32,
    invocations: u32,
    last: Option<Invocation>,
}

#[derive(Debug, Default)]
enum Doing {
    #[default]
    Nothing,
    Invoking,
    Keeping(DiscardedBatch),
    /// A discard that could not be kept yet.
    StillToKeep(DiscardedBatch),
}

#[derive(Debug, Default)]
struct Pause {
    until: Option<Timestamp>,
    failures_in_a_row: u32,
}

impl LaneSettings {
    fn may_retry(&self, retries: u32) -> bool {
        match self.rules.retries {
            Retries::UntilExpiry => true,
            Retries::AtMost(limit) => retries < limit,
        }
    }
}

impl Lane {
    /// Puts a record behind the others.
    pub(crate) fn add(&mut self, record: SharedRecord, now: Timestamp) {
        self.waiting.add(record, now);
    }

    /// What is to be done now, if anything; it is under way until `answered` or `kept` is called.
    pub(crate) fn next(&mut self, settings: &LaneSettings, now: Timestamp) -> Option<Step> {
        if self.is_busy() || self.pause.until.is_some_and(|until| now < until) {
            return None;
        }
        self.pause.until = None;
        if let Doing::StillToKeep(discard) = std::mem::take(&mut self.doing) {
            return Some(self.keep(discard));
        }
        if self.parts.is_empty() {
            let records = self.waiting.cut(self.batch_size(settings), settings.rules.window, now)?;
            self.n_cuts += 1;
            self.parts.push_back(Part { records, retries: 0, invocations: 0, last: None });
        }
        if let Some(expired) = self.take_expired(settings.retention, now) {
            return Some(self.keep(expired));
        }
        let records = self.parts.front()?.records.clone();
        self.doing = Doing::Invoking;
        Some(Step::Invoke(records))
    }

    /// Takes note of the function's answer; returns the records that are processed by it.
    pub(crate) fn answered(
        &mut self,
        settings: &LaneSettings,
        outcome: &BatchOutcome,
        invocation: Option<Invocation>,
        now: Timestamp,
    ) -> Vec<SharedRecord> {
        self.doing = Doing::Nothing;
        let Some(mut part) = self.parts.pop_front() else { return Vec::new() };
        if let Some(invocation) = invocation {
            part.invocations += 1;
            part.last = Some(invocation);
        }
        match *outcome {
            BatchOutcome::NotRun => {
                self.pause.begin(settings, now);
                self.parts.push_front(part);
                Vec::new()
            }
            BatchOutcome::Success => {
                self.pause = Pause::default();
                part.records
            }
            BatchOutcome::FailedFrom(place @ 1..) => {
                self.pause = Pause::default();
                let rest = part.records.split_off(place);
                self.parts.push_front(Part { records: rest, retries: 0, ..part });
                part.records
            }
            BatchOutcome::FailedFrom(0) => {
                self.failed(settings, part, now);
                Vec::new()
            }
        }
    }

    /// Takes note of whether what was discarded is kept; returns the records that are finished by it.
    pub(crate) fn kept(&mut self, settings: &LaneSettings, is_kept: bool, now: Timestamp) -> Vec<SharedRecord> {
        match std::mem::take(&mut self.doing) {
            Doing::Keeping(discard) if is_kept => {
                self.pause = Pause::default();
                discard.records
            }
            Doing::Keeping(discard) => {
                self.pause.begin(settings, now);
                self.doing = Doing::StillToKeep(discard);
                Vec::new()
            }
            other => {
                self.doing = other;
                Vec::new()
            }
        }
    }

    /// When `next` may have something to do that it has not now, unless an answer comes before.
    pub(crate) fn wakes_at(&self, settings: &LaneSettings) -> Option<Timestamp> {
        if self.is_busy() {
            return None;
        }
        if self.pause.until.is_some() {
            return self.pause.until;
        }
        self.waiting.due_at(self.batch_size(settings), settings.rules.window)
    }

    /// Whether something is under way.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.doing, Doing::Invoking | Doing::Keeping(_))
    }

    /// Whether it waits after a failure.
    pub(crate) fn is_retrying(&self) -> bool {
        self.pause.failures_in_a_row > 0
    }

    /// Records in no batch yet, and the bytes that they take.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.waiting.len(), self.waiting.bytes())
    }

    /// A whole batch failed, or its first record did.
    fn failed(&mut self, settings: &LaneSettings, mut part: Part, now: Timestamp) {
        if settings.rules.bisect && part.records.len() > 1 {
            // A split is no retry, and there is nothing to wait for: the halves are other batches.
            let half = part.records.len().div_ceil(2);
            let second = part.records.split_off(half);
            self.parts.push_front(Part { records: second, last: part.last.clone(), ..part });
            self.parts.push_front(part);
        } else if settings.may_retry(part.retries) {
            part.retries += 1;
            self.pause.begin(settings, now);
            self.parts.push_front(part);
        } else {
            self.doing = Doing::StillToKeep(part.into_discard(Condition::RetryAttemptsExhausted));
        }
    }

    /// The records at the front that are too old for another attempt.
    fn take_expired(&mut self, limit: Duration, now: Timestamp) -> Option<DiscardedBatch> {
        let part = self.parts.front_mut()?;
        let is_expired = |record: &SharedRecord| record.arrived_at.checked_add(limit).is_ok_and(|end| end < now);
        let n_expired = part.records.iter().take_while(|record| is_expired(record)).count();
        if n_expired == 0 {
            return None;
        }
        let rest = part.records.split_off(n_expired);
        let expired = self.parts.pop_front()?;
        if !rest.is_empty() {
            let last = expired.last.clone();
            self.parts.push_front(Part { records: rest, last, ..expired });
        }
        Some(expired.into_discard(Condition::RecordAgeExceeded))
    }

    fn keep(&mut self, discard: DiscardedBatch) -> Step {
        self.doing = Doing::Keeping(discard.clone());
        Step::Keep(discard)
    }

    fn batch_size(&self, settings: &LaneSettings) -> usize {
        let size = settings.rules.batch_size;
        // Multiples of a prime visit the sizes without a pattern that a function could lean on.
        if settings.recut { 1 + self.n_cuts.wrapping_mul(7_919) % size } else { size }
    }
}

impl Part {
    fn into_discard(self, condition: Condition) -> DiscardedBatch {
        let Self { records, retries: _, invocations, last } = self;
        DiscardedBatch { records, condition, invocations, last }
    }
}

impl Pause {
    fn begin(&mut self, settings: &LaneSettings, now: Timestamp) {
        let doubled = settings.first_pause.saturating_mul(1 << self.failures_in_a_row.min(16));
        self.failures_in_a_row += 1;
        self.until = Some(now.checked_add(doubled.min(settings.longest_pause)).unwrap_or(now));
    }
}
