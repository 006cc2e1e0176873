//! Where a user's calls lie: how many there are in a time, in which minutes, and which they are.
//!
//! Invariant: a minute is counted from windows where these have it whole, else from its blocks, and never from both.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use metering::answered::Answered;
use metering::email::Email;
use metering::event::Event;
use metering::subject::Subject;
use metering::window::{Day, Minute, Month};

use super::super::{AnalyticsApi, set_through};
use store::reads::all;
use store::table::{Consistency, TableError};

/// What one read unit reads of a partition, strongly consistent, in bytes.
const UNIT_BYTES: usize = 4_096;
/// About what the hours of a day with calls take, in read units.
const DAY_UNITS: usize = 12;

/// A user's calls.
pub(super) struct Calls<'a> {
    api: &'a AnalyticsApi,
    /// The spellings of the user's name.
    subjects: Vec<Subject>,
    /// The minute up to which windows are set.
    set: Minute,
    /// Minutes up to it that got a block since.
    late: BTreeSet<Minute>,
}

/// Some calls, and what it took to read them.
pub(super) struct Read {
    pub(super) calls: Vec<Event>,
    pub(super) units: usize,
}

impl<'a> Calls<'a> {
    /// The calls of a user as windows and marks stand now.
    pub(super) async fn of(api: &'a AnalyticsApi, email: &Email, now: Timestamp) -> Result<Self, TableError> {
        let (subjects, watermark, marks) =
            tokio::try_join!(api.subjects(email), api.watermark.read(), api.blocks.marks())?;
        let set = set_through(watermark, now);
        let late = marks.into_iter().map(|mark| mark.minute).filter(|minute| *minute <= set).collect();
        Ok(Self { api, subjects, set, late })
    }

    /// How many calls there are from `first` until `end` as of an instant; and the minute, `end` or an earlier one, up
    /// to which that is: where only blocks tell, no more than so many units are read of them.
    pub(super) async fn count(
        &self,
        first: Minute,
        end: Minute,
        as_of: Timestamp,
        mut units: usize,
    ) -> Result<(u64, Minute), TableError> {
        let (mut of_blocks, mut known) = (0, end);
        let late = self.late.range(first..end.max(first)).copied();
        for minute in late.chain(first.max(self.set.plus(1)).through(end.plus(-1))) {
            match self.within(minute, as_of, &mut units).await? {
                Some(calls) => of_blocks += calls,
                // Windows will say within a minute, when the aggregator has read the blocks.
                None => {
                    known = minute;
                    break;
                }
            }
        }
        Ok((self.count_set(first, known.min(self.set.plus(1))).await? + of_blocks, known))
    }

    async fn within(&self, minute: Minute, as_of: Timestamp, units: &mut usize) -> Result<Option<u64>, TableError> {
        let Some(left) = units.checked_sub(self.subjects.len()) else { return Ok(None) };
        let Some(read) = self.read(minute, as_of, left * UNIT_BYTES).await? else { return Ok(None) };
        *units = units.saturating_sub(read.units);
        Ok(Some(read.calls.len() as u64))
    }

    /// How many calls windows have from `first` until `end`, but in minutes that got a block since: days where they
    /// are whole, else minutes.
    async fn count_set(&self, first: Minute, end: Minute) -> Result<u64, TableError> {
        if first >= end {
            return Ok(0);
        }
        let is_whole = |day: Day| {
            let (start, last) = (day.first_hour().first_minute(), day.last_hour().last_minute());
            first <= start && last < end && self.late.range(start..=last).next().is_none()
        };
        let days = first.day().through(end.plus(-1).day());
        let months: BTreeSet<Month> = days.clone().filter(|day| is_whole(*day)).map(|day| day.month()).collect();
        let mut total = 0;
        for subject in &self.subjects {
            for days in all(months.iter().map(|month| self.api.windows.days(subject, *month))).await? {
                let whole = days.iter().filter(|day| (first..end).contains(&day.day.first_hour().first_minute()));
                total += whole.filter(|day| is_whole(day.day)).map(|day| day.usage.calls).sum::<u64>();
            }
            let parts = days.clone().filter(|day| !is_whole(*day)).map(|day| self.minutes(subject, day));
            for minutes in all(parts).await? {
                let counted = minutes.range(first..end).filter(|(minute, _)| !self.late.contains(*minute));
                total += counted.map(|(_, calls)| calls).sum::<u64>();
            }
        }
        Ok(total)
    }

    /// The minutes of a day in which there may be calls, and what it took to know them, in read units.
    pub(super) async fn minutes_of(&self, day: Day) -> Result<(BTreeSet<Minute>, usize), TableError> {
        let mut minutes = BTreeSet::new();
        for found in all(self.subjects.iter().map(|subject| self.minutes(subject, day))).await? {
            minutes.extend(found.into_keys());
        }
        let units = if minutes.is_empty() { 1 } else { DAY_UNITS };
        let (first, last) = (day.first_hour().first_minute(), day.last_hour().last_minute());
        minutes.extend(self.late.range(first..=last));
        minutes.extend(first.max(self.set.plus(1)).through(last));
        Ok((minutes, units * self.subjects.len()))
    }

    /// A subject's calls by minute in a day, as far as windows are set.
    async fn minutes(&self, subject: &Subject, day: Day) -> Result<BTreeMap<Minute, u64>, TableError> {
        let windows = &self.api.windows;
        let mut found = BTreeMap::new();
        for row in windows.hours(subject, &[(day.first_hour(), day.last_hour())]).await? {
            if row.usage.calls > 0 {
                found.extend(windows.minutes_of(subject, &row).await?);
            }
        }
        let open = self.set.plus(1).hour();
        if open.day() == day {
            let minutes = windows.minutes(subject, open, Consistency::Strong).await?;
            let minutes = minutes.into_iter().filter(|(minute, _)| *minute <= self.set);
            found.extend(minutes.map(|(minute, usage)| (minute, usage.calls)));
        }
        Ok(found)
    }

    /// What is known of the answers to the calls of a minute, and what it took to know that, in read units.
    pub(super) async fn answered(&self, minute: Minute) -> Result<(Answered, usize), TableError> {
        let mut answered = Answered::default();
        if minute > self.set {
            return Ok((answered, 0));
        }
        for bucket in self.subjects.iter().map(Subject::bucket).collect::<BTreeSet<_>>() {
            answered.merge(self.api.windows.answered(minute, bucket).await?);
        }
        let units = (answered.bytes() / UNIT_BYTES + 1) * self.subjects.len();
        Ok((answered, units))
    }

    /// The calls of a minute as of an instant, oldest first, or nothing where its blocks are more than `max_bytes`.
    pub(super) async fn read(
        &self,
        minute: Minute,
        as_of: Timestamp,
        max_bytes: usize,
    ) -> Result<Option<Read>, TableError> {
        let mut read = Read { calls: Vec::new(), units: 0 };
        for subject in &self.subjects {
            let snapshot = self.api.blocks.snapshot(subject, minute, as_of, max_bytes).await?;
            let Some(snapshot) = snapshot else { return Ok(None) };
            read.units += snapshot.bytes.div_ceil(UNIT_BYTES).max(1);
            read.calls.extend(snapshot.calls.events().cloned());
        }
        read.calls.sort_by(|one, other| (one.timestamp, &one.request_id).cmp(&(other.timestamp, &other.request_id)));
        Ok(Some(read))
    }
}
