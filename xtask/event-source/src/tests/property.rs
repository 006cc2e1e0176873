//! Whatever the function does: nothing is lost, nothing is passed over, order holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::fixture;
use super::lanes::{Run, lane_settings, numbers, report, succeed, throttle, throw};
use crate::lane::{LaneSettings, Step};
use crate::mapping::{Retries, Rules};
use crate::services::Answer;

/// A function that always fails on its poison and now and then for no reason.
#[derive(Clone, Debug)]
struct Function {
    poison: BTreeSet<u64>,
    reports: bool,
    moods: Vec<Mood>,
    n_calls: usize,
}

/// How a function takes an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Honest,
    Throttled,
    Throws,
    ReportsAtRandom(usize),
}

/// A shard and what works on it.
#[derive(Clone, Debug)]
struct Case {
    rules: Rules,
    recut: bool,
    /// The partition key of each record.
    keys: Vec<u8>,
    function: Function,
    /// How many steps before a kill, again and again.
    kills: Vec<usize>,
}

impl Function {
    fn call(&mut self, numbers: &[u64]) -> Answer {
        let mood = self.moods.get(self.n_calls).copied().unwrap_or(Mood::Honest);
        self.n_calls += 1;
        match mood {
            Mood::Throttled => throttle(),
            Mood::Throws => throw(),
            Mood::ReportsAtRandom(place) => report(self.up_to_poison(numbers, numbers[place % numbers.len()])),
            Mood::Honest => match numbers.iter().find(|number| self.poison.contains(number)) {
                None => succeed(),
                Some(poison) if self.reports => report(*poison),
                Some(_) => throw(),
            },
        }
    }

    /// The number, or the first poison before it: even an erratic function does not process poison.
    fn up_to_poison(&self, numbers: &[u64], number: u64) -> u64 {
        numbers.iter().copied().find(|other| *other == number || self.poison.contains(other)).unwrap_or(number)
    }

    fn is_erratic(&self) -> bool {
        self.moods.iter().any(|mood| !matches!(mood, Mood::Honest | Mood::Throttled))
    }
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        6 => Just(Mood::Honest),
        2 => Just(Mood::Throttled),
        1 => Just(Mood::Throws),
        1 => (0_usize..100).prop_map(Mood::ReportsAtRandom),
    ]
}

fn calm_mood() -> impl Strategy<Value = Mood> {
    prop_oneof![3 => Just(Mood::Honest), 1 => Just(Mood::Throttled)]
}

fn function() -> impl Strategy<Value = Function> {
    let moods = prop_oneof![prop::collection::vec(mood(), 0..60), prop::collection::vec(calm_mood(), 0..60)];
    let poison = prop::collection::btree_set(1_u64..60, 0..8);
    (poison, any::<bool>(), moods).prop_map(|(poison, reports, moods)| Function { poison, reports, moods, n_calls: 0 })
}

fn case() -> impl Strategy<Value = Case> {
    let rules = (1_usize..20, 1_usize..=10, 0_u32..4, 0_u64..3);
    let keys = prop::collection::vec(0_u8..6, 1..60);
    let kills = prop::collection::vec(1_usize..30, 0..4);
    (rules, any::<bool>(), keys, function(), kills).prop_map(
        |((batch_size, lanes, retries, window), recut, keys, function, kills)| {
            let window = Duration::from_secs(window);
            let retries = Retries::AtMost(retries);
            let rules = Rules { batch_size, lanes, retries, window, ..fixture::rules() };
            Case { rules, recut, keys, function, kills }
        },
    )
}

impl Case {
    fn numbers(&self) -> impl Iterator<Item = (u64, String)> {
        (1..).zip(&self.keys).map(|(number, key)| (number, format!("key-{key}")))
    }

    /// Runs behind a checkpoint until there is nothing left or the killer comes; returns the run.
    fn run(&mut self, checkpoint: u64, kill_after: Option<usize>, done: &BTreeSet<u64>) -> Result<Run, TestCaseError> {
        let mut run = Run::with_settings(LaneSettings { recut: self.recut, ..lane_settings(self.rules.clone()) });
        run.add(self.numbers().filter(|(number, _)| *number > checkpoint));
        let mut n_steps = 0;
        loop {
            let steps = run.steps();
            if steps.is_empty() {
                prop_assert!(run.work.is_finished());
                return Ok(run);
            }
            for (lane, step) in steps {
                n_steps += 1;
                if kill_after.is_some_and(|limit| n_steps > limit) {
                    return Ok(run);
                }
                match step {
                    Step::Invoke(records) => {
                        let answer = self.function.call(&numbers(&records));
                        run.answer(lane, &records, answer);
                    }
                    Step::Keep(discard) => run.keep(lane, discard),
                }
                check_checkpoint(&run, checkpoint, done)?;
            }
            // Another batch of the shard may take a while.
            run.now += SignedDuration::from_millis(10);
        }
    }
}

/// Everything up to the checkpoint is processed or kept.
fn check_checkpoint(run: &Run, since: u64, done: &BTreeSet<u64>) -> Result<(), TestCaseError> {
    let finished = finished(run);
    for number in since + 1..=run.checkpoint().unwrap_or(since) {
        prop_assert!(finished.contains(&number) || done.contains(&number), "{number} is passed over");
    }
    Ok(())
}

fn kept(run: &Run) -> BTreeSet<u64> {
    run.kept.iter().flat_map(|discard| numbers(&discard.records)).collect()
}

fn finished(run: &Run) -> BTreeSet<u64> {
    run.processed.iter().copied().chain(kept(run)).collect()
}

/// The records of each key are processed in order, each once in a run.
fn check_order(case: &Case, run: &Run) -> Result<(), TestCaseError> {
    let keys: BTreeMap<u64, String> = case.numbers().collect();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for number in &run.processed {
        let before = last.insert(&keys[number], *number);
        prop_assert!(before.is_none_or(|before| before < *number), "{number} after {before:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_passed_over_or_out_of_order(mut case in case()) {
        let poison: BTreeSet<u64> = case.function.poison.iter().copied().filter(|it| *it <= case.keys.len() as u64).collect();
        let is_erratic = case.function.is_erratic();
        let (mut checkpoint, mut processed, mut given_up) = (0, BTreeSet::new(), BTreeSet::new());
        for kill_after in case.kills.clone().into_iter().map(Some).chain([None]) {
            let done = processed.union(&given_up).copied().collect();
            let run = case.run(checkpoint, kill_after, &done)?;
            check_order(&case, &run)?;
            checkpoint = run.checkpoint().unwrap_or(checkpoint);
            processed.extend(run.processed.iter().copied());
            given_up.extend(kept(&run));
        }
        let all: BTreeSet<u64> = (1..=case.keys.len() as u64).collect();
        prop_assert_eq!(checkpoint, case.keys.len() as u64);
        prop_assert_eq!(processed.union(&given_up).copied().collect::<BTreeSet<_>>(), all.clone());
        prop_assert!(poison.is_subset(&given_up) && poison.is_disjoint(&processed), "poison is kept, never passed");
        if !is_erratic {
            prop_assert_eq!(&given_up, &poison, "only poison is given up");
        }
    }
}
