//! Anomalies in the calls of everybody, by the minute, and of the users with the most calls, by the minute or the hour.
//!
//! Invariant: they are found in windows alone, after these are set; what fails here holds up no window, and the next run
//! makes up for it from the same windows.

use std::sync::PoisonError;

use jiff::Timestamp;
use metering::anomaly::{Series, Step};
use metering::email::Email;
use metering::leader::Leader;
use metering::subject::Subject;
use metering::window::{Day, Minute};
use store::anomalies::Announcement;
use store::table::{Consistency, TableError};
use store::windows::{Counts, Span};

use super::Aggregator;
use super::watch::{Exceptions, Found, Watch};

/// Days of everybody's minutes that a day is judged by.
const EVERYBODYS_DAYS: i64 = 14;
/// Days of a busy user's minutes: their windows are beside those of others, and cost more.
const BUSY_DAYS: i64 = 3;
/// Days of a quiet user's hours.
const QUIET_DAYS: i64 = 56;
/// A user with more calls on the day before is watched by the minute: seven a minute, as few as make a stop of two
/// minutes unlikely.
const BUSY_CALLS: u64 = 7 * 24 * 60;
/// Most users that are watched by the minute.
const MAX_BUSY: usize = 5;
/// How long after its count an anomaly is still news. What is found of earlier counts, because late events changed them,
/// is not announced.
const NEWS_MINUTES: i64 = 15;
/// How long after its end an hour is looked at, so that every reader sees it.
const HOUR_GRACE: i64 = 5;

/// What is followed on a day.
#[derive(Debug, Default)]
pub struct Watches {
    day: Option<Day>,
    watches: Vec<Watch>,
}

/// What came of a run's look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Anomalies that this run was the first to find.
    pub(super) found: usize,
    /// Those that could not be announced.
    pub(super) unsent: usize,
}

impl Aggregator {
    /// Looks for anomalies up to the watermark, and announces them.
    pub(super) async fn look_for_anomalies(&self, watermark: Minute, now: Timestamp) -> Look {
        let mut watches = std::mem::take(&mut *self.watches.lock().unwrap_or_else(PoisonError::into_inner));
        match self.look(&mut watches, watermark, now).await {
            Ok(look) => {
                *self.watches.lock().unwrap_or_else(PoisonError::into_inner) = watches;
                look
            }
            Err(cause) => {
                tracing::error!(%cause, "nobody looked for anomalies; the next run does");
                Look::default()
            }
        }
    }

    async fn look(&self, watches: &mut Watches, watermark: Minute, now: Timestamp) -> Result<Look, TableError> {
        let day = watermark.day();
        if watches.day != Some(day) {
            *watches = Watches { day: Some(day), watches: self.followed(day).await? };
        }
        let exceptions = Exceptions { uncounted: self.uncounted.list().await?, holidays: self.holidays.clone() };
        let mut look = Look::default();
        for watch in &mut watches.watches {
            let last = match watch.series.step {
                Step::Minute => watermark,
                Step::Hour => watermark.plus(1 - HOUR_GRACE).hour().first_minute().plus(-1),
            };
            if watch.next <= last {
                self.read(watch, day, last, &exceptions).await?;
            }
            for found in &mut watch.found {
                self.announce(found, watermark, now, &mut look).await?;
            }
        }
        Ok(look)
    }

    /// Everybody, and the users with the most calls on the day before.
    async fn followed(&self, day: Day) -> Result<Vec<Watch>, TableError> {
        let start = |days: i64| day.plus(-days).first_hour().first_minute();
        let yesterday = Span::Day(day.plus(-1));
        let totals = self.windows.readable_totals(yesterday, yesterday).await?;
        let users = totals.iter().flat_map(|(_, total)| &total.top_users);
        let mut watches = vec![Watch::new(Series { user: None, step: Step::Minute }, start(EVERYBODYS_DAYS))];
        for (n, Leader { name, count: calls, .. }) in users.enumerate() {
            let is_busy = n < MAX_BUSY && *calls >= BUSY_CALLS;
            let (step, days) = if is_busy { (Step::Minute, BUSY_DAYS) } else { (Step::Hour, QUIET_DAYS) };
            let series = Series { user: Some(Email::as_stored(name.as_str())), step };
            watches.push(Watch::new(series, start(days)));
        }
        Ok(watches)
    }

    /// Reads what a watch has not seen yet: first the days before, then the day itself.
    async fn read(&self, watch: &mut Watch, day: Day, last: Minute, than: &Exceptions) -> Result<(), TableError> {
        let midnight = day.first_hour().first_minute();
        if watch.next < midnight {
            let (from, counts) = self.days_before(&watch.series, watch.next, midnight.plus(-1)).await?;
            watch.next = from;
            watch.read(&counts, midnight.plus(-1), than);
            // What began before yesterday is over, or was announced long ago.
            watch.found.retain(|found| found.anomaly.begin >= day.plus(-1).first_hour().first_minute());
        }
        let counts = self.counts(&watch.series, watch.next, last).await?;
        watch.read(&counts, last, than);
        Ok(())
    }

    /// The counts of whole days, as far back as they are read.
    async fn days_before(&self, series: &Series, first: Minute, last: Minute) -> Result<(Minute, Counts), TableError> {
        if series.user.is_some() {
            return Ok((first, self.counts(series, first, last).await?));
        }
        let (from, counts) = self.windows.everybodys_minutes(first.hour(), last.hour()).await?;
        Ok((from.first_minute(), counts))
    }

    /// The counts from a minute to another.
    async fn counts(&self, series: &Series, first: Minute, last: Minute) -> Result<Counts, TableError> {
        let subject = series.user.clone().map(Subject::User);
        if let (Some(subject), Step::Hour) = (&subject, series.step) {
            return self.windows.own_hours_counted(subject, first.hour(), last.hour()).await;
        }
        let mut counts = Counts::new();
        for day in first.day().through(last.day()) {
            let (first, last) = (first.max(day.first_hour().first_minute()), last.min(day.last_hour().last_minute()));
            // Hours know their minutes once they are over.
            let (from, to) = (first.plus(59).hour(), last.plus(1).hour().plus(-1));
            if from <= to {
                counts.extend(match &subject {
                    Some(subject) => self.windows.own_minutes(subject, from, to).await?,
                    None => self.windows.everybodys_minutes(from, to).await?.1,
                });
            }
            let parts = if from <= to {
                [(first, from.first_minute().plus(-1)), (to.last_minute().plus(1), last)]
            } else {
                [(first, last), (last.plus(1), last)]
            };
            for (first, last) in parts.into_iter().filter(|(first, last)| first <= last) {
                counts.extend(self.single_minutes(subject.as_ref(), first, last).await?);
            }
        }
        Ok(counts)
    }

    /// The counts of minutes of a day that no hour is known to have.
    async fn single_minutes(
        &self,
        subject: Option<&Subject>,
        first: Minute,
        last: Minute,
    ) -> Result<Counts, TableError> {
        let Some(subject) = subject else { return self.windows.everybodys_last_minutes(first, last).await };
        let mut counts = Counts::new();
        for hour in first.hour().through(last.hour()) {
            let minutes = self.windows.minutes(subject, hour, Consistency::Strong).await?;
            counts.extend(minutes.into_iter().map(|(minute, usage)| (minute, Some(usage.calls))));
        }
        Ok(counts)
    }

    /// Announces what was found, if it is news and nobody else does.
    async fn announce(
        &self,
        found: &mut Found,
        watermark: Minute,
        now: Timestamp,
        look: &mut Look,
    ) -> Result<(), TableError> {
        let Found { anomaly, is_announced, is_end_noted } = found;
        let age = watermark.since(anomaly.begin.plus(anomaly.series.step.minutes() - 1));
        if !*is_announced && look.unsent == 0 {
            match self.anomalies.claim(anomaly, age <= NEWS_MINUTES, now).await? {
                Announcement::Done => *is_announced = true,
                Announcement::Anothers => {}
                Announcement::Ours => {
                    look.found += 1;
                    *is_announced = self.send_anomaly(anomaly, now).await;
                    look.unsent += usize::from(!*is_announced && self.topic.is_some());
                }
            }
        }
        if let (Some(end), false) = (anomaly.end, *is_end_noted) {
            self.anomalies.end(anomaly, end).await?;
            *is_end_noted = true;
        }
        Ok(())
    }

    /// Sends an anomaly, and takes note of that. Whether SNS has taken it.
    async fn send_anomaly(&self, anomaly: &metering::anomaly::Anomaly, now: Timestamp) -> bool {
        let Some(topic) = &self.topic else { return false };
        if let Err(cause) = topic.send_anomaly(anomaly).await {
            tracing::error!(%cause, id = anomaly.id(), "an anomaly is not sent; a later run sends it");
            return false;
        }
        if let Err(cause) = self.anomalies.sent(anomaly, now).await {
            tracing::error!(%cause, id = anomaly.id(), "nobody knows that an anomaly was sent; it is sent again");
            return false;
        }
        true
    }
}
