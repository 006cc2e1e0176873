//! Everybody's users of a day so far and of days of any zone, which the aggregator has listed: against a plain count,
//! and what they cost however many they are.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use metering::course::Course;
use metering::digest::subject_hash;
use metering::subject::Subject;
use metering::user_set::{ByPart, Ends, UserSet};

use super::rolled_up::aggregator;
use super::*;
use crate::aggregator::RunUntil;

const SUMMARY: &str = Route::Summary.path();
const NOW: &str = "2026-12-02T07:41:30Z";
/// What an answer may cost, in read units.
const LOOK: f64 = 300.0;
const WEEK: i64 = 7 * 24;

/// Calls of a span of hours that the aggregator has set: of many users, of whom some come back hours later and a day.
async fn rolled_up() -> World {
    let now: Timestamp = NOW.parse().unwrap();
    let mut world = World::new(Vec::new(), "2026-12-02T07:40").await;
    for (ago, hours) in [(WEEK, 34_i64), (0, 58)] {
        let end = now - SignedDuration::from_hours(ago);
        let start = end - SignedDuration::from_hours(hours);
        let made = (0..2_400_i64).flat_map(|n| {
            // Some minutes before and after each quarter of an hour in turn.
            let first = start + SignedDuration::from_mins(n * hours * 4 / 2_400 * 15 + n % 3 * 7);
            let again = [0, n % 29 * 3_600].map(|seconds| first + SignedDuration::from_secs(seconds));
            again.into_iter().filter(|at| *at < end).map(move |at| (n, at)).collect::<Vec<_>>()
        });
        let calls: Vec<_> = made
            .map(|(n, at)| call(&format!("{}@example.com", n % 1_900), &format!("{ago} {n} {at}"), &at.to_string()))
            .collect();
        world.commit_at(&end.to_string(), calls.clone()).await;
        world.events.extend(calls);
        world.api.watermark.advance(Minute::of(start).plus(-2)).await.unwrap();
        aggregator(&world).run(RunUntil::Settled, || end).await.unwrap();
    }
    world
}

fn users(world: &World, from: Timestamp, to: Timestamp) -> usize {
    let within = world.events.iter().filter(|event| (from..to).contains(&event.timestamp));
    within.map(|event| &event.user_email).collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn users_of_a_day_are_exact_wherever_a_zones_midnight_lies() {
    let world = rolled_up().await;
    let (now, week) = (NOW.parse::<Timestamp>().unwrap(), SignedDuration::from_hours(WEEK));
    let this_minute = Minute::of(now).start();
    for zone in ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "America/St_Johns", "Pacific/Chatham"] {
        let summary = world.ok(Who::Admin, SUMMARY, &[("tz", zone)], NOW).await;
        let midnight: Timestamp = summary["from"].as_str().unwrap().parse().unwrap();
        let expected = [users(&world, midnight, now), users(&world, midnight - week, this_minute - week)];
        let found = [&summary["users"]["value"], &summary["users"]["before"]].map(Value::as_f64);
        assert_eq!(found, expected.map(|users| Some(users as f64)), "{zone}");
        let parameters = [("granularity", "day"), ("duration", "3d"), ("tz", zone)];
        let series = world.ok(Who::Admin, TIMESERIES, &parameters, NOW).await;
        for day in series["timeSeries"].as_array().unwrap() {
            let from: Timestamp = day["time"].as_str().unwrap().parse().unwrap();
            let expected = users(&world, from, (from + SignedDuration::from_hours(24)).min(now));
            assert_eq!(day["uniqueUsers"], expected, "{zone} {from}");
            assert!(from < this_minute - SignedDuration::from_hours(58) || expected > 200, "{zone} {from} {expected}");
        }
    }
}

/// So many users in some days before the current one and in that, all of them in every hour, in the totals and lists that
/// the aggregator makes of them up to a minute ago; what else it makes is left out.
async fn listed(many: usize, days_ago: impl IntoIterator<Item = i64>) -> World {
    let last: Minute = "2026-12-02T07:40".parse().unwrap();
    let world = World::new(Vec::new(), &last.to_string()).await;
    let windows = &world.api.windows;
    let everybody: UserSet =
        (0..many).map(|n| subject_hash(&Subject::User(format!("u{n}@example.com").parse().unwrap()))).collect();
    let (users, all) = (everybody.count(), |place| ByPart::from([(place, everybody.clone())]));
    for day in days_ago.into_iter().chain([0]).map(|ago| last.day().plus(-ago)) {
        let listed = windows.list_callers(day.first_hour().first_minute(), &everybody).await.unwrap();
        let total = Total { events: users, calls: users, users, listed, ..Total::default() };
        let mut course = Course::default();
        for hour in day.first_hour().through(day.last_hour()).filter(|hour| hour.last_minute() <= last) {
            course.add_total(u8::try_from(hour.of_day()).unwrap(), &total);
            if day == last.day() {
                windows.set_total(Span::Hour(hour), &total, None).await.unwrap();
                windows.list_ends(Span::Hour(hour), &Ends { first: all(0), last: all(59) }).await.unwrap();
            }
        }
        if day == last.day() {
            windows.list_callers(last, &everybody).await.unwrap();
            windows.set_total(Span::Minute(last), &total, None).await.unwrap();
        } else {
            windows.list_ends(Span::Day(day), &Ends { first: all(0), last: all(23) }).await.unwrap();
            windows.set_total(Span::Day(day), &total, Some(&course)).await.unwrap();
        }
    }
    world
}

/// What an answer says, and its read units.
async fn asked(world: &World, path: &str, parameters: &[(&str, &str)]) -> (Value, f64) {
    world.store.reset_meter();
    let answer = world.ok(Who::Admin, path, parameters, NOW).await;
    (answer, world.store.spent().read_units)
}

#[tokio::test]
async fn a_summary_of_very_many_users_is_exact_and_costs_no_more_than_other_answers_also_where_its_reads_lag() {
    for users in [3_000, 129_000] {
        let world = listed(users, [7]).await;
        for lagging in ["", "2026-12-02T07:4", "2026-12-02T00:0"] {
            world.store.lag(if lagging.is_empty() { "nothing" } else { lagging });
            let (answer, units) = asked(&world, SUMMARY, &[]).await;
            println!("{users} users, lagging {lagging:?}: {units} read units");
            let [found, before] = [&answer["users"]["value"], &answer["users"]["before"]];
            assert!(units <= LOOK, "{units} read units for {users} users, lagging {lagging:?}");
            if !lagging.ends_with("00:0") {
                let all = json!(users as f64);
                assert_eq!((found, before), (&all, &all), "{users} users, lagging {lagging:?}");
            }
        }
    }
}

#[tokio::test]
async fn days_of_a_zone_are_exact_for_as_many_of_the_latest_as_an_answer_may_read_and_never_too_few() {
    for (users, zone, days) in [(3_000, "America/New_York", 8), (3_000, "Asia/Tokyo", 8), (60_000, "Asia/Tokyo", 2)] {
        let world = listed(users, 1..8).await;
        let parameters = [("granularity", "day"), ("duration", "8d"), ("tz", zone)];
        let (answer, units) = asked(&world, TIMESERIES, &parameters).await;
        let points = answer["timeSeries"].as_array().unwrap().iter().rev();
        let told: Vec<_> = points.map(|point| point["uniqueUsers"].clone()).collect();
        println!("{users} users in {zone}: {units} read units: {told:?}");
        assert!(units <= LOOK, "{units} read units for {users} users in {zone}");
        assert!(told.iter().filter(|told| **told == json!(users)).count() >= days, "{zone}: {told:?}");
    }
}
