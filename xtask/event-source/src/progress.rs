//! How far a shard is done, when its records finish in any order.
//!
//! Invariant: the checkpoint is below the lowest record that was read and is not finished.

use std::collections::BTreeMap;

use crate::record::SharedRecord;
use crate::sequence::SequenceNumber;

/// The records that were read, up to the lowest unfinished one.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    finished: BTreeMap<SequenceNumber, bool>,
    checkpoint: Option<SequenceNumber>,
}

impl Progress {
    /// Takes note of a record that was read.
    pub(crate) fn read(&mut self, record: &SharedRecord) {
        self.finished.insert(record.sequence_number.clone(), false);
    }

    /// Takes note of records that are processed or discarded.
    pub(crate) fn finish(&mut self, records: &[SharedRecord]) {
        for record in records {
            self.finished.insert(record.sequence_number.clone(), true);
        }
        while let Some(first) = self.finished.first_entry().filter(|first| *first.get()) {
            self.checkpoint = Some(first.remove_entry().0);
        }
    }

    /// The last record of those before which everything is finished.
    pub(crate) fn checkpoint(&self) -> Option<&SequenceNumber> {
        self.checkpoint.as_ref()
    }

    /// Records that are read and not finished.
    pub(crate) fn unfinished(&self) -> usize {
        self.finished.values().filter(|finished| !**finished).count()
    }

    /// Whether everything that was read is finished.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.is_empty()
    }
}
