//! Spans that were not counted while they passed: the stream was not there, or nobody folded what came of it, or calls of
//! theirs still waited in the journal.
//!
//! Invariant: such a span is on record before the first window of it is set, so that whoever reads the windows as
//! observations knows better.

use metering::uncounted::Uncounted;
use metering::window::Minute;
use store::history::AWAY_MINUTES;
use store::table::{TableError, readable};

use super::Aggregator;

impl Aggregator {
    /// Takes note of the minutes between the watermark and where a run goes, if nobody was there while they passed: the
    /// stream was closed right before them, or they are many; or if the run was not to move all of the journal into
    /// blocks, or could not, so that their calls come later. Returns to where days were once closed within an hour.
    pub(super) async fn resume(
        &self,
        watermark: Minute,
        target: Minute,
        is_drained: bool,
    ) -> Result<Option<Minute>, TableError> {
        let closed = readable(self.watermark.closed().await)?.flatten();
        let was_away = closed == Some(watermark) || target.since(watermark) > AWAY_MINUTES;
        if (was_away || !is_drained) && target > watermark {
            tracing::info!(after = %watermark, through = %target, was_away, "these minutes are no observations");
            self.uncounted.record(Uncounted { first: watermark.plus(1), last: target }).await?;
        }
        Ok(closed)
    }
}
