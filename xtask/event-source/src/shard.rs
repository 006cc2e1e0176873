//! The reader of one shard for one mapping: reads, delivers, and moves the checkpoint.
//!
//! Invariant: what is under way when the reader is stopped is finished and counted before it ends.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::checkpoint::CheckpointError;
use crate::discard::DiscardedBatch;
use crate::lane::{LaneSettings, Step};
use crate::mapping::Mapping;
use crate::options::Pace;
use crate::outcome::BatchOutcome;
use crate::read_schedule::ReadSchedule;
use crate::record::SharedRecord;
use crate::report::IssueLog;
use crate::requests::{Completed, Requests, Shared};
use crate::sequence::SequenceNumber;
use crate::services::{Answer, Page, Position, ServiceError, Services};
use crate::status::{Phase, ShardStatus};
use crate::work::Work;

/// The reader of one shard for one mapping.
pub(crate) struct Reader<S> {
    shared: Arc<Shared<S>>,
    mapping: Arc<Mapping>,
    shard: String,
    requests: Requests<S>,
    work: Work,
    issues: IssueLog,
    under_way: FuturesUnordered<BoxFuture<'static, Completed>>,
    stop: watch::Receiver<bool>,
    from: Position,
    saved: Option<SequenceNumber>,
    is_reading: bool,
    is_closed: bool,
    reads: ReadSchedule,
    n_invocations: u64,
    last_error: Option<String>,
    /// The question before a read that found no more records.
    tip: Option<u64>,
}

impl<S: Services> Reader<S> {
    /// A reader from the checkpoint on; none where the shard is done with.
    pub(crate) fn new(
        shared: Arc<Shared<S>>,
        mapping: Arc<Mapping>,
        shard: String,
        retention: Duration,
        stop: watch::Receiver<bool>,
    ) -> Option<Self> {
        let from = shared.checkpoints.position(&mapping.uuid, &shard)?;
        let Pace { first_pause, longest_pause, .. } = shared.pace;
        let recut = shared.disturbance.recut;
        let settings = LaneSettings { rules: mapping.rules.clone(), retention, first_pause, longest_pause, recut };
        let saved = if let Position::After(number) = &from { Some(number.clone()) } else { None };
        Some(Self {
            requests: Requests::new(&shared, &mapping, &shard),
            work: Work::new(settings),
            issues: IssueLog::new(Arc::clone(&shared.report)),
            under_way: FuturesUnordered::new(),
            reads: ReadSchedule::new(shared.pace, Instant::now()),
            is_reading: false,
            is_closed: false,
            n_invocations: 0,
            last_error: None,
            tip: None,
            shared,
            mapping,
            shard,
            stop,
            from,
            saved,
        })
    }

    /// Reads until the shard ends or the reader is stopped.
    pub(crate) async fn run(mut self) {
        let mut questions = self.shared.board.questions();
        let mut stop = self.stop.clone();
        // A sender that is gone means the same as one that says so.
        let mut is_stopping = *stop.borrow_and_update();
        self.publish();
        loop {
            if !is_stopping {
                self.begin_what_can_begin();
            }
            if self.is_closed && self.work.is_finished() && !is_stopping {
                return self.end();
            }
            if is_stopping && !self.work.is_busy() {
                return;
            }
            let pause = self.pause();
            tokio::select! {
                Some(completed) = self.under_way.next() => self.take(completed),
                () = tokio::time::sleep(pause), if !is_stopping => {}
                Ok(()) = questions.changed(), if !is_stopping => self.reads.wake(Instant::now()),
                changed = stop.changed(), if !is_stopping => is_stopping = changed.is_err() || *stop.borrow(),
                else => return,
            }
            if self.work.is_finished() {
                // Parts of a batch that is split succeed and fail in turn: it is one matter until all are done.
                self.settle("run", "is processed again");
            }
            self.save();
            self.publish();
        }
    }

    fn begin_what_can_begin(&mut self) {
        if self.may_invoke() {
            for (lane, step) in self.work.next(Timestamp::now()) {
                match step {
                    Step::Invoke(records) => {
                        self.n_invocations += 1;
                        self.under_way.push(self.requests.invoke(lane, records));
                    }
                    Step::Keep(discard) => self.under_way.push(self.requests.keep(lane, discard)),
                }
            }
        }
        if self.wants_to_read() && self.reads.due() <= Instant::now() {
            self.is_reading = true;
            self.reads.begin();
            self.under_way.push(self.requests.read(self.from.clone()));
        }
    }

    fn may_invoke(&self) -> bool {
        self.shared.disturbance.stop_after.is_none_or(|limit| self.n_invocations < limit)
    }

    fn wants_to_read(&self) -> bool {
        !self.is_reading && !self.is_closed && self.work.wants_more()
    }

    /// How long there is nothing to begin.
    fn pause(&self) -> Duration {
        let until_read = self.wants_to_read().then(|| self.reads.due().saturating_duration_since(Instant::now()));
        let until =
            |instant: Timestamp| Duration::try_from(instant.duration_since(Timestamp::now())).unwrap_or_default();
        let until_work = self.work.wakes_at().filter(|_| self.may_invoke()).map(until);
        let longest = self.shared.pace.longest_pause;
        [until_read, until_work].into_iter().flatten().fold(longest, Duration::min)
    }

    fn take(&mut self, completed: Completed) {
        match completed {
            Completed::Read { question, page } => {
                self.is_reading = false;
                self.take_page(question, page);
            }
            Completed::Answered { lane, records, answer, is_repeated } => {
                self.take_answer(lane, records, answer, is_repeated);
            }
            Completed::Kept { lane, discard, result } => self.take_kept(lane, &discard, result),
        }
    }

    fn take_page(&mut self, question: u64, page: Result<Page, ServiceError>) {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                self.reads.failed(Instant::now());
                self.open_issue("read", &error, |shard| format!("{shard} cannot be read"));
                return;
            }
        };
        self.settle("read", "can be read again");
        self.is_closed = page.closed;
        self.tip = page.at_tip.then_some(question);
        if let Some(last) = page.records.last() {
            self.from = Position::After(last.sequence_number.clone());
        }
        self.work.add(page.records, Timestamp::now());
        self.reads.succeeded(page.at_tip, Instant::now());
    }

    fn take_answer(&mut self, lane: usize, records: Vec<SharedRecord>, answer: Answer, is_repeated: bool) {
        let outcome = BatchOutcome::from_answer(&answer, &records, self.mapping.rules.reports_items);
        let is_due = |every: NonZeroU64| self.n_invocations.is_multiple_of(every.get());
        let repeats = !is_repeated && self.shared.disturbance.repeat_every.is_some_and(is_due);
        if outcome == BatchOutcome::Success && repeats {
            return self.under_way.push(self.requests.repeat(lane, records, answer));
        }
        let function = self.mapping.function_name().to_owned();
        let invocation = match answer {
            Answer::NotRun(error) => {
                self.open_issue("run", &error, |shard| format!("{function} does not run for {shard}"));
                None
            }
            Answer::Ran(invocation) => Some(invocation),
        };
        match (&outcome, &invocation) {
            (BatchOutcome::Success, _) => self.last_error = None,
            (BatchOutcome::FailedFrom(place), Some(invocation)) => {
                let said = invocation.function_error.as_deref().unwrap_or("it reported failures");
                let response: String = String::from_utf8_lossy(&invocation.response).chars().take(300).collect();
                let error = ServiceError::Refused(format!("{said}: {response}"));
                let failed = records.len() - place;
                self.open_issue("run", &error, |shard| format!("{function} failed on {failed} records of {shard}"));
            }
            _ => {}
        }
        self.work.answered(lane, &outcome, invocation, Timestamp::now());
    }

    fn take_kept(&mut self, lane: usize, discard: &DiscardedBatch, result: Result<(), ServiceError>) {
        let is_kept = result.is_ok();
        match result {
            Ok(()) => {
                let place = self.mapping.on_failure.as_deref().map_or("dropped".into(), |it| format!("kept in {it}"));
                self.settle("keep", "has what was discarded kept again");
                self.issues.say(format!("{}: {} are {place}", self.shard, discard.summary()));
            }
            Err(error) => self.open_issue("keep", &error, |shard| format!("what {shard} discarded cannot be kept")),
        }
        self.work.kept(lane, is_kept, Timestamp::now());
    }

    fn open_issue(&mut self, matter: &str, error: &ServiceError, text: impl FnOnce(&str) -> String) {
        self.last_error = Some(error.to_string());
        // That nothing answers is said once for all readers; that a shard is gone is nobody's fault.
        let is_said_elsewhere = match error {
            ServiceError::Unreachable(_) => true,
            ServiceError::Gone(_) => matter == "read",
            ServiceError::Refused(_) => false,
        };
        if !is_said_elsewhere {
            self.issues.open(matter, || format!("{}: {error}", text(&self.shard)));
        }
    }

    fn settle(&mut self, matter: &str, text: &str) {
        self.issues.settle(matter, || format!("{} {text}", self.shard));
    }

    fn save(&mut self) {
        let Some(checkpoint) = self.work.checkpoint().filter(|checkpoint| self.saved.as_ref() != Some(*checkpoint))
        else {
            return;
        };
        let checkpoint = checkpoint.clone();
        let result = self.shared.checkpoints.advance(&self.mapping.uuid, &self.shard, &checkpoint);
        self.saved = Some(checkpoint);
        self.say_saved(result);
    }

    fn end(&mut self) {
        let result = self.shared.checkpoints.end(&self.mapping.uuid, &self.shard);
        self.say_saved(result);
        self.publish();
        self.shared.board.wake();
    }

    fn say_saved(&mut self, result: Result<(), CheckpointError>) {
        match result {
            Ok(()) => self.settle("save", "has its checkpoint saved again"),
            Err(error) => self.issues.open("save", || format!("checkpoints cannot be saved: {error}")),
        }
    }

    fn publish(&self) {
        if *self.stop.borrow() {
            return;
        }
        let is_finished = self.work.is_finished();
        let phase = if self.is_closed && is_finished {
            Phase::Ended
        } else if self.work.is_retrying() {
            Phase::Retrying
        } else {
            Phase::Reading
        };
        self.shared.board.set(ShardStatus {
            mapping: self.mapping.uuid.clone(),
            function: self.mapping.function_name().to_owned(),
            shard: self.shard.clone(),
            phase,
            checkpoint: self.saved.as_ref().map(ToString::to_string),
            unfinished: self.work.unfinished(),
            last_error: self.last_error.clone(),
            drained: self.tip.filter(|_| is_finished).unwrap_or_default(),
        });
    }
}
