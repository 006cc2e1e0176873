//! Who called in the hour and the day that are not over: their parts are set, and no total knows their users yet.
//!
//! Invariant: what is read is bounded, however many call. Callers are read as they are listed; where an earlier
//! deployment has set a part and listed nobody, by name, as long as they are few. Users of an hour that cannot be told
//! so are unknown, and never too few; those of a day are counted from its hours then.

use std::collections::BTreeSet;

use metering::report::range::{Granularity, Plan};
use metering::report::series::Series;
use metering::subject::Bucket;
use metering::total::Total;
use metering::user_set::UserSet;
use metering::window::{Day, Hour, Minute};

use super::figures::{Figures, by, within};
use super::lists::{List, Told};
use store::reads::all;
use store::table::{TableError, readable};
use store::windows::Span;

/// Bytes of packed minutes or hours that are read where callers are not listed: 100 read units.
const BYTES: u64 = 100 * 4_096;
/// Bytes that a user takes in a packed minute and in a packed hour, where these are many.
const OF_MINUTE: u64 = 160;
const OF_HOUR: u64 = 1_024;

/// The totals of windows that are parts of others, and what they tell of who is listed.
struct Parts<'a> {
    totals: &'a [(Span, Total)],
    told: &'a Told,
}

impl Figures<'_> {
    /// Names the users of the windows that are not over, of which these totals are parts.
    pub(super) async fn add_users_of_open_windows(
        &self,
        series: &mut Series,
        plan: &Plan,
        totals: &[(Span, Total)],
        told: &Told,
    ) -> Result<(), TableError> {
        let range = series.range();
        let (days, minutes) = match range.granularity() {
            Granularity::Minute => return Ok(()),
            Granularity::Hour => (BTreeSet::new(), plan.minutes.clone()),
            Granularity::Day => {
                let of_hours = within(&plan.hours, |hour| hour.day(), range).into_iter().map(Hour::day);
                let of_minutes = within(&plan.minutes, |minute| minute.day(), range).into_iter().map(Minute::day);
                let minutes = plan.minutes.iter().copied().filter(|minute| series.is_of_hours(*minute));
                (of_hours.chain(of_minutes).collect(), minutes.collect())
            }
        };
        let parts = Parts { totals, told };
        for day in days {
            match self.listed(Span::Day(day), parts.told.set(), &parts).await? {
                Some(callers) => series.add_callers(day.first_hour().first_minute(), &callers),
                None => self.add_users_of_day(series, day, plan, &parts).await?,
            }
        }
        self.add_users_of_hours(series, &minutes, &parts).await
    }

    /// The callers of a window, where those of all its parts are listed and not too many to be read.
    async fn listed(&self, whole: Span, last: Minute, parts: &Parts<'_>) -> Result<Option<UserSet>, TableError> {
        self.callers_of(&[List::UpTo(whole, last)], parts.told).await
    }

    /// Names the users of a day of which not all callers can be read, or tells its hours without names.
    async fn add_users_of_day(
        &self,
        series: &mut Series,
        day: Day,
        plan: &Plan,
        parts: &Parts<'_>,
    ) -> Result<(), TableError> {
        let hours: Vec<Hour> = plan.hours.iter().copied().filter(|hour| hour.day() == day).collect();
        let minutes: Vec<Minute> = plan.minutes.iter().copied().filter(|minute| minute.day() == day).collect();
        if let [first, .., last] | [first @ last] = hours.as_slice() {
            if parts.users(|span| matches!(span, Span::Hour(_))) * OF_HOUR > BYTES {
                let (sketches, _) = self.windows.users(*first, *last).await?;
                series.count_hours(*first, &sketches);
            } else {
                let users = Bucket::all().map(async |bucket| readable(self.windows.day_of_hours(*last, bucket).await));
                let users = all(users).await?;
                users.iter().flatten().for_each(|users| series.add_users(first.first_minute(), users));
            }
        }
        self.add_users_of_hours(series, &minutes, parts).await
    }

    /// Names the users of hours of which these minutes are set.
    async fn add_users_of_hours(
        &self,
        series: &mut Series,
        minutes: &[Minute],
        parts: &Parts<'_>,
    ) -> Result<(), TableError> {
        let are_few = parts.users(|span| matches!(span, Span::Minute(_))) * OF_MINUTE <= BYTES;
        for (first, last) in by(minutes, |minute| minute.hour()) {
            match self.listed(Span::Hour(first.hour()), last, parts).await? {
                Some(callers) => series.add_callers(first, &callers),
                None if are_few => self.add_users_of_minutes(series, first, last).await?,
                None => series.leave_users_unknown(first),
            }
        }
        Ok(())
    }

    async fn add_users_of_minutes(&self, series: &mut Series, first: Minute, last: Minute) -> Result<(), TableError> {
        let users = Bucket::all().map(async |bucket| readable(self.windows.hour_of_minutes(last, bucket).await));
        let users = all(users).await?;
        users.iter().flatten().for_each(|users| series.add_users(first, users));
        Ok(())
    }
}

impl Parts<'_> {
    /// How many users the parts have that are wanted, each counted in every part.
    fn users(&self, is_wanted: impl Fn(&Span) -> bool) -> u64 {
        self.totals.iter().filter(|(span, _)| is_wanted(span)).map(|(_, total)| total.users).sum()
    }
}
