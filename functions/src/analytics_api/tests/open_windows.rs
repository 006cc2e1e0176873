//! The users of an hour and a day that are not over, while few call and while very many do.

use metering::digest::subject_hash;
use metering::fold::UsageBySubject;
use metering::sketch::Sketch;
use metering::subject::Subject;
use metering::usage::Usage;

use super::*;

/// What an answer may cost, in read units.
const LOOK: f64 = 300.0;
/// The last minute that is set.
const SET: &str = "2026-12-01T02:40";

/// So many users, each with a call in every minute since midnight, in windows as the aggregator sets them.
async fn world(users: usize) -> World {
    let world = World::new(Vec::new(), SET).await;
    let mut minute = UsageBySubject::default();
    let names: Vec<_> = (0..users).map(|n| Subject::User(format!("u{n}@example.com").parse().unwrap())).collect();
    let once = Usage { events: 1, calls: 1, ..Usage::default() };
    names.iter().for_each(|name| minute.add(name.clone(), &once));
    let windows = &world.api.windows;
    let last: Minute = SET.parse().unwrap();
    for hour in last.day().first_hour().through(last.hour().plus(-1)) {
        let mut fold = UsageBySubject::default();
        names.iter().for_each(|name| (0..60).for_each(|place| fold.add_part(place, name.clone(), &once)));
        let (total, mut sketch) = (Total::of(&fold), Sketch::default());
        names.iter().for_each(|name| sketch.add(subject_hash(name)));
        windows.set_hour(hour, &fold, |_| true).await.unwrap();
        windows.set_total(Span::Hour(hour), &total, None).await.unwrap();
        windows.set_users(hour, &total, &sketch).await.unwrap();
    }
    for of_hour in last.hour().first_minute().through(last) {
        windows.set_minute(of_hour, &minute).await.unwrap();
        windows.set_total(Span::Minute(of_hour), &Total::of(&minute), None).await.unwrap();
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
async fn users_of_an_hour_that_goes_on_are_exact_or_unknown_and_cost_no_more_than_other_answers() {
    for (users, expected) in [(40, json!(40)), (3_000, Value::Null)] {
        let world = world(users).await;
        for (granularity, minutes) in [("hour", 41), ("day", 161)] {
            let (found, calls, units) = last_point(&world, granularity).await;
            assert_eq!((&found, calls), (&expected, json!(users * minutes)), "{users} users, by {granularity}");
            assert!(units <= LOOK, "{units} read units for {users} users, by {granularity}");
        }
    }
}
