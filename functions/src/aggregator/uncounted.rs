//! Spans without the aggregator: the stream was not there, or nobody folded what came of it.
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
    /// stream was closed right before them, or they are many. Returns to where days were once closed within an hour.
    pub(super) async fn resume(&self, watermark: Minute, target: Minute) -> Result<Option<Minute>, TableError> {
        let closed = readable(self.watermark.closed().await)?.flatten();
        let was_away = closed == Some(watermark) || target.since(watermark) > AWAY_MINUTES;
        if was_away && target > watermark {
            tracing::info!(after = %watermark, through = %target, "nobody was there; these minutes are no observations");
            self.uncounted.record(Uncounted { first: watermark.plus(1), last: target }).await?;
        }
        Ok(closed)
    }
}
