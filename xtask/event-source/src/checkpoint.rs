//! Where each mapping is in each shard, in a file.
//!
//! Invariant: the file is whole at every moment, so a kill costs deliveries that repeat and never a record.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::sequence::SequenceNumber;
use crate::services::Position;

/// Why there are no checkpoints.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file or its folder cannot be used.
    #[error("{path}: {cause}")]
    Io {
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file holds something else.
    #[error("{path} does not hold checkpoints: {cause}")]
    Malformed {
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

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Entry {
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

    /// Where to read on; nowhere where the shard is done with.
    pub(crate) fn position(&self, mapping: &str, shard: &str) -> Option<Position> {
        let mappings = self.lock();
        match mappings.get(mapping).and_then(|entry| entry.shards.get(shard)) {
            Some(Place::After(number)) => Some(Position::After(number.clone())),
            Some(Place::End) => None,
            None => Some(Position::TrimHorizon),
        }
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
        mappings.entry(mapping.to_owned()).or_default().shards.insert(shard.to_owned(), place);
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
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        assert_eq!(checkpoints.position("mapping-1", "a"), Some(Position::TrimHorizon));
        checkpoints.advance("mapping-1", "a", &SequenceNumber::new("0042")).unwrap();
        checkpoints.end("mapping-1", "b").unwrap();

        let reopened = Checkpoints::open(folder.path()).unwrap();
        assert_eq!(reopened.position("mapping-1", "a"), Some(Position::After(SequenceNumber::new("0042"))));
        assert_eq!(reopened.position("mapping-1", "b"), None);
        assert!(reopened.is_ended("mapping-1", "b") && !reopened.is_ended("mapping-1", "a"));
        assert_eq!(reopened.position("mapping-2", "a"), Some(Position::TrimHorizon), "each mapping has its own");
    }

    #[test]
    fn a_file_that_an_earlier_runner_wrote_is_read_on() {
        let folder = fixture::Folder::new();
        let earlier =
            r#"{"mapping-1": {"since": "2026-11-24T10:00:00Z", "shards": {"a": {"after": "42"}, "b": "end"}}}"#;
        std::fs::write(folder.path().join("checkpoints.json"), earlier).unwrap();
        let checkpoints = Checkpoints::open(folder.path()).unwrap();
        assert_eq!(checkpoints.position("mapping-1", "a"), Some(Position::After(SequenceNumber::new("42"))));
        assert!(checkpoints.is_ended("mapping-1", "b"));
    }

    #[test]
    fn a_file_of_something_else_is_said_not_overwritten() {
        let folder = fixture::Folder::new();
        std::fs::write(folder.path().join("checkpoints.json"), "[]").unwrap();
        let error = Checkpoints::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("does not hold checkpoints"), "{error}");
    }
}
