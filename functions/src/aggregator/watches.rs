//! Whose calls are followed on a day, and whose turn it is in a run.
//!
//! Invariant: who is followed depends on the days before alone; what a run reads is bounded, and before an hour is over
//! each who is followed by the hour has had a turn.

use contract::limit::{BUSY_CALLS, WATCHED_BY_HOUR, WATCHED_BY_MINUTE};
use metering::active_users::ActiveUser;
use metering::anomaly::{Series, Step};
use metering::window::{Day, Minute};

use super::watch::{Found, Watch};

/// Days of minutes that a day is judged by: two weekends say what a weekend is like.
const MINUTES_DAYS: i64 = 14;
/// Days of hours.
const HOURS_DAYS: i64 = 56;
/// Series of minutes that begin in a run: everybody's, and five users' by tenths of a second of a processor.
const BEGUN_AT_ONCE: usize = 6;
/// Series of hours that are read in a run: all of [`WATCHED_BY_HOUR`] in 40 runs of an hour.
const HOURS_AT_ONCE: usize = 50;

/// What a process follows.
#[derive(Debug, Default)]
pub struct Watches {
    pub(super) by_minute: Followed,
    pub(super) by_hour: Followed,
}

/// The series of one step that are followed on a day.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) day: Option<Day>,
    watches: Vec<Watch>,
}

impl Followed {
    /// Everybody and busy users by the minute, or the others by the hour; of too many those who come first.
    pub(super) fn new(step: Step, day: Day, active: &[ActiveUser]) -> Self {
        let is_busy = |user: &&ActiveUser| user.most_in_a_day >= BUSY_CALLS;
        let (mut busy, mut others): (Vec<_>, Vec<_>) = active.iter().partition(is_busy);
        others.splice(0..0, busy.split_off(busy.len().min(WATCHED_BY_MINUTE)));
        others.truncate(WATCHED_BY_HOUR);
        let (everybody, users, days) = match step {
            Step::Minute => (Some(None), busy, MINUTES_DAYS),
            Step::Hour => (None, others, HOURS_DAYS),
        };
        let first = day.plus(-days).first_hour().first_minute();
        let whose = everybody.into_iter().chain(users.into_iter().map(|user| Some(user.user_email.clone())));
        Self { day: Some(day), watches: whose.map(|user| Watch::new(Series { user, step }, first)).collect() }
    }

    /// Those that are read in a run to a minute: who has waited longest is first, because of several processes none has
    /// all runs of an hour.
    pub(super) fn in_turn(&mut self, last: Minute) -> impl Iterator<Item = &mut Watch> {
        let midnight = last.day().first_hour().first_minute();
        let (mut begun, mut hours) = (0, 0);
        let is_in_turn = move |watch: &&mut Watch| match watch.series.step {
            Step::Minute if watch.next >= midnight => true,
            Step::Minute => {
                begun += 1;
                begun <= BEGUN_AT_ONCE
            }
            Step::Hour => {
                hours += 1;
                hours <= HOURS_AT_ONCE
            }
        };
        let mut waiting: Vec<&mut Watch> = self.watches.iter_mut().filter(|watch| watch.next <= last).collect();
        // Stable, so that of those who have waited as long the ones with the most calls are first.
        waiting.sort_by_key(|watch| watch.next);
        waiting.into_iter().filter(is_in_turn)
    }

    /// What was found in them.
    pub(super) fn found(&mut self) -> impl Iterator<Item = &mut Found> {
        self.watches.iter_mut().flat_map(|watch| &mut watch.found)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use metering::window::Hour;

    use super::super::watch::Exceptions;
    use super::*;

    const DAY: &str = "2026-11-24";

    fn active(n: usize, most_in_a_day: u64) -> Vec<ActiveUser> {
        let user = |n| ActiveUser { user_email: format!("{n}@b.au").parse().unwrap(), calls: 9, most_in_a_day };
        (0..n).map(user).collect()
    }

    #[test]
    fn busy_users_are_followed_by_the_minute_and_all_others_by_the_hour() {
        let mut users = active(WATCHED_BY_MINUTE + 3, BUSY_CALLS);
        users.extend(active(10, BUSY_CALLS - 1));
        let followed = |step| Followed::new(step, DAY.parse().unwrap(), &users).watches;
        let (by_minute, by_hour) = (followed(Step::Minute), followed(Step::Hour));
        assert_eq!((by_minute.len(), by_hour.len()), (1 + WATCHED_BY_MINUTE, 13));
        assert!(by_minute[0].series.user.is_none());
        let seen: Vec<_> = by_minute.iter().skip(1).chain(&by_hour).map(|watch| watch.series.user.as_ref()).collect();
        assert!(seen.into_iter().eq(users.iter().map(|user| Some(&user.user_email))));
    }

    #[test]
    fn a_run_reads_a_bounded_number_and_within_an_hour_everybody_had_their_turn_once() {
        let day: Day = DAY.parse().unwrap();
        let last = day.first_hour().plus(9).last_minute();
        let mut followed = Followed::new(Step::Hour, day, &active(WATCHED_BY_HOUR + 7, 1));
        let mut seen = BTreeSet::new();
        for _ in 0..50 {
            let turn: Vec<_> = followed
                .in_turn(last)
                .map(|watch| {
                    watch.read(&[].into(), last, &Exceptions::default());
                    watch.series.user.clone()
                })
                .collect();
            assert!(turn.len() <= HOURS_AT_ONCE);
            assert!(turn.into_iter().all(|user| seen.insert(user)), "read twice");
        }
        assert_eq!(seen.len(), WATCHED_BY_HOUR);
        let mut busy = Followed::new(Step::Minute, day, &active(WATCHED_BY_MINUTE, BUSY_CALLS));
        assert_eq!(busy.in_turn(last).count(), BEGUN_AT_ONCE);
        busy.watches.iter_mut().for_each(|watch| watch.next = day.first_hour().first_minute());
        assert_eq!(busy.in_turn(last).count(), 1 + WATCHED_BY_MINUTE);
    }

    #[test]
    fn a_process_that_has_half_of_the_runs_comes_to_everybody() {
        let day: Day = DAY.parse().unwrap();
        let mut followed = Followed::new(Step::Hour, day, &active(WATCHED_BY_HOUR, 1));
        let hours = day.first_hour().plus(9).through(day.first_hour().plus(14));
        for last in hours.map(Hour::last_minute) {
            for _ in 0..30 {
                let turn = followed.in_turn(last);
                turn.for_each(|watch| watch.read(&[].into(), last, &Exceptions::default()));
            }
            let longest = followed.watches.iter().map(|watch| last.since(watch.next)).max().unwrap();
            assert!(last.hour() == day.first_hour().plus(9) || longest < 120, "{last}: {longest} minutes");
        }
    }
}
