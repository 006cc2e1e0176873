//! Batches: split, cut, retried, aged and given up, in a time that the tests make.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::fixture;
use crate::discard::{Condition, DiscardedBatch};
use crate::lane::{LaneSettings, Step};
use crate::mapping::{Retries, Rules};
use crate::outcome::BatchOutcome;
use crate::record::SharedRecord;
use crate::services::{Answer, Invocation, ServiceError};
use crate::work::Work;

/// Work on a shard, and all that came of it.
pub(super) struct Run {
    pub(super) work: Work,
    pub(super) now: Timestamp,
    reports_items: bool,
    pub(super) delivered: Vec<Vec<u64>>,
    pub(super) processed: Vec<u64>,
    pub(super) kept: Vec<DiscardedBatch>,
}

impl Run {
    pub(super) fn new(rules: Rules) -> Self {
        Self::with_settings(lane_settings(rules))
    }

    pub(super) fn with_settings(settings: LaneSettings) -> Self {
        let reports_items = settings.rules.reports_items;
        let now = start();
        Self { work: Work::new(settings), now, reports_items, delivered: vec![], processed: vec![], kept: vec![] }
    }

    /// Records that have just arrived, with these partition keys.
    pub(super) fn add(&mut self, keys: impl IntoIterator<Item = (u64, String)>) {
        let record = |(number, key): (u64, String)| (*fixture::record(number, &key, self.now)).clone();
        let records = keys.into_iter().map(record).collect();
        self.work.add(records, self.now);
    }

    /// What is to be done next, once it is time; nothing where there is nothing left.
    pub(super) fn steps(&mut self) -> Vec<(usize, Step)> {
        loop {
            let steps = self.work.next(self.now);
            if !steps.is_empty() || self.work.is_finished() {
                return steps;
            }
            let Some(wakes_at) = self.work.wakes_at() else { return steps };
            assert!(wakes_at > self.now, "what is due is begun");
            self.now = wakes_at;
        }
    }

    pub(super) fn answer(&mut self, lane: usize, records: &[SharedRecord], answer: Answer) {
        self.delivered.push(numbers(records));
        let outcome = BatchOutcome::from_answer(&answer, records, self.reports_items);
        let n_processed = match outcome {
            BatchOutcome::NotRun => 0,
            BatchOutcome::Success => records.len(),
            BatchOutcome::FailedFrom(place) => place,
        };
        self.processed.extend(numbers(&records[..n_processed]));
        let invocation = if let Answer::Ran(invocation) = answer { Some(invocation) } else { None };
        self.work.answered(lane, &outcome, invocation, self.now);
    }

    pub(super) fn keep(&mut self, lane: usize, discard: DiscardedBatch) {
        self.work.kept(lane, true, self.now);
        self.kept.push(discard);
    }

    /// Does all there is to do.
    fn finish(&mut self, mut function: impl FnMut(&[u64]) -> Answer) {
        loop {
            let steps = self.steps();
            if steps.is_empty() {
                return;
            }
            for (lane, step) in steps {
                match step {
                    Step::Invoke(records) => {
                        let answer = function(&numbers(&records));
                        self.answer(lane, &records, answer);
                    }
                    Step::Keep(discard) => self.keep(lane, discard),
                }
            }
        }
    }

    fn kept_numbers(&self) -> Vec<Vec<u64>> {
        self.kept.iter().map(|discard| numbers(&discard.records)).collect()
    }

    pub(super) fn checkpoint(&self) -> Option<u64> {
        self.work.checkpoint().map(|number| number.as_str().parse().unwrap())
    }
}

pub(super) fn lane_settings(rules: Rules) -> LaneSettings {
    let day = Duration::from_secs(24 * 3_600);
    let pauses = (Duration::from_secs(1), Duration::from_secs(60));
    LaneSettings { rules, retention: day, first_pause: pauses.0, longest_pause: pauses.1, recut: false }
}

pub(super) fn numbers(records: &[SharedRecord]) -> Vec<u64> {
    records.iter().map(|record| record.sequence_number.as_str().parse().unwrap()).collect()
}

pub(super) fn succeed() -> Answer {
    Answer::Ran(Invocation::returning("{}"))
}

pub(super) fn throw() -> Answer {
    Answer::Ran(Invocation { function_error: Some("Unhandled".into()), ..Invocation::returning("{}") })
}

pub(super) fn throttle() -> Answer {
    Answer::NotRun(ServiceError::Refused("TooManyRequestsException".into()))
}

pub(super) fn report(number: u64) -> Answer {
    let response = serde_json::json!({ "batchItemFailures": [{ "itemIdentifier": number.to_string() }] });
    Answer::Ran(Invocation::returning(&response.to_string()))
}

fn start() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn of_key(numbers: impl IntoIterator<Item = u64>, key: &str) -> Vec<(u64, String)> {
    numbers.into_iter().map(|number| (number, key.to_owned())).collect()
}

fn throw_on(poison: u64) -> impl FnMut(&[u64]) -> Answer {
    move |numbers| if numbers.contains(&poison) { throw() } else { succeed() }
}

#[test]
fn a_split_isolates_the_record_that_fails_and_keeps_the_order() {
    let mut run = Run::new(fixture::rules());
    run.add(of_key(1..=4, "a"));
    run.finish(throw_on(3));
    assert_eq!(run.delivered, [vec![1, 2, 3, 4], vec![1, 2], vec![3, 4], vec![3], vec![3], vec![3], vec![4]]);
    assert_eq!((run.processed.clone(), run.kept_numbers()), (vec![1, 2, 4], vec![vec![3]]));
    let kept = &run.kept[0];
    assert_eq!((kept.condition, kept.invocations), (Condition::RetryAttemptsExhausted, 5));
    assert_eq!(kept.last.as_ref().unwrap().function_error.as_deref(), Some("Unhandled"));
    assert_eq!(run.checkpoint(), Some(4));
}

#[test]
fn a_split_is_no_retry() {
    let mut run = Run::new(Rules { retries: Retries::AtMost(0), ..fixture::rules() });
    run.add(of_key(1..=4, "a"));
    run.finish(throw_on(4));
    assert_eq!((run.processed.clone(), run.kept_numbers()), (vec![1, 2, 3], vec![vec![4]]));
}

#[test]
fn without_a_split_the_whole_batch_is_retried_and_given_up() {
    let mut run = Run::new(Rules { bisect: false, ..fixture::rules() });
    run.add(of_key(1..=6, "a"));
    run.finish(throw_on(3));
    assert_eq!(run.delivered, [vec![1, 2, 3, 4], vec![1, 2, 3, 4], vec![1, 2, 3, 4], vec![5, 6]]);
    assert_eq!((run.processed.clone(), run.kept_numbers()), (vec![5, 6], vec![vec![1, 2, 3, 4]]));
}

#[test]
fn a_partial_answer_sends_again_from_the_lowest_reported_record_on() {
    let mut run = Run::new(Rules { bisect: false, ..fixture::rules() });
    run.add(of_key(1..=4, "a"));
    let mut n_calls = 0;
    run.finish(|_| {
        n_calls += 1;
        if n_calls == 1 { report(3) } else { succeed() }
    });
    assert_eq!(run.delivered, [vec![1, 2, 3, 4], vec![3, 4]]);
    assert_eq!(run.processed, [1, 2, 3, 4]);
}

#[test]
fn a_partial_answer_with_a_split_cuts_at_the_record_and_isolates_it() {
    let mut run = Run::new(fixture::rules());
    run.add(of_key(1..=4, "a"));
    run.finish(|numbers| if numbers.contains(&2) { report(2) } else { succeed() });
    assert_eq!(run.delivered[..3], [vec![1, 2, 3, 4], vec![2, 3, 4], vec![2, 3]]);
    assert_eq!((run.processed.clone(), run.kept_numbers()), (vec![1, 3, 4], vec![vec![2]]));
}

#[test]
fn progress_by_a_partial_answer_begins_the_count_of_retries_anew() {
    let mut run = Run::new(Rules { bisect: false, ..fixture::rules() });
    run.add(of_key(1..=2, "a"));
    let answers = [throw(), throw(), report(2), throw(), throw(), succeed()];
    let mut answers = answers.into_iter();
    run.finish(|_| answers.next().unwrap());
    assert_eq!((run.processed.clone(), run.kept.len()), (vec![1, 2], 0));
}

#[test]
fn a_throttled_invocation_is_no_retry() {
    let mut run = Run::new(Rules { retries: Retries::AtMost(0), ..fixture::rules() });
    run.add(of_key(1..=2, "a"));
    let mut n_calls = 0;
    run.finish(|_| {
        n_calls += 1;
        if n_calls <= 50 { throttle() } else { succeed() }
    });
    assert_eq!((run.processed.clone(), run.kept.len()), (vec![1, 2], 0));
}

#[test]
fn a_function_that_never_runs_is_tried_until_the_records_are_too_old() {
    let retention = Duration::from_secs(60);
    let mut run = Run::with_settings(LaneSettings { retention, ..lane_settings(fixture::rules()) });
    run.add(of_key(1..=2, "a"));
    let began = run.now;
    run.finish(|_| throttle());
    assert_eq!(run.kept_numbers(), [vec![1, 2]]);
    let kept = &run.kept[0];
    assert_eq!((kept.condition, kept.invocations, &kept.last), (Condition::RecordAgeExceeded, 0, &None));
    assert!(run.now.duration_since(began) > SignedDuration::try_from(retention).unwrap());
}

#[test]
fn without_a_limit_a_batch_is_tried_until_the_stream_forgets_it() {
    let mut run = Run::new(Rules { retries: Retries::UntilExpiry, bisect: false, ..fixture::rules() });
    run.add(of_key(1..=2, "a"));
    let began = run.now;
    run.finish(|_| throw());
    assert!(run.now.duration_since(began) > SignedDuration::from_hours(24));
    assert!(run.kept[0].invocations > 1_000, "once a minute");
}

#[test]
fn only_the_records_that_are_too_old_are_given_up() {
    let retention = Duration::from_secs(60);
    let mut run = Run::with_settings(LaneSettings { retention, ..lane_settings(fixture::rules()) });
    run.add(of_key(1..=2, "a"));
    run.now += SignedDuration::from_secs(61);
    run.add(of_key(3..=4, "a"));
    run.finish(|_| succeed());
    assert_eq!((run.kept_numbers(), run.delivered.clone()), (vec![vec![1, 2]], vec![vec![3, 4]]));
    assert_eq!(run.checkpoint(), Some(4));
}

#[test]
fn retries_pause_longer_and_longer() {
    let mut run = Run::new(Rules { retries: Retries::AtMost(9), ..fixture::rules() });
    run.add(of_key(1..=1, "a"));
    let mut times = Vec::new();
    while let Some((lane, step)) = run.steps().pop() {
        let Step::Invoke(records) = step else { break };
        times.push(run.now);
        run.answer(lane, &records, throw());
    }
    let pauses: Vec<i64> = times.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn a_window_gathers_a_batch_and_a_full_one_goes_at_once() {
    let mut run = Run::new(Rules { window: Duration::from_secs(5), ..fixture::rules() });
    run.add(of_key(1..=5, "a"));
    let began = run.now;
    run.finish(|_| succeed());
    assert_eq!(run.delivered, [vec![1, 2, 3, 4], vec![5]]);
    assert_eq!(run.now.duration_since(began), SignedDuration::from_secs(5));
}

#[test]
fn a_failing_lane_holds_up_its_own_keys_only_and_the_checkpoint() {
    let mut run = Run::new(Rules { lanes: 10, batch_size: 1, retries: Retries::UntilExpiry, ..fixture::rules() });
    // Of ten keys several are in the lane of the first one.
    let keys: Vec<_> = (1..=40).map(|number| (number, format!("key-{}", number % 10))).collect();
    run.add(keys);
    let limit = run.now + SignedDuration::from_secs(600);
    while run.now < limit {
        for (lane, step) in run.steps() {
            let Step::Invoke(records) = step else { panic!("nothing is given up") };
            let answer = if numbers(&records) == [5] { throw() } else { succeed() };
            run.answer(lane, &records, answer);
        }
    }
    assert!(run.processed.len() > 20, "other lanes went on: {:?}", run.processed);
    assert!(!run.processed.iter().any(|number| number % 10 == 5), "the key of record 5 waits");
    assert_eq!(run.checkpoint(), Some(4));
    assert_eq!(run.work.unfinished(), 40 - run.processed.len());
}

#[test]
fn up_to_n_batches_of_a_shard_are_under_way_at_once() {
    let mut run = Run::new(Rules { lanes: 10, ..fixture::rules() });
    run.add((0..1_000).map(|number| (number, format!("key-{number}"))));
    assert_eq!(run.work.next(run.now).len(), 10);
    assert!(run.work.next(run.now).is_empty(), "each lane has one under way");
}

#[test]
fn what_cannot_be_kept_holds_up_the_shard_until_it_is() {
    let mut run = Run::new(Rules { retries: Retries::AtMost(0), batch_size: 1, ..fixture::rules() });
    run.add(of_key(1..=2, "a"));
    let (lane, Step::Invoke(records)) = run.steps().remove(0) else { panic!("an invocation") };
    run.answer(lane, &records, throw());
    for _ in 0..3 {
        let (lane, Step::Keep(_)) = run.steps().remove(0) else { panic!("a discard") };
        run.work.kept(lane, false, run.now);
        assert_eq!(run.checkpoint(), None);
    }
    run.finish(|_| succeed());
    assert_eq!((run.kept_numbers(), run.processed.clone(), run.checkpoint()), (vec![vec![1]], vec![2], Some(2)));
}

#[test]
fn cut_anew_batches_differ_and_stay_within_their_size() {
    let mut run =
        Run::with_settings(LaneSettings { recut: true, ..lane_settings(Rules { batch_size: 7, ..fixture::rules() }) });
    run.add(of_key(1..=100, "a"));
    run.finish(|_| succeed());
    let sizes: Vec<usize> = run.delivered.iter().map(Vec::len).collect();
    assert!(sizes.iter().all(|size| (1..=7).contains(size)) && sizes.iter().any(|size| *size != sizes[0]), "{sizes:?}");
    assert_eq!(run.processed, (1..=100).collect::<Vec<_>>());
}
