//! Where a batch ends: at its size, at the payload that Lambda takes, or when its window is over.
//!
//! Invariant: a batch holds records in the order they were read, and at least one.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::record::SharedRecord;

/// Bytes of a synchronous invocation's payload at most (Lambda quotas: 6 MB).
pub(crate) const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// Records that were read and are in no batch yet.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    records: VecDeque<(Timestamp, SharedRecord)>,
    bytes: usize,
}

impl Waiting {
    /// Puts a record behind the others.
    pub(crate) fn add(&mut self, record: SharedRecord, now: Timestamp) {
        self.bytes += record.payload_bytes();
        self.records.push_back((now, record));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Bytes that they take in events.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The next batch, if it is time for one.
    pub(crate) fn cut(&mut self, size: usize, window: Duration, now: Timestamp) -> Option<Vec<SharedRecord>> {
        if self.due_at(size, window)? > now {
            return None;
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some((_, record)) = self.records.front() {
            bytes += record.payload_bytes();
            if batch.len() == size || (bytes > MAX_PAYLOAD_BYTES && !batch.is_empty()) {
                break;
            }
            self.bytes -= record.payload_bytes();
            batch.extend(self.records.pop_front().map(|(_, record)| record));
        }
        Some(batch)
    }

    /// When the next batch is to be cut: at once where it is full, else at the end of its window.
    pub(crate) fn due_at(&self, size: usize, window: Duration) -> Option<Timestamp> {
        let (since, _) = self.records.front()?;
        if self.records.len() >= size || self.bytes >= MAX_PAYLOAD_BYTES {
            return Some(*since);
        }
        Some(since.checked_add(window).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::Record;
    use crate::sequence::SequenceNumber;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn record(number: usize, bytes: usize) -> SharedRecord {
        let sequence_number = SequenceNumber::new(number.to_string());
        Arc::new(Record { sequence_number, partition_key: "k".into(), data: vec![0; bytes], arrived_at: at(0) })
    }

    fn waiting(n_records: usize, bytes: usize) -> Waiting {
        let mut waiting = Waiting::default();
        (0..n_records).for_each(|number| waiting.add(record(number, bytes), at(0)));
        waiting
    }

    #[test]
    fn a_full_batch_does_not_wait_for_its_window() {
        let mut waiting = waiting(7, 10);
        assert_eq!(waiting.cut(3, SECOND, at(0)).unwrap().len(), 3);
        assert_eq!(waiting.cut(3, SECOND, at(0)).unwrap().len(), 3);
        assert_eq!(waiting.cut(3, SECOND, at(0)), None);
        assert_eq!(waiting.cut(3, SECOND, at(1)).unwrap().len(), 1);
        assert_eq!((waiting.len(), waiting.bytes(), waiting.due_at(3, SECOND)), (0, 0, None));
    }

    #[test]
    fn a_window_begins_with_the_first_record_of_its_batch() {
        let mut waiting = waiting(1, 10);
        waiting.add(record(1, 10), at(5));
        assert_eq!(waiting.due_at(100, SECOND * 10), Some(at(10)));
        assert_eq!(waiting.cut(100, SECOND * 10, at(10)).unwrap().len(), 2);
    }

    #[test]
    fn without_a_window_a_batch_is_what_there_is() {
        assert_eq!(waiting(2, 10).cut(100, Duration::ZERO, at(0)).unwrap().len(), 2);
        assert_eq!(waiting(0, 10).cut(100, Duration::ZERO, at(0)), None);
    }

    #[test]
    fn a_batch_fits_into_an_invocation_in_base64() {
        let mut waiting = waiting(10, 1_000_000);
        assert_eq!(waiting.cut(100, SECOND, at(0)).unwrap().len(), 4, "six megabytes are reached: no window");
        assert_eq!(waiting.len(), 6);
    }

    #[test]
    fn a_record_larger_than_an_invocation_goes_alone() {
        let mut waiting = waiting(2, 8_000_000);
        assert_eq!(waiting.cut(100, SECOND, at(0)).unwrap().len(), 1);
    }
}
