//! How many users there are in everybody's days of a zone: those of the hours within, each counted once.
//!
//! Invariant: an answer reads no more for it than about [`UNITS`] read units and the hours of one day; of what that does
//! not reach nothing is told.

use metering::report::series::Series;

use super::figures::Figures;
use store::reads::all;
use store::table::TableError;

/// Read units for which the users of hours are read. Those of a day take 2, and 54 where a hundred thousand users call in
/// each of its hours.
const UNITS: usize = 150;
/// Days that are read at once.
const AT_ONCE: usize = 16;

impl Figures<'_> {
    /// Counts the users of days that are whole hours of UTC, the latest days first.
    pub(super) async fn count_users_of_days(&self, series: &mut Series) -> Result<(), TableError> {
        let days = series.of_hours();
        let (mut rest, mut at_once, mut left) = (days.as_slice(), 1, UNITS);
        while !rest.is_empty() && left > 0 {
            let (these, others) = rest.split_at(at_once.min(rest.len()));
            let read = all(these.iter().map(|(first, last)| self.windows.users(*first, *last))).await?;
            let units: usize = read.iter().map(|(_, units)| units).sum();
            for ((first, _), (hours, _)) in these.iter().zip(&read) {
                series.count_hours(*first, hours);
            }
            left = left.saturating_sub(units);
            // As many as may be read if they are like these.
            at_once = (left * these.len() / units.max(1)).clamp(1, AT_ONCE);
            rest = others;
        }
        Ok(())
    }
}
