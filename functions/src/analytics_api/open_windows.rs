//! Who called in the hour and the day that are not over: their parts are set, and no total knows their users yet.
//!
//! Invariant: what is read is bounded, however many call. Users of an hour that cannot be told within the bound are
//! unknown, and never too few; those of a day are counted from its hours then.

use metering::report::range::{Granularity, Plan};
use metering::report::series::Series;
use metering::subject::Bucket;
use metering::total::Total;
use metering::window::{Hour, Minute};

use super::figures::{Figures, by, within};
use store::reads::all;
use store::table::{TableError, readable};
use store::windows::Span;

/// Bytes of packed minutes or hours that are read for it: 100 read units.
const BYTES: u64 = 100 * 4_096;
/// Bytes that a user takes in a packed minute and in a packed hour, where these are many.
const OF_MINUTE: u64 = 160;
const OF_HOUR: u64 = 1_024;

impl Figures<'_> {
    /// Names the users of the windows that are not over, of which these totals are parts.
    pub(super) async fn add_users_of_open_windows(
        &self,
        series: &mut Series,
        plan: &Plan,
        totals: &[(Span, Total)],
    ) -> Result<(), TableError> {
        let users = |wanted: fn(&Span) -> bool| -> u64 {
            totals.iter().filter(|(span, _)| wanted(span)).map(|(_, total)| total.users).sum()
        };
        let range = series.range();
        let (days, minutes) = match range.granularity() {
            Granularity::Day => {
                let of_days = within(&plan.minutes, |minute| minute.day(), range).into_iter();
                let of_hours = plan.minutes.iter().copied().filter(|minute| series.is_of_hours(*minute));
                let minutes = of_days.chain(of_hours).collect();
                (by(&within(&plan.hours, |hour| hour.day(), range), |hour| hour.day()), minutes)
            }
            Granularity::Hour => (Vec::new(), plan.minutes.clone()),
            Granularity::Minute => return Ok(()),
        };
        let is_hour = |span: &Span| matches!(span, Span::Hour(_));
        for (first, last) in days {
            if users(is_hour) * OF_HOUR > BYTES {
                let (sketches, _) = self.windows.users(first, last).await?;
                series.count_hours(first, &sketches);
            } else {
                self.add_users_of_hours(series, first, last).await?;
            }
        }
        let is_minute = |span: &Span| matches!(span, Span::Minute(_));
        let is_known = users(is_minute) * OF_MINUTE <= BYTES;
        for (first, last) in by(&minutes, |minute| minute.hour()) {
            if is_known {
                self.add_users_of_minutes(series, first, last).await?;
            } else {
                series.leave_users_unknown(first);
            }
        }
        Ok(())
    }

    async fn add_users_of_hours(&self, series: &mut Series, first: Hour, last: Hour) -> Result<(), TableError> {
        let users = Bucket::all().map(async |bucket| readable(self.windows.day_of_hours(last, bucket).await));
        let users = all(users).await?;
        users.iter().flatten().for_each(|users| series.add_users(first.first_minute(), users));
        Ok(())
    }

    async fn add_users_of_minutes(&self, series: &mut Series, first: Minute, last: Minute) -> Result<(), TableError> {
        let users = Bucket::all().map(async |bucket| readable(self.windows.hour_of_minutes(last, bucket).await));
        let users = all(users).await?;
        users.iter().flatten().for_each(|users| series.add_users(first, users));
        Ok(())
    }
}
