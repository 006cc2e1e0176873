//! Random histories, against a plain count of users in the hours and the day that are not over: late calls, minutes that
//! are set again in any order, two aggregators at once, and runs that are cut off between any two requests.
//!
//! Invariant: a run that comes to its end leaves every count exact; before it does, none is below what the last that did
//! has left, or above what was called.

use std::collections::BTreeSet;
use std::ops::Range;

use dynamodb_fixture::Fault;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::rolled_up::aggregator;
use super::*;
use crate::aggregator::{Aggregator, RunUntil};

/// An hour and a half before the end of a day.
const BEGINNING: &str = "2026-11-30T22:30:30Z";

#[derive(Clone, Debug)]
enum Act {
    /// Some users call, so many minutes ago.
    Call { users: Range<u8>, ago: u8 },
    /// Minutes pass and the aggregator runs; it is cut off at that request, if at any.
    Run { minutes: u8, cut_off: Option<u16> },
    /// Two run at once.
    RunTwice { minutes: u8 },
}

fn act() -> impl Strategy<Value = Act> {
    let ago = prop_oneof![2 => Just(0), 4 => 1..4_u8, 1 => 4..120_u8];
    let minutes = prop_oneof![2 => Just(0), 2 => 1..4_u8, 1 => 4..40_u8];
    prop_oneof![
        4 => (0..200_u8, 1..12_u8, ago).prop_map(|(first, n, ago)| Act::Call { users: first..first + n, ago }),
        3 => (minutes.clone(), prop::option::of(0..160_u16)).prop_map(|(minutes, cut_off)| Act::Run { minutes, cut_off }),
        1 => minutes.prop_map(|minutes| Act::RunTwice { minutes }),
    ]
}

/// Tables, and what everybody was seen to have called when the last run came to its end.
struct Played {
    world: World,
    now: Timestamp,
    /// Events that a run has seen to its end.
    seen: usize,
}

impl Played {
    async fn new() -> Self {
        let now: Timestamp = BEGINNING.parse().unwrap();
        let world = World::new(Vec::new(), &Minute::of(now).plus(-2).to_string()).await;
        Self { world, now, seen: 0 }
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Call { users, ago } => {
                let made = (self.now - SignedDuration::from_mins((*ago).into())).to_string();
                let id = self.world.events.len();
                let calls: Vec<_> =
                    users.clone().map(|n| call(&format!("{n}@example.com"), &format!("{id}"), &made)).collect();
                self.world.commit_at(&self.now.to_string(), calls.clone()).await;
                self.world.events.extend(calls);
            }
            Act::Run { minutes, cut_off } => {
                self.pass(*minutes);
                self.world.store.plan(cut_off.map(|request| (request.into(), Fault::Die)));
                let run = aggregator(&self.world).run(RunUntil::Settled, || self.now).await;
                let was_cut_off = self.world.store.is_dead();
                self.world.store.plan([]);
                self.world.store.revive();
                if run.is_ok() && !was_cut_off {
                    self.seen = self.world.events.len();
                }
            }
            Act::RunTwice { minutes } => {
                self.pass(*minutes);
                let (one, other, now) = (aggregator(&self.world), aggregator(&self.world), self.now);
                let run = async |of: Aggregator| of.run(RunUntil::Settled, || now).await.unwrap();
                tokio::join!(run(one), run(other));
                self.seen = self.world.events.len();
            }
        }
    }

    fn pass(&mut self, minutes: u8) {
        self.now += SignedDuration::from_mins(minutes.into());
    }

    /// Users with calls between two instants, of the first so many events.
    fn users(&self, events: usize, from: Timestamp, width: SignedDuration) -> u64 {
        let within = |event: &&Event| from <= event.timestamp && event.timestamp < from + width;
        let users = self.world.events.iter().take(events).filter(within).map(|event| &event.user_email);
        users.collect::<BTreeSet<_>>().len() as u64
    }

    async fn assert_counted(&self, act: &Act) -> Result<(), TestCaseError> {
        for (granularity, hours, duration) in [("hour", 1, "3h"), ("day", 24, "2d")] {
            let parameters = [("granularity", granularity), ("duration", duration)];
            let answer = self.world.ok(Who::Admin, TIMESERIES, &parameters, &self.now.to_string()).await;
            for point in answer["timeSeries"].as_array().unwrap() {
                let from = point["time"].as_str().unwrap().parse().unwrap();
                let users = |events: usize| self.users(events, from, SignedDuration::from_hours(hours));
                let (least, most) = (users(self.seen), users(self.world.events.len()));
                let found = point["uniqueUsers"].as_u64();
                let is_counted = found.is_some_and(|found| (least..=most).contains(&found));
                prop_assert!(is_counted, "after {act:?}: {found:?} of {least} to {most} by {granularity}: {point}");
            }
        }
        Ok(())
    }
}

#[test]
fn users_of_windows_that_go_on_are_counted_once_whatever_befalls_them() {
    let config = Config { cases: 6, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let played = TestRunner::new(config).run(&prop::collection::vec(act(), 12..30), |acts| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut played = Played::new().await;
            for act in &acts {
                played.act(act).await;
                played.assert_counted(act).await?;
            }
            Ok(())
        })
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
}
