//! What a world's counts are compared with: the reference, window by window.
//!
//! Invariant: on the way a count may lag and is never too high; in the end every window is exact.

use std::collections::{BTreeMap, BTreeSet};

use functions::aggregator::RunUntil;
use jiff::SignedDuration;
use metering::event::{Event, EventType};
use metering::fold::UsageBySubject;
use metering::subject::{Bucket, Subject};
use metering::window::{Day, Hour, Minute};
use store::history;
use store::windows::{Span, Windows};

use super::{Act, World, email, histories, subject};

impl World {
    /// On the way some may not be seen yet, but none is ever seen twice.
    pub(super) async fn never_too_many(&self, act: &Act) -> Result<(), String> {
        for user in [1, 17, 42] {
            let seen = self.seen(user).await?;
            let known = self.calls_of(user).count() as u64;
            if seen > known {
                return Err(format!("after {act:?} user {user} has {seen} calls of {known}"));
            }
        }
        Ok(())
    }

    /// A user's calls as somebody sees them who has looked before, which are those that a first look finds.
    async fn seen(&self, user: u16) -> Result<u64, String> {
        let (analytics, usage) = &self.tables;
        let mut seen = Vec::new();
        for histories in [&self.warm, &histories(analytics, usage)] {
            let read = histories.read(&subject(user), None, self.now.get(), history::Freshness::Blocks).await;
            seen.push(read.map_err(|error| error.to_string())?.sum().calls);
        }
        match seen.as_slice() {
            [warm, cold] if warm == cold => Ok(*warm),
            _ => Err(format!("user {user} is seen with {seen:?} calls, again and for the first time")),
        }
    }

    fn calls_of(&self, user: u16) -> impl Iterator<Item = &Event> {
        let email = email(user);
        let calls = self.known.values().filter(|event| event.event_type == EventType::Call);
        calls.filter(move |event| event.user_email.as_ref().map(AsRef::as_ref) == Some(email.as_str()))
    }

    /// Delivers what is left, lets the aggregator come to rest, and compares every window of every user.
    pub(crate) async fn finish(&mut self, users: u16) -> Result<(), String> {
        for shard in 0..self.shards.len() {
            let (from, to) = (self.checkpoints[shard], self.shards[shard].len());
            if !self.deliver(shard, from, to).await {
                return Err("a delivery without faults failed".into());
            }
        }
        for user in (0..users).step_by(41) {
            self.compare_history(user, "before the last run").await.or_else(|error| match error {
                // Out of turn: the next run sees it.
                error if error.contains("fewer") => Ok(()),
                error => Err(error),
            })?;
        }
        self.pass(120);
        for _ in 0..2 {
            self.aggregate(RunUntil::Settled).await?;
        }
        if !self.aggregate(RunUntil::Settled).await? {
            return Err("the aggregator does not come to rest".into());
        }
        for user in 0..users {
            self.compare_history(user, "in the end").await?;
        }
        self.compare_windows().await?;
        self.compare_totals().await
    }

    async fn compare_history(&self, user: u16, when: &str) -> Result<(), String> {
        let seen = self.seen(user).await?;
        let known = self.calls_of(user).count() as u64;
        match seen.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Less => Err(format!("user {user} has fewer calls {when}: {seen} of {known}")),
            std::cmp::Ordering::Greater => Err(format!("user {user} has more calls {when}: {seen} of {known}")),
        }
    }

    /// Each user's calls by hour, from minutes and, where the hour is over, from hours.
    async fn compare_windows(&self) -> Result<(), String> {
        let windows = Windows::new(self.tables.0.clone(), self.tables.1.clone());
        let mut wanted: BTreeMap<Hour, BTreeMap<Subject, u64>> = BTreeMap::new();
        for event in self.known.values().filter(|event| event.event_type == EventType::Call) {
            let subject = Subject::of(event).unwrap();
            *wanted.entry(Hour::of(event.timestamp)).or_default().entry(subject).or_default() += 1;
        }
        let open = Minute::of(self.now.get() - SignedDuration::from_secs(10)).hour();
        for (hour, wanted) in &wanted {
            let (mut of_minutes, mut of_day) = (UsageBySubject::default(), UsageBySubject::default());
            for bucket in Bucket::all() {
                of_minutes.merge(
                    &windows.hour_of_minutes(hour.last_minute(), bucket).await.map_err(|error| error.to_string())?,
                );
                of_day.merge(&windows.day_of_hours(*hour, bucket).await.map_err(|error| error.to_string())?);
                if *hour != hour.day().first_hour() {
                    let before =
                        windows.day_of_hours(hour.plus(-1), bucket).await.map_err(|error| error.to_string())?;
                    before.usages.iter().for_each(|(subject, usage)| {
                        of_day.usages.entry(subject.clone()).or_default().calls -= usage.calls;
                    });
                }
            }
            let calls = |fold: &UsageBySubject| -> BTreeMap<Subject, u64> {
                fold.usages
                    .iter()
                    .map(|(subject, usage)| (subject.clone(), usage.calls))
                    .filter(|(_, calls)| *calls > 0)
                    .collect()
            };
            if calls(&of_minutes) != *wanted {
                return Err(format!("minutes of {hour}: {:?}, not {wanted:?}", calls(&of_minutes)));
            }
            if *hour < open && calls(&of_day) != *wanted {
                return Err(format!("hours of {hour}: {:?}, not {wanted:?}", calls(&of_day)));
            }
        }
        Ok(())
    }

    async fn compare_totals(&self) -> Result<(), String> {
        let windows = Windows::new(self.tables.0.clone(), self.tables.1.clone());
        let mut wanted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for event in self.known.values() {
            let entry = wanted.entry(Minute::of(event.timestamp).to_string()).or_default();
            match event.event_type {
                EventType::Call => entry.0 += 1,
                _ => entry.1 += 1,
            }
        }
        let mut found = BTreeMap::new();
        let days: BTreeSet<Day> = self.known.values().map(|event| Day::of(event.timestamp)).collect();
        for day in days {
            let (first, last) = (day.first_hour().first_minute(), day.last_hour().last_minute());
            let totals =
                windows.totals(Span::Minute(first), Span::Minute(last)).await.map_err(|error| error.to_string())?;
            found.extend(
                totals.into_iter().map(|(minute, total)| (minute.to_string(), (total.calls, total.rate_limited))),
            );
        }
        if found == wanted { Ok(()) } else { Err(format!("totals: {found:?}, not {wanted:?}")) }
    }
}
