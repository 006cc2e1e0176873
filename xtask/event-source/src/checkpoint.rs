//! Where each mapping is in each shard, in a file.
//!
//! Invariant: the file is whole at every moment, so a kill costs deliveries that repeat and never a record.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::mapping::{Mapping, Start};
use crate::sequence::SequenceNumber;
use crate::services::Position;

/// Why there are no checkpoints.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file or its folder cannot be used.
    #[error("{path}: {cause}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file holds something else.
    #[error("{path} does not hold checkpoints: {cause}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

/// The checkpoints of every mapping, in memory and in the file.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    path: PathBuf,
    mappings: Mutex<BTreeMap<String, Entry>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    /// When the mapping was seen first: where `LATEST` begins, for shards that are found later too.
    since: Timestamp,
    shards: BTreeMap<String, Place>,
}

/// Where a mapping is in a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Place {
    /// Everything up to this record is finished.
    After(SequenceNumber),
    /// Everything is, and the shard is closed.
    End,
}

impl Checkpoints {
    /// The checkpoints in a folder; none where it is new.
    ///
    /// # Errors
    /// When the folder cannot be made, or the file cannot be read as checkpoints.
    pub(crate) fn open(folder: &Path) -> Result<Self, CheckpointError> {
        let path = folder.join("checkpoints.json");
        let failed = |cause| CheckpointError::Io { path: path.clone(), cause };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mappings = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|cause| CheckpointError::Malformed { path: path.clone(), cause })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(failed(error)),
        };
        Ok(Self { path, mappings: Mutex::new(mappings) })
    }

    /// Takes note of a mapping that may be new.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn begin(&self, mapping: &Mapping, now: Timestamp) -> Result<(), CheckpointError> {
        let mut mappings = self.lock();
        if mappings.contains_key(&mapping.uuid) {
            return Ok(());
        }
        mappings.insert(mapping.uuid.clone(), Entry { since: now, shards: BTreeMap::new() });
        self.write(&mappings)
    }

    /// Where to read on; nowhere where the shard is done with.
    pub(crate) fn position(&self, mapping: &Mapping, shard: &str) -> Option<Position> {
        let mappings = self.lock();
        let entry = mappings.get(&mapping.uuid);
        match entry.and_then(|entry| entry.shards.get(shard)) {
            Some(Place::After(number)) => return Some(Position::After(number.clone())),
            Some(Place::End) => return None,
            None => {}
        }
        Some(match (mapping.start, entry) {
            (Start::TrimHorizon, _) => Position::TrimHorizon,
            (Start::At(instant), _) => Position::At(instant),
            (Start::Latest, Some(entry)) => Position::At(entry.since),
            (Start::Latest, None) => Position::At(Timestamp::now()),
        })
    }

    /// Moves a checkpoint behind a record.
    ///
    /// # Errors
    /// When the file cannot be written: then a restart begins further back.
    pub(crate) fn advance(&self, mapping: &str, shard: &str, number: &SequenceNumber) -> Result<(), CheckpointError> {
        self.set(mapping, shard, Place::After(number.clone()))
    }

    /// Moves a checkpoint behind the last record of a closed shard.
    ///
    /// # Errors
    /// When the file cannot be written: then a restart reads the shard once more.
    pub(crate) fn end(&self, mapping: &str, shard: &str) -> Result<(), CheckpointError> {
        self.set(mapping, shard, Place::End)
    }

    /// Whether a closed shard is done with.
    pub(crate) fn is_ended(&self, mapping: &str, shard: &str) -> bool {
        let mappings = self.lock();
        mappings.get(mapping).and_then(|entry| entry.shards.get(shard)) == Some(&Place::End)
    }

    fn set(&self, mapping: &str, shard: &str, place: Place) -> Result<(), CheckpointError> {
        let mut mappings = self.lock();
        let new = || Entry { since: Timestamp::now(), shards: BTreeMap::new() };
        let entry = mappings.entry(mapping.to_owned()).or_insert_with(new);
        entry.shards.insert(shard.to_owned(), place);
        self.write(&mappings)
    }

    fn write(&self, mappings: &BTreeMap<String, Entry>) -> Result<(), CheckpointError> {
        let malformed = |cause| CheckpointError::Malformed { path: self.path.clone(), cause };
        let text = serde_json::to_vec_pretty(mappings).map_err(malformed)?;
        let beside = self.path.with_extension("json.new");
        let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &self.path));
        written.map_err(|cause| CheckpointError::Io { path: self.path.clone(), cause })
    }

    /// A panic elsewhere leaves the map whole: every change of it is one insertion.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.mappings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;

    #[test]
    fn a_restart_reads_on_behind_the_checkpoint() {
        let folder = fixture::Folder::new();
        let mapping = fixture::mapping();
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        assert_eq!(checkpoints.position(&mapping, "a"), Some(Position::TrimHorizon));
        checkpoints.advance(&mapping.uuid, "a", &SequenceNumber::new("0042")).unwrap();
        checkpoints.end(&mapping.uuid, "b").unwrap();

        let reopened = Checkpoints::open(folder.path()).unwrap();
        assert_eq!(reopened.position(&mapping, "a"), Some(Position::After(SequenceNumber::new("0042"))));
        assert_eq!(reopened.position(&mapping, "b"), None);
        assert!(reopened.is_ended(&mapping.uuid, "b") && !reopened.is_ended(&mapping.uuid, "a"));
        let other = Mapping { uuid: "mapping-2".into(), ..mapping };
        assert_eq!(reopened.position(&other, "a"), Some(Position::TrimHorizon), "each mapping has its own");
    }

    #[test]
    fn latest_is_the_moment_the_mapping_was_seen_first_for_every_shard_and_restart() {
        let folder = fixture::Folder::new();
        let mapping = Mapping { start: Start::Latest, ..fixture::mapping() };
        let since = Timestamp::from_second(1_000).unwrap();
        Checkpoints::open(folder.path()).unwrap().begin(&mapping, since).unwrap();
        let reopened = Checkpoints::open(folder.path()).unwrap();
        reopened.begin(&mapping, Timestamp::now()).unwrap();
        assert_eq!(reopened.position(&mapping, "found later"), Some(Position::At(since)));
    }

    #[test]
    fn a_file_of_something_else_is_said_not_overwritten() {
        let folder = fixture::Folder::new();
        std::fs::write(folder.path().join("checkpoints.json"), "[]").unwrap();
        let error = Checkpoints::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("does not hold checkpoints"), "{error}");
    }
}
