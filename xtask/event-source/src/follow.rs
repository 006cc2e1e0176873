//! Which readers there are: one for each shard of each mapping that is listed, once the shard's parents are done.
//!
//! Invariant: two readers never share a mapping and a shard, so order holds when settings change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::mapping::Mapping;
use crate::options::Which;
use crate::report::IssueLog;
use crate::requests::Shared;
use crate::services::{Listed, ServiceError, Services, Shard, StreamState};
use crate::shard::Reader;
use crate::status::{Phase, ShardStatus};

/// What Lambda says of a mapping whose stream nobody else has read.
const NOTHING_PROCESSED: &str = "No records processed";

/// Keeps readers for what is listed.
pub(crate) struct Follower<S> {
    shared: Arc<Shared<S>>,
    which: Which,
    readers: BTreeMap<Key, Running>,
    followed: BTreeMap<String, String>,
    issues: IssueLog,
    failed_looks: u32,
}

/// A mapping's id and a shard's.
type Key = (String, String);

/// A reader.
struct Running {
    mapping: Arc<Mapping>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A shard that is to be read for a mapping.
struct Wanted {
    mapping: Arc<Mapping>,
    shard: Shard,
    retention: Duration,
}

impl<S: Services> Follower<S> {
    /// No readers yet.
    pub(crate) fn new(shared: Arc<Shared<S>>, which: Which) -> Self {
        let issues = IssueLog::new(Arc::clone(&shared.report));
        Self { shared, which, readers: BTreeMap::new(), followed: BTreeMap::new(), issues, failed_looks: 0 }
    }

    /// Looks again and again, until it is told to stop.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut questions = self.shared.board.questions();
        loop {
            questions.mark_unchanged();
            let looked = tokio::select! {
                looked = self.look() => looked,
                _ = stop.changed() => break,
            };
            let (pause, rest) = self.pauses_after(looked);
            let woken = async {
                let _ = tokio::time::timeout(rest, questions.changed()).await;
            };
            tokio::select! {
                ((), ()) = futures::future::join(tokio::time::sleep(pause), woken) => {}
                _ = stop.changed() => break,
            }
        }
        self.stop().await;
    }

    /// How long there is no look, and how long there is none unless somebody wakes the runner.
    fn pauses_after(&mut self, looked: Result<(), ServiceError>) -> (Duration, Duration) {
        let pace = self.shared.pace;
        match looked {
            Ok(()) => {
                self.failed_looks = 0;
                self.issues.settle("list", || "the event sources can be listed again".into());
                (pace.list, pace.rest)
            }
            Err(error) => {
                self.failed_looks += 1;
                self.issues.open("list", || format!("the event sources cannot be listed, waiting: {error}"));
                (pace.list.saturating_mul(1 << self.failed_looks.min(16)).min(pace.longest_pause), Duration::ZERO)
            }
        }
    }

    /// One look at mappings and shards.
    async fn look(&mut self) -> Result<(), ServiceError> {
        let question = self.shared.board.question();
        let listed = self.shared.services.mappings().await?;
        let mut wanted = BTreeMap::new();
        self.forget_all_but(&listed);
        for Listed { uuid, mapping, last_processing_result } in listed {
            let mapping = match mapping {
                Ok(mapping) if self.which.includes(&mapping) => Arc::new(mapping),
                Ok(_) => continue,
                Err(refusal) => {
                    let matter = format!("refused {uuid}");
                    self.issues.open(&matter, || format!("event source mapping {uuid} is not followed: {refusal}"));
                    continue;
                }
            };
            self.check_poller(&mapping, last_processing_result);
            if let Some(state) = self.stream(&mapping).await? {
                Self::want(&mapping, state, &mut wanted);
            }
        }
        self.reconcile(&wanted);
        self.shared.board.listed(question, |mapping, shard| wanted.contains_key(&(mapping.into(), shard.into())));
        Ok(())
    }

    /// Says which mappings are gone: their readers end, and what was wrong with them matters no more.
    fn forget_all_but(&mut self, listed: &[Listed]) {
        let is_listed = |uuid: &String| listed.iter().any(|listed| listed.uuid == *uuid);
        let gone: Vec<String> = self.followed.keys().filter(|uuid| !is_listed(uuid)).cloned().collect();
        for uuid in gone {
            self.followed.remove(&uuid);
            self.issues.say(format!("event source mapping {uuid} is gone, waiting for another"));
        }
    }

    /// The mapping's stream; none where the mapping outlives it.
    async fn stream(&mut self, mapping: &Mapping) -> Result<Option<StreamState>, ServiceError> {
        let matter = format!("stream {}", mapping.uuid);
        let name = mapping.stream_name();
        match self.shared.services.stream(&mapping.stream).await {
            Ok(state) => {
                self.issues.settle(&matter, || format!("stream {name} is there"));
                Ok(Some(state))
            }
            Err(ServiceError::Gone(_)) => {
                self.issues.open(&matter, || format!("stream {name} is not there, waiting for it"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn want(mapping: &Arc<Mapping>, state: StreamState, wanted: &mut BTreeMap<Key, Wanted>) {
        for shard in state.shards {
            let key = (mapping.uuid.clone(), shard.id.clone());
            wanted.insert(key, Wanted { mapping: Arc::clone(mapping), shard, retention: state.retention });
        }
    }

    /// Says when another poller takes the records: it loses those that a function reports as failed.
    fn check_poller(&mut self, mapping: &Mapping, last_processing_result: String) {
        let Mapping { uuid, stream, rules, .. } = mapping;
        let function = mapping.function_name();
        let before = self.followed.insert(uuid.clone(), last_processing_result.clone());
        if before.is_none() {
            let size = rules.batch_size;
            self.issues.say(format!("{} feeds {function} in batches of {size}", mapping.stream_name()));
        }
        if before.as_deref().unwrap_or(NOTHING_PROCESSED) != last_processing_result {
            self.issues.say(format!(
                "another poller reads {stream} for {function} ({last_processing_result}): records that fail are lost; \
                 disable event source mapping {uuid}, which keeps this runner going"
            ));
        }
    }

    fn reconcile(&mut self, wanted: &BTreeMap<Key, Wanted>) {
        self.readers.retain(|_, reader| !reader.task.is_finished());
        for (key, reader) in &self.readers {
            if wanted.get(key).is_none_or(|wanted| wanted.mapping != reader.mapping) {
                // It ends once what is under way is done; with other settings a later look begins it anew.
                reader.stop.send_replace(true);
            }
        }
        for (key, Wanted { mapping, shard, retention }) in wanted {
            if self.readers.contains_key(key) {
                continue;
            }
            if self.shared.checkpoints.is_ended(&mapping.uuid, &shard.id) {
                self.post(mapping, shard, Phase::Ended);
                continue;
            }
            let is_undone = |parent: &String| {
                let is_listed = wanted.contains_key(&(mapping.uuid.clone(), parent.clone()));
                is_listed && !self.shared.checkpoints.is_ended(&mapping.uuid, parent)
            };
            if shard.parents.iter().any(is_undone) {
                self.post(mapping, shard, Phase::Waiting);
                continue;
            }
            let (stop, stopped) = watch::channel(false);
            let (shared, followed) = (Arc::clone(&self.shared), Arc::clone(mapping));
            if let Some(reader) = Reader::new(shared, followed, shard.id.clone(), *retention, stopped) {
                let task = tokio::spawn(reader.run());
                self.readers.insert(key.clone(), Running { mapping: Arc::clone(mapping), stop, task });
            }
        }
    }

    /// Writes down a shard that has no reader.
    fn post(&self, mapping: &Mapping, shard: &Shard, phase: Phase) {
        self.shared.board.set(ShardStatus {
            mapping: mapping.uuid.clone(),
            function: mapping.function_name().to_owned(),
            shard: shard.id.clone(),
            phase,
            checkpoint: None,
            unfinished: 0,
            last_error: None,
            drained: 0,
        });
    }

    async fn stop(self) {
        let patience = self.shared.pace.patience;
        let deadline = tokio::time::Instant::now() + patience;
        for reader in self.readers.values() {
            reader.stop.send_replace(true);
        }
        for ((_, shard), reader) in self.readers {
            let abort = reader.task.abort_handle();
            if tokio::time::timeout_at(deadline, reader.task).await.is_err() {
                abort.abort();
                let function = reader.mapping.function_name();
                self.issues.say(format!("{function} still runs for {shard}: its batch will be delivered again"));
            }
        }
    }
}
