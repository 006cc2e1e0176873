//! The users of an hour and a day that are not over, while few call and while very many do.

use std::collections::BTreeMap;

use metering::digest::subject_hash;
use metering::fold::UsageBySubject;
use metering::subject::Subject;
use metering::usage::Usage;
use metering::user_set::{Listed, UserSet};

use super::*;

/// What an answer may cost, in read units.
const LOOK: f64 = 300.0;
/// The last minute that is set.
const SET: &str = "2026-12-01T02:40";

fn user(n: usize) -> Subject {
    Subject::User(format!("u{n}@example.com").parse().unwrap())
}

/// A minute in which each of so many users has a call.
fn minute(users: usize) -> UsageBySubject {
    let mut minute = UsageBySubject::default();
    (0..users).for_each(|n| minute.add(user(n), &Usage { events: 1, calls: 1, ..Usage::default() }));
    minute
}

/// So many users, each with a call in every minute since midnight, in windows that say so many are listed of each.
async fn world(users: usize, listed: Option<Listed>) -> World {
    let world = World::new(Vec::new(), SET).await;
    let minute = minute(users);
    let windows = &world.api.windows;
    let last: Minute = SET.parse().unwrap();
    for hour in last.day().first_hour().through(last.hour().plus(-1)) {
        let mut fold = UsageBySubject::default();
        for (name, once) in &minute.usages {
            (0..60).for_each(|place| fold.add_part(place, name.clone(), once));
        }
        let mut tally = Tally::default();
        tally.add(&fold);
        let sketch = tally.users().sketch();
        let total = Total { listed, ..tally.total() };
        windows.set_hour(hour, &fold, |_| true).await.unwrap();
        windows.set_total(Span::Hour(hour), &total, None).await.unwrap();
        windows.set_users(hour, &total, &sketch).await.unwrap();
    }
    for of_hour in last.hour().first_minute().through(last) {
        let total = Total { listed, ..Total::of(&minute) };
        windows.set_minute(of_hour, &minute).await.unwrap();
        windows.set_total(Span::Minute(of_hour), &total, None).await.unwrap();
    }
    world
}

/// So many users, of whom a third calls in every twentieth minute since midnight, listed as the aggregator lists them.
/// Their usages, which readers do not need then, are left out.
async fn listed(users: usize) -> World {
    let world = World::new(Vec::new(), SET).await;
    let windows = &world.api.windows;
    let last: Minute = SET.parse().unwrap();
    let hashes: Vec<_> = (0..users).map(|n| subject_hash(&user(n))).collect();
    let mut of_hours = BTreeMap::<Hour, Total>::new();
    for minute in last.day().first_hour().first_minute().through(last).step_by(20) {
        let mut callers = UserSet::default();
        let third = minute.of_hour().unsigned_abs() / 20;
        let these = hashes.iter().zip(0..).filter(|(_, n)| n % 3 == third);
        these.for_each(|(hash, _)| callers.add(*hash));
        let listed = windows.list_callers(minute, &callers).await.unwrap();
        let calls = callers.count();
        let total = Total { events: calls, calls, users: calls, listed, ..Total::default() };
        if minute.hour() == last.hour() {
            windows.set_total(Span::Minute(minute), &total, None).await.unwrap();
        } else {
            let of_hour = of_hours.entry(minute.hour()).or_default();
            of_hour.add_sums(&total);
            (of_hour.users, of_hour.listed) = (users as u64, listed);
        }
    }
    for (hour, total) in of_hours {
        windows.set_total(Span::Hour(hour), &total, None).await.unwrap();
    }
    world
}

/// The users and calls of the last point, and the read units of the answer.
async fn last_point(world: &World, granularity: &str) -> (Value, Value, f64) {
    let now = "2026-12-01T02:41:30Z";
    world.store.reset_meter();
    let parameters = [("granularity", granularity), ("duration", "2d")];
    let answer = world.ok(Who::Admin, TIMESERIES, &parameters, now).await;
    let point = answer["timeSeries"].as_array().unwrap().last().unwrap().clone();
    (point["uniqueUsers"].clone(), point["apiCalls"].clone(), world.store.spent().read_units)
}

#[tokio::test]
async fn users_of_an_hour_that_goes_on_are_exact_and_cost_no_more_than_other_answers_however_many_they_are() {
    for users in [40, 3_000, 100_000, 129_000] {
        let world = listed(users).await;
        for granularity in ["hour", "day"] {
            let (found, _, units) = last_point(&world, granularity).await;
            println!("{users} users, by {granularity}: {units} read units");
            assert_eq!(found, json!(users), "by {granularity}");
            assert!(units <= LOOK, "{units} read units for {users} users, by {granularity}");
        }
    }
}

#[tokio::test]
async fn users_whom_an_earlier_deployment_has_not_listed_are_exact_while_few_and_unknown_beyond() {
    for (users, expected) in [(40, json!(40)), (3_000, Value::Null)] {
        let world = world(users, None).await;
        for (granularity, minutes) in [("hour", 41), ("day", 161)] {
            let (found, calls, units) = last_point(&world, granularity).await;
            assert_eq!((&found, calls), (&expected, json!(users * minutes)), "{users} users, by {granularity}");
            assert!(units <= LOOK, "{units} read units for {users} users, by {granularity}");
        }
    }
}

#[tokio::test]
async fn more_users_than_an_answer_may_read_are_unknown_in_an_hour_and_estimated_in_a_day_whose_hour_can_be_read() {
    let many = 400_001;
    let world = world(3_000, Some(Listed { of_hour: many, of_day: many })).await;
    for granularity in ["hour", "day"] {
        let (found, _, units) = last_point(&world, granularity).await;
        assert!(found.is_null() && units <= LOOK, "{found} for {units} read units, by {granularity}");
    }
    let last: Minute = SET.parse().unwrap();
    let mut tally = Tally::default();
    tally.add(&minute(3_000));
    world.api.windows.list_callers(last, tally.users()).await.unwrap();
    let total = Total { listed: Some(Listed { of_hour: 3_000, of_day: many }), ..tally.total() };
    for minute in last.hour().first_minute().through(last) {
        world.api.windows.set_total(Span::Minute(minute), &total, None).await.unwrap();
    }
    let (found, _, units) = last_point(&world, "day").await;
    let off = found.as_f64().unwrap() / 3_000.0 - 1.0;
    assert!(off.abs() < 0.024 && units <= LOOK, "{found} for {units} read units");
}
