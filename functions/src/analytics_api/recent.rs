//! The latest calls of a user, from the blocks of the minutes in which there were any.
//!
//! Invariant: the search goes back in time and ends when as many calls as an answer holds are known to be newer than
//! everything it has not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::limit::HISTORY_DAYS;
use jiff::Timestamp;
use metering::event::EventType;
use metering::fold::DistinctEvents;
use metering::report::user::RECENT;
use metering::subject::Subject;
use metering::traffic::Traffic;
use metering::window::{Day, Hour, Minute};

use super::AnalyticsApi;
use store::history::History;
use store::table::{Consistency, TableError};
use store::windows::UserHour;

impl AnalyticsApi {
    /// The events among which the latest calls are.
    pub(super) async fn recent(
        &self,
        subject: &Subject,
        history: &mut History,
        now: Timestamp,
    ) -> Result<DistinctEvents, TableError> {
        let History { days, minutes, live, .. } = history;
        let mut events = DistinctEvents::default();
        for (minute, traffic) in live.iter_mut().rev() {
            self.keep_latest(subject, *minute, traffic, &mut events).await?;
        }
        let oldest = Day::of(now).plus(-i64::from(HISTORY_DAYS));
        let set = days.iter().filter(|(_, usage)| usage.calls > 0).map(|(day, _)| *day);
        let open: BTreeSet<Minute> =
            minutes.iter().filter(|(_, usage)| usage.calls > 0).map(|(minute, _)| *minute).collect();
        let active: BTreeSet<Day> = set.chain(open.iter().map(|minute| minute.day())).collect();
        for day in active.into_iter().rev().take_while(|day| *day >= oldest) {
            if is_enough(&events, day.plus(1).start()) {
                break;
            }
            self.recent_of_day(subject, day, &open, now, &mut events).await?;
        }
        Ok(events)
    }

    async fn recent_of_day(
        &self,
        subject: &Subject,
        day: Day,
        open: &BTreeSet<Minute>,
        now: Timestamp,
        events: &mut DistinctEvents,
    ) -> Result<(), TableError> {
        let open = open.range(day.first_hour().first_minute()..=day.last_hour().last_minute());
        let mut hours: BTreeMap<Hour, BTreeSet<Minute>> = BTreeMap::new();
        for minute in open {
            hours.entry(minute.hour()).or_default().insert(*minute);
        }
        for UserHour { hour, usage, .. } in self.windows.hours(subject, day.first_hour(), day.last_hour()).await? {
            if let (Some(first), Some(last), true) = (usage.first, usage.last, usage.calls > 0) {
                hours.entry(hour).or_default().extend(Minute::of(first).through(Minute::of(last)));
            }
        }
        for (hour, minutes) in hours.into_iter().rev() {
            if is_enough(events, hour.plus(1).start()) {
                break;
            }
            self.recent_of_minutes(subject, self.active(subject, hour, minutes).await?, now, events).await?;
        }
        Ok(())
    }

    /// The minutes with calls among some of an hour: windows of minutes do not last as long as blocks, and where they
    /// are gone each of them may have been one.
    async fn active(
        &self,
        subject: &Subject,
        hour: Hour,
        minutes: BTreeSet<Minute>,
    ) -> Result<BTreeSet<Minute>, TableError> {
        let set = self.windows.minutes(subject, hour, Consistency::Strong).await?;
        let set: BTreeSet<_> = set.into_iter().filter(|(_, usage)| usage.calls > 0).map(|(minute, _)| minute).collect();
        Ok(if set.is_empty() { minutes } else { set })
    }

    async fn recent_of_minutes(
        &self,
        subject: &Subject,
        minutes: BTreeSet<Minute>,
        now: Timestamp,
        events: &mut DistinctEvents,
    ) -> Result<(), TableError> {
        let minutes: Vec<_> = minutes.into_iter().rev().collect();
        for minutes in minutes.chunks(RECENT) {
            if minutes.first().is_some_and(|newest| is_enough(events, newest.end())) {
                break;
            }
            let found = self.live.own(subject, minutes.iter().copied(), now).await?;
            for (minute, mut traffic) in found.into_iter().rev() {
                self.keep_latest(subject, minute, &mut traffic, events).await?;
            }
        }
        Ok(())
    }

    /// Adds the latest calls of a minute, unless there are enough that are newer.
    async fn keep_latest(
        &self,
        subject: &Subject,
        minute: Minute,
        traffic: &mut Arc<Traffic>,
        events: &mut DistinctEvents,
    ) -> Result<(), TableError> {
        if !is_enough(events, minute.end()) {
            self.live.keep(subject, minute, traffic, |traffic| traffic.unread_of_latest(RECENT)).await?;
            events.extend(traffic.events().events().cloned());
        }
        Ok(())
    }
}

/// Whether there are calls enough that are no older than an instant.
fn is_enough(events: &DistinctEvents, since: Timestamp) -> bool {
    let calls = events.events().filter(|event| event.event_type == EventType::Call && event.timestamp >= since);
    calls.count() >= RECENT
}
