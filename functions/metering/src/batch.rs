//! One batch of the stream's records, sorted into blocks and failed records.
//!
//! Invariant: every record ends in exactly one of the two, whatever it holds.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::block::{Block, hex};
use crate::event::{Event, Rejection};
use crate::window::iso_millis;

/// Most bytes kept of a record that cannot be counted: in base64 they must fit into an item of 400 KB.
const MAX_KEPT_BYTES: usize = 240 * 1024;

/// A record as the stream delivers it.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Its bytes.
    pub data: &'a [u8],
    /// When the stream took it.
    pub arrived_at: Timestamp,
    /// Its shard.
    pub shard_id: &'a str,
    /// Its place in the shard.
    pub sequence_number: &'a str,
}

/// A record that cannot be counted, as it is kept under `ERRORS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRecord {
    /// Why.
    pub reason: Rejection,
    /// The first bytes of its data, all of them where an item can hold them.
    pub data: Vec<u8>,
    /// How many bytes the whole has.
    pub data_length: usize,
    /// SHA-256 of the whole, in hexadecimal.
    pub data_sha256: String,
    /// When the stream took it.
    pub arrived_at: Timestamp,
    /// Its shard.
    pub shard_id: String,
    /// Its place in the shard.
    pub sequence_number: String,
}

/// A batch, sorted out.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// What can be counted.
    pub blocks: Vec<Block>,
    /// What cannot.
    pub failed: Vec<FailedRecord>,
}

impl Batch {
    /// Sorts out the records of a batch.
    pub fn of<'a>(records: impl IntoIterator<Item = Record<'a>>) -> Self {
        let mut failed = Vec::new();
        let events = records.into_iter().filter_map(|record| match Event::parse(record.data, record.arrived_at) {
            Ok(event) => Some(event),
            Err(reason) => {
                failed.push(FailedRecord::of(&record, reason));
                None
            }
        });
        let blocks = Block::of(events);
        Self { blocks, failed }
    }
}

impl FailedRecord {
    fn of(record: &Record<'_>, reason: Rejection) -> Self {
        Self {
            reason,
            data: record.data[..record.data.len().min(MAX_KEPT_BYTES)].to_vec(),
            data_length: record.data.len(),
            data_sha256: hex(&Sha256::digest(record.data)),
            arrived_at: record.arrived_at,
            shard_id: record.shard_id.into(),
            sequence_number: record.sequence_number.into(),
        }
    }

    /// Sort key: by arrival, and the same however often the record is delivered.
    pub fn sort(&self) -> String {
        format!("{}#{}#{}", iso_millis(self.arrived_at), self.shard_id, self.sequence_number)
    }

    /// When it may be forgotten.
    pub fn expires_at(&self) -> Timestamp {
        let kept = SignedDuration::from_hours(i64::from(contract::limit::HISTORY_DAYS) * 24);
        self.arrived_at.checked_add(kept).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(data: &[u8]) -> Record<'_> {
        let arrived_at = "2026-11-24T10:15:31Z".parse().unwrap();
        Record { data, arrived_at, shard_id: "shardId-000000000000", sequence_number: "49" }
    }

    #[test]
    fn the_good_records_of_a_batch_are_counted_beside_the_bad() {
        let call =
            br#"{"eventType":"API_CALL","requestId":"1","timestamp":"2026-11-24T10:15:30Z","userEmail":"a@b.au"}"#;
        let batch = Batch::of([record(b"{"), record(call), record(b"\xff")]);
        assert_eq!(batch.blocks.iter().map(|block| block.events).sum::<usize>(), 1);
        assert_eq!(batch.failed.len(), 2);
    }

    #[test]
    fn a_record_too_large_for_an_item_is_cut_and_its_whole_is_named() {
        let data = vec![b'x'; 1 << 20];
        let failed = &Batch::of([record(&data)]).failed[0];
        assert_eq!((failed.data.len(), failed.data_length), (MAX_KEPT_BYTES, 1 << 20));
        assert_eq!(failed.data_sha256, hex(&Sha256::digest(&data)));
        assert_eq!(failed.sort(), "2026-11-24T10:15:31.000Z#shardId-000000000000#49");
    }
}
