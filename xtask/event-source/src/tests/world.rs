//! A world in memory: a stream whose shards split and vanish, a function that does as it is told, a bucket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::fixture;
use super::lanes::succeed;
use crate::disturbance::Disturbance;
use crate::mapping::Mapping;
use crate::options::{Options, Pace, Which};
use crate::record::Record;
use crate::runner::Runner;
use crate::services::{
    Answer, Destinations, Functions, Listed, Mappings, Page, Position, ServiceError, Shard, StreamState, Streams,
};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// The world; its clones are the same one.
#[derive(Clone)]
pub(super) struct World {
    state: Arc<Mutex<State>>,
    changed: watch::Sender<u64>,
}

/// What a function does with the numbers of a batch.
type Behaviour = Box<dyn FnMut(&[u64]) -> Option<Answer> + Send>;

/// What is in it.
pub(super) struct State {
    pub(super) listed: Vec<Listed>,
    pub(super) shards: BTreeMap<String, MemoryShard>,
    /// Whether nothing answers.
    pub(super) is_down: bool,
    /// What the function does with the numbers of a batch; nothing means that it runs on and on.
    pub(super) function: Behaviour,
    /// Whether the bucket takes anything.
    pub(super) takes: bool,
    pub(super) delivered: Vec<Vec<u64>>,
    pub(super) kept: BTreeMap<String, Value>,
    pub(super) reports: Vec<String>,
}

/// A shard in memory.
#[derive(Clone, Default)]
pub(super) struct MemoryShard {
    pub(super) records: Vec<Record>,
    pub(super) parents: Vec<String>,
    pub(super) is_closed: bool,
}

impl World {
    /// One mapping, one shard called `a`, a function that succeeds.
    pub(super) fn new() -> Self {
        let state = State {
            listed: vec![listed(fixture::mapping())],
            shards: BTreeMap::from([("a".into(), MemoryShard::default())]),
            is_down: false,
            function: Box::new(|_| Some(succeed())),
            takes: true,
            delivered: vec![],
            kept: BTreeMap::new(),
            reports: vec![],
        };
        Self { state: Arc::new(Mutex::new(state)), changed: watch::Sender::new(0) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Puts records on a shard, all of one key.
    pub(super) fn put(&self, shard: &str, numbers: impl IntoIterator<Item = u64>) {
        let records = numbers.into_iter().map(|number| (*fixture::record(number, "key", Timestamp::now())).clone());
        self.state().shards.entry(shard.into()).or_default().records.extend(records);
    }

    /// What the function is to do from now on.
    pub(super) fn on_call(&self, function: impl FnMut(&[u64]) -> Option<Answer> + Send + 'static) {
        self.state().function = Box::new(function);
    }

    /// Changes the only mapping.
    pub(super) fn change_mapping(&self, change: impl FnOnce(&mut Mapping)) {
        let mut mapping = self.state().listed[0].mapping.clone().unwrap();
        change(&mut mapping);
        self.state().listed = vec![listed(mapping)];
    }

    /// Waits until the world is as it should be.
    pub(super) async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let mut changed = self.changed.subscribe();
        let waited = tokio::time::timeout(PATIENCE, changed.wait_for(|_| is_so(&self.state()))).await;
        let state = self.state();
        assert!(waited.is_ok(), "it never came: {:?}, {:?}", state.delivered, state.reports);
    }

    /// A runner in this world, with its checkpoints in a folder.
    pub(super) fn runner(&self, folder: &fixture::Folder) -> Runner {
        self.disturbed_runner(folder, Disturbance::default())
    }

    pub(super) fn disturbed_runner(&self, folder: &fixture::Folder, disturbance: Disturbance) -> Runner {
        self.resting_runner(folder, disturbance, Duration::from_millis(2))
    }

    /// A runner that looks so seldom while nobody wakes it.
    pub(super) fn resting_runner(&self, folder: &fixture::Folder, disturbance: Disturbance, rest: Duration) -> Runner {
        let pace = Pace {
            poll: Duration::from_millis(1),
            list: Duration::from_millis(2),
            rest,
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(4),
            patience: Duration::from_millis(50),
        };
        let options = Options { which: Which::All, checkpoints: folder.path().into(), pace, disturbance };
        let world = self.clone();
        let report = move |text| world.change(|state| state.reports.push(text));
        Runner::with_services(self.clone(), options, report).unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.send_modify(|n_changes| *n_changes += 1);
        result
    }

    fn reach(&self) -> Result<MutexGuard<'_, State>, ServiceError> {
        let state = self.state();
        if state.is_down { Err(ServiceError::Unreachable("nothing answers".into())) } else { Ok(state) }
    }
}

impl State {
    /// Every number that was delivered, in order.
    pub(super) fn numbers(&self) -> Vec<u64> {
        self.delivered.concat()
    }

    /// How many reports hold a text.
    pub(super) fn n_reports(&self, text: &str) -> usize {
        self.reports.iter().filter(|report| report.contains(text)).count()
    }
}

/// A mapping as it is listed before anybody has read for it.
pub(super) fn listed(mapping: Mapping) -> Listed {
    let last_processing_result = "No records processed".into();
    Listed { uuid: mapping.uuid.clone(), mapping: Ok(mapping), last_processing_result }
}

/// Waits until a runner has done everything.
pub(super) async fn drained(runner: &Runner) {
    let waited = tokio::time::timeout(PATIENCE, runner.drained()).await;
    assert!(waited.is_ok(), "never drained: {:?}", runner.status());
}

impl Mappings for World {
    async fn mappings(&self) -> Result<Vec<Listed>, ServiceError> {
        Ok(self.reach()?.listed.clone())
    }
}

impl Streams for World {
    async fn stream(&self, _stream: &str) -> Result<StreamState, ServiceError> {
        let shards = self.reach()?.shards.clone();
        let shards = shards.into_iter().map(|(id, shard)| Shard { id, parents: shard.parents }).collect();
        Ok(StreamState { shards, retention: Duration::from_secs(24 * 3_600) })
    }

    async fn read(&self, _stream: &str, shard: &str, from: &Position) -> Result<Page, ServiceError> {
        let state = self.reach()?;
        let shard = state.shards.get(shard).ok_or_else(|| ServiceError::Gone(format!("no shard {shard}")))?;
        let is_behind = |record: &&Record| match from {
            Position::TrimHorizon => true,
            Position::After(number) => record.sequence_number > *number,
        };
        let mut records: Vec<Record> = shard.records.iter().filter(is_behind).cloned().collect();
        // A page is small, so that tests see several.
        let at_tip = records.len() <= 10;
        records.truncate(10);
        Ok(Page { records, at_tip, closed: at_tip && shard.is_closed })
    }
}

impl Functions for World {
    async fn invoke(&self, _function: &str, event: String) -> Answer {
        let event: Value = serde_json::from_str(&event).unwrap();
        let number = |record: &Value| record["kinesis"]["sequenceNumber"].as_str().unwrap().parse().unwrap();
        let numbers: Vec<u64> = event["Records"].as_array().unwrap().iter().map(number).collect();
        if let Err(error) = self.reach().map(drop) {
            return Answer::NotRun(error);
        }
        let answer = self.change(|state| {
            state.delivered.push(numbers.clone());
            (state.function)(&numbers)
        });
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

impl Destinations for World {
    async fn keep(&self, _bucket: &str, key: &str, document: String) -> Result<(), ServiceError> {
        if !self.reach()?.takes {
            return Err(ServiceError::Refused("NoSuchBucket".into()));
        }
        let document = serde_json::from_str(&document).unwrap();
        self.change(|state| state.kept.insert(key.into(), document));
        Ok(())
    }
}
