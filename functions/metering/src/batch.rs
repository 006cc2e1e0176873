//! One batch of the stream's records, sorted into blocks and failed records.
//!
//! Invariant: every record ends in exactly one of the two, whatever it holds.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::block::Block;
use crate::event::{Event, Rejection};
use crate::hex;
use crate::window::iso_millis;

/// Most bytes of a record that its item holds: in base64 they leave 8 KB of an item's 400 for everything else.
const MAX_KEPT_BYTES: usize = 3 * 98 * 1_024;

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
pub struct FailedRecord<'a> {
    /// Why.
    pub reason: Rejection,
    /// Its data, all of it.
    pub data: &'a [u8],
    /// SHA-256 of its data, in hexadecimal.
    pub data_sha256: String,
    /// Where its data lies that no item could hold, once it does.
    pub data_at: Option<String>,
    /// When the stream took it.
    pub arrived_at: Timestamp,
    /// Its shard.
    pub shard_id: &'a str,
    /// Its place in the shard.
    pub sequence_number: &'a str,
}

/// A batch, sorted out.
#[derive(Clone, Debug, Default)]
pub struct Batch<'a> {
    /// What can be counted.
    pub blocks: Vec<Block>,
    /// What cannot.
    pub failed: Vec<FailedRecord<'a>>,
}

impl<'a> Batch<'a> {
    /// Sorts out the records of a batch.
    pub fn of(records: impl IntoIterator<Item = Record<'a>>) -> Self {
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

impl<'a> FailedRecord<'a> {
    fn of(record: &Record<'a>, reason: Rejection) -> Self {
        let Record { data, arrived_at, shard_id, sequence_number } = *record;
        let data_sha256 = hex::encode(&Sha256::digest(data));
        Self { reason, data, data_sha256, data_at: None, arrived_at, shard_id, sequence_number }
    }

    /// What an item holds of its data: all of it, or the first bytes.
    pub fn kept(&self) -> &'a [u8] {
        &self.data[..self.data.len().min(MAX_KEPT_BYTES)]
    }

    /// Whether an item cannot hold all of its data.
    pub fn is_cut(&self) -> bool {
        self.data.len() > MAX_KEPT_BYTES
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
    fn a_record_too_large_for_an_item_is_cut_there_and_named_by_the_hash_of_the_whole() {
        let data = vec![b'x'; 1 << 20];
        let batch = Batch::of([record(&data), record(&data[..MAX_KEPT_BYTES])]);
        let [large, largest] = batch.failed.as_slice() else { panic!("{}", batch.failed.len()) };
        assert_eq!((large.kept().len(), large.data.len(), large.is_cut()), (MAX_KEPT_BYTES, 1 << 20, true));
        assert_eq!(large.data_sha256, hex::encode(&Sha256::digest(&data)));
        assert_eq!(large.sort(), "2026-11-24T10:15:31.000Z#shardId-000000000000#49");
        assert_eq!((largest.kept().len(), largest.is_cut()), (MAX_KEPT_BYTES, false));
    }
}
