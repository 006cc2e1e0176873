//! Anomalies in the calls of everybody and of the busy users, by the minute, and of the other active users, by the hour.
//!
//! Invariant: they are found in windows alone, after these are set; what fails here holds up no window, and the next run
//! makes up for it from the same windows.

use std::sync::PoisonError;

use jiff::Timestamp;
use metering::active_users::{ActiveUser, ActiveUsers};
use metering::anomaly::{Anomaly, Series, Step};
use metering::subject::Subject;
use metering::window::{Day, Minute};
use store::anomalies::Announcement;
use store::table::{Consistency, TableError};
use store::windows::Counts;

use super::Aggregator;
use super::watch::{Exceptions, Found, Watch};
use super::watches::{Followed, Watches};

/// How long after its count an anomaly is still news. What is found of earlier counts, because late events changed them,
/// is not announced.
const NEWS_MINUTES: i64 = 15;
/// The same of an hour: each is looked at before the next one is, and a process that begins catches up on two.
const HOURS_NEWS_MINUTES: i64 = 120;
/// How long after its end an hour is looked at, so that every reader sees it.
const HOUR_GRACE: i64 = 5;
/// The days before a day whose active users are watched on it: who calls on working days alone is on Mondays too.
const ACTIVE_DAYS: i64 = 7;

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
        let mut look = Look::default();
        if let Err(cause) = self.look(&mut watches, watermark, now, &mut look).await {
            tracing::error!(%cause, "not all anomalies were looked for; the next run goes on");
        }
        *self.watches.lock().unwrap_or_else(PoisonError::into_inner) = watches;
        look
    }

    async fn look(
        &self,
        watches: &mut Watches,
        watermark: Minute,
        now: Timestamp,
        look: &mut Look,
    ) -> Result<(), TableError> {
        let exceptions = Exceptions { uncounted: self.uncounted.list().await?, holidays: self.holidays.clone() };
        let last_hour = watermark.plus(1 - HOUR_GRACE).hour().plus(-1);
        for (followed, step, last) in [
            (&mut watches.by_minute, Step::Minute, watermark),
            (&mut watches.by_hour, Step::Hour, last_hour.last_minute()),
        ] {
            let day = last.day();
            if followed.day != Some(day) {
                *followed = Followed::new(step, day, &self.active_before(day).await?);
            }
            for watch in followed.in_turn(last) {
                self.read(watch, day, last, &exceptions).await?;
            }
            for found in followed.found() {
                self.announce(found, (day, watermark), now, look).await?;
            }
        }
        Ok(())
    }

    /// The users who were active on the days before one.
    async fn active_before(&self, day: Day) -> Result<Vec<ActiveUser>, TableError> {
        Ok(ActiveUsers::of_days(self.windows.active_users(day.plus(-ACTIVE_DAYS), day.plus(-1)).await?))
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
        (day, watermark): (Day, Minute),
        now: Timestamp,
        look: &mut Look,
    ) -> Result<(), TableError> {
        let Found { anomaly, is_announced, is_end_noted } = found;
        if !*is_announced {
            if look.unsent > 0 {
                return Ok(());
            }
            self.recognize(anomaly, day).await?;
            match self.anomalies.claim(anomaly, is_news(anomaly, day, watermark), now).await? {
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

    /// Has an anomaly that was on record before the day began there as it is: each day judges by days of its own, and
    /// may see an event begin somewhat earlier or later than the day before did.
    async fn recognize(&self, anomaly: &mut Anomaly, day: Day) -> Result<(), TableError> {
        let within = news_minutes(anomaly.series.step);
        if anomaly.begin < day.first_hour().first_minute().plus(within)
            && let Some(known) = self.anomalies.same_as(anomaly, within).await?
        {
            anomaly.begin = known.begin;
        }
        Ok(())
    }

    /// Sends an anomaly, and takes note of that. Whether SNS has taken it.
    async fn send_anomaly(&self, anomaly: &Anomaly, now: Timestamp) -> bool {
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

/// Whether an anomaly that was found on a day is still news.
fn is_news(anomaly: &Anomaly, day: Day, watermark: Minute) -> bool {
    let step = anomaly.series.step;
    // The hours of the day before were all looked at on that day, whose last is over when this one begins.
    let may_be = step == Step::Minute || anomaly.begin.day() == day;
    may_be && watermark.since(anomaly.begin.plus(step.minutes() - 1)) <= news_minutes(step)
}

const fn news_minutes(step: Step) -> i64 {
    match step {
        Step::Minute => NEWS_MINUTES,
        Step::Hour => HOURS_NEWS_MINUTES,
    }
}
