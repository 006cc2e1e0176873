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
use metering::usage::Usage;
use metering::window::{Day, Hour, Minute};

use super::AnalyticsApi;
use store::history::History;
use store::table::TableError;
use store::windows::UserHour;

/// Minutes in which there may be calls, and how many.
type CallsByMinute = BTreeMap<Minute, u64>;

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
        let mut active: BTreeMap<Day, CallsByMinute> = BTreeMap::new();
        for (minute, usage) in minutes.iter().filter(|(_, usage)| usage.calls > 0) {
            active.entry(minute.day()).or_default().insert(*minute, usage.calls);
        }
        for (day, _) in days.iter().filter(|(_, usage)| usage.calls > 0) {
            active.entry(*day).or_default();
        }
        for (day, open) in active.into_iter().rev().take_while(|(day, _)| *day >= oldest) {
            if is_enough(&events, day.plus(1).start()) {
                break;
            }
            self.recent_of_day(subject, days.get(&day), open, now, &mut events).await?;
        }
        Ok(events)
    }

    /// Adds those of a day: of what it was set to hold, and of minutes that are open.
    async fn recent_of_day(
        &self,
        subject: &Subject,
        set: Option<&Usage>,
        open: CallsByMinute,
        now: Timestamp,
        events: &mut DistinctEvents,
    ) -> Result<(), TableError> {
        let mut hours: BTreeMap<Hour, (CallsByMinute, Option<UserHour>)> = BTreeMap::new();
        for (minute, calls) in open {
            hours.entry(minute.hour()).or_default().0.insert(minute, calls);
        }
        let set = set.and_then(|usage| Some((Hour::of(usage.first?), Hour::of(usage.last?))));
        for of in self.windows.hours(subject, set.as_slice()).await? {
            if of.usage.calls > 0 {
                let (_, set) = hours.entry(of.hour).or_default();
                *set = Some(of);
            }
        }
        for (hour, (mut minutes, set)) in hours.into_iter().rev() {
            if is_enough(events, hour.plus(1).start()) {
                break;
            }
            if let Some(set) = set {
                minutes.extend(self.windows.minutes_of(subject, &set).await?);
            }
            self.recent_of_minutes(subject, &minutes, now, events).await?;
        }
        Ok(())
    }

    /// Adds those of some minutes: as many of the latest at once as have calls enough.
    async fn recent_of_minutes(
        &self,
        subject: &Subject,
        minutes: &CallsByMinute,
        now: Timestamp,
        events: &mut DistinctEvents,
    ) -> Result<(), TableError> {
        let mut left = minutes.iter().rev().peekable();
        while let Some((newest, _)) = left.peek() {
            if is_enough(events, newest.end()) {
                break;
            }
            let (mut these, mut calls) = (BTreeSet::new(), 0);
            while calls < RECENT as u64
                && these.len() < RECENT
                && let Some((minute, of)) = left.next()
            {
                these.insert(*minute);
                calls += of;
            }
            for (minute, mut traffic) in self.live.own(subject, these, now).await?.into_iter().rev() {
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
