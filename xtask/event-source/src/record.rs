//! A record of a stream, and how much of an invocation it takes.
//!
//! Invariant: the size is never less than what the record takes in the event.

use std::sync::Arc;

use jiff::Timestamp;

use crate::sequence::SequenceNumber;

/// Bytes of a record in the event beside its data and its key: names, ARNs, numbers and punctuation.
const ENVELOPE_BYTES: usize = 1_024;

/// A record, shared between the attempts that deliver it.
pub(crate) type SharedRecord = Arc<Record>;

/// A record as the stream holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its place in the shard.
    pub(crate) sequence_number: SequenceNumber,
    /// What its producer grouped it by.
    pub(crate) partition_key: String,
    pub(crate) data: Vec<u8>,
    /// When the stream took it.
    pub(crate) arrived_at: Timestamp,
}

impl Record {
    /// Bytes that it takes in an event, in base64 and with what surrounds it.
    pub(crate) fn payload_bytes(&self) -> usize {
        let base64 = self.data.len().div_ceil(3) * 4;
        // A character of the key takes six bytes at most, as `\u001f`.
        base64 + self.partition_key.len() * 6 + ENVELOPE_BYTES
    }
}
