//! The stream processor: a batch of records becomes blocks and failed records.
//!
//! Invariant: success is answered only when everything the batch holds has been written; a batch that fails for a
//! reason outside it is delivered again and changes nothing that was written before.

use jiff::Timestamp;
use metering::batch::Batch;
use metering::window::Minute;
use tokio::sync::OnceCell;

use crate::large_records::LargeRecords;
use crate::signed_request::RequestError;
use crate::stream_event::{StreamEvent, StreamRecord};
use store::blocks::Blocks;
use store::table::TableError;
use store::watermark::Watermark;

/// The processor's stores.
#[derive(Debug)]
pub struct Processor {
    blocks: Blocks,
    watermark: Watermark,
    large_records: LargeRecords,
    begun: OnceCell<()>,
}

/// A batch that has to come again, for a reason outside it.
#[derive(Debug, thiserror::Error)]
pub enum NotProcessed {
    /// A table did not do what it was asked.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A record too large for an item could not be kept.
    #[error(transparent)]
    LargeRecord(#[from] RequestError),
}

impl Processor {
    /// A processor that writes to these stores.
    pub const fn new(blocks: Blocks, watermark: Watermark, large_records: LargeRecords) -> Self {
        Self { blocks, watermark, large_records, begun: OnceCell::const_new() }
    }

    /// Counts a batch.
    ///
    /// # Errors
    /// When a write fails: the whole batch has to come again.
    pub async fn process(&self, event: &StreamEvent, clock: impl Fn() -> Timestamp) -> Result<(), NotProcessed> {
        // Where there is no watermark yet, whatever is committed from here on is in its own minute, or marked.
        self.begun.get_or_try_init(|| self.watermark.begin(Minute::of(clock()).plus(-1))).await?;
        let mut batch = Batch::of(event.records.iter().map(StreamRecord::record));
        for failed in &mut batch.failed {
            let (shard, sequence) = (failed.shard_id, failed.sequence_number);
            tracing::warn!(%shard, %sequence, reason = %failed.reason, "record kept under ERRORS");
            // Before its item: what that names is there.
            if failed.is_cut() {
                failed.data_at = Some(self.large_records.keep(failed.data, &failed.data_sha256).await?);
            }
        }
        self.blocks.commit(&batch, clock).await?;
        tracing::debug!(
            records = event.records.len(),
            blocks = batch.blocks.len(),
            failed = batch.failed.len(),
            "counted"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
