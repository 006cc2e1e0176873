//! How many users there are in everybody's days of a zone, and in the day so far: by the lists of who called, and where
//! these are too long or missing by the hours within, each user counted once.
//!
//! Invariant: an answer reads no more for it than its budget; of what that does not reach nothing is told.

use metering::report::series::Series;
use metering::user_set::UserSet;

use super::figures::Figures;
use super::lists::{List, Told};
use store::reads::all;
use store::table::TableError;

/// Fewest and most read units for which the users of hours are read. Those of a day take 2, and 54 where a hundred
/// thousand users call in each of its hours.
const UNITS: (u64, u64) = (54, 180);
/// Days that are read at once.
const AT_ONCE: usize = 16;

impl Figures<'_> {
    /// Names the users of days that no total knows, the latest days first.
    pub(super) async fn name_users_of_days(&self, series: &mut Series, told: &Told) -> Result<(), TableError> {
        let untold = series.untold();
        for days in untold.chunks(AT_ONCE) {
            let read = all(days.iter().map(async |(first, last)| {
                let last = (*last).min(told.set());
                if *first > last {
                    return Ok(Some(UserSet::default()));
                }
                match List::between(*first, last, told.set()) {
                    Some(lists) => self.callers_of(&lists, told).await,
                    None => Ok(None),
                }
            }));
            let read = read.await?;
            for ((first, _), callers) in days.iter().zip(&read) {
                callers.iter().for_each(|callers| series.name_users(*first, callers));
            }
            // Where one is too long, or was not written by an earlier deployment, those before are hardly better.
            if read.last().is_some_and(Option::is_none) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Counts the users of days that are whole hours of UTC, the latest days first.
    pub(super) async fn count_users_of_days(&self, series: &mut Series, told: &Told) -> Result<(), TableError> {
        let days = series.of_hours(told.set());
        let (mut rest, mut at_once) = (days.as_slice(), 1);
        let mut left = if days.is_empty() { 0 } else { self.budget.rest(UNITS) as usize };
        while !rest.is_empty() && left > 0 && at_once > 0 {
            let (these, others) = rest.split_at(at_once.min(rest.len()));
            let read = all(these.iter().map(|(first, last)| self.windows.users(*first, *last))).await?;
            let units: usize = read.iter().map(|(_, units)| units).sum();
            for ((first, _), (hours, _)) in these.iter().zip(&read) {
                series.count_hours(*first, hours);
            }
            left = left.saturating_sub(units);
            // As many as may be read if they are like these.
            at_once = (left * these.len() / units.max(1)).min(AT_ONCE);
            rest = others;
        }
        Ok(())
    }
}
