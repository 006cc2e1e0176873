//! What waits in the journal, on its way into blocks.
//!
//! Invariant: an entry leaves the journal after it is in a block, and a run that leaves any behind knows it.

use jiff::Timestamp;
use metering::batch::Batch;
use metering::block::Block;
use metering::subject::Bucket;
use store::table::TableError;

use super::Aggregator;

/// Entries that a run moves from each bucket.
pub(super) const AT_ONCE: usize = 1_000;

impl Aggregator {
    /// Moves what the journal holds into blocks, and says whether that was all of it. Each leaves a mark where it is out
    /// of turn, so nothing waits.
    pub(super) async fn drain(&self, clock: &impl Fn() -> Timestamp) -> Result<bool, TableError> {
        let mut is_all = true;
        for bucket in Bucket::all() {
            let pending = self.journal.pending(bucket, AT_ONCE).await?;
            is_all &= !pending.is_cut;
            if pending.is_empty() {
                continue;
            }
            let blocks = Block::of(pending.entries.iter().map(|entry| entry.event.clone()));
            self.blocks.commit(&Batch { blocks, failed: Vec::new() }, clock).await?;
            // Before windows have them: a reader may miss them for moments, but never sees them twice.
            self.journal.remove(&pending).await?;
            tracing::info!(entries = pending.entries.len(), "moved from the journal into blocks");
        }
        Ok(is_all)
    }
}
