//! Answers about days of a zone, weeks and what calls have in common, compared with a plain count; and what they cost.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use metering::course::Course;
use metering::digest::subject_hash;
use metering::event::EventType;
use metering::fold::UsageBySubject;
use metering::sketch::Sketch;
use metering::subject::Subject;
use metering::user_set::Listed;

use super::count::{assert_points, point, seen_by};
use super::exact::{NOW, events};
use super::*;

const HEATMAP: &str = Route::Heatmap.path();
const BREAKDOWN: &str = Route::Breakdown.path();

/// What an answer may cost, in read units.
const LOOK: f64 = 300.0;
/// What the answer that is the same may cost: the watermark.
const KNOWN: f64 = 2.0;

fn everyone() -> impl Iterator<Item = Who<'static>> {
    USERS.into_iter().map(Who::User).chain([Who::Admin])
}

/// Windows as they were set before courses were kept, and windows that have some.
async fn worlds() -> [World; 2] {
    let [plain, with_courses] =
        [World::new(events(), "2026-12-01T00:08").await, World::new(events(), "2026-12-01T00:08").await];
    set_with_courses(&with_courses, "2026-12-01T00:08".parse().unwrap()).await;
    for world in [&plain, &with_courses] {
        for user in USERS {
            world.add_key(&format!("k of {user}"), user).await;
        }
    }
    [plain, with_courses]
}

/// Sets the hours and days up to a minute as the aggregator does: each from its parts, with lists of who called.
pub(super) async fn set_with_courses(world: &World, through: Minute) {
    set_longer(world, through, true).await;
}

/// The same, with lists or as it was before there were any.
async fn set_longer(world: &World, through: Minute, has_lists: bool) {
    let of = |fold: &UsageBySubject| {
        let total = Total::of(fold);
        let listed = has_lists.then_some(Listed { of_hour: total.users, of_day: total.users });
        Total { listed, ..total }
    };
    let minutes = world.groups(through, Minute::of).into_iter();
    let minutes: Vec<_> = minutes.map(|(minute, events)| (minute, events.fold())).collect();
    let hours = parts(&minutes, |minute| (minute.hour(), minute.of_hour()));
    for (hour, (fold, course)) in &hours {
        if hour.last_minute() <= through {
            if has_lists {
                list_ends(world, Span::Hour(*hour), fold).await;
            }
            world.api.windows.set_hour(*hour, fold, |_| true).await.unwrap();
            world.api.windows.set_total(Span::Hour(*hour), &of(fold), Some(course)).await.unwrap();
        }
    }
    let hours: Vec<_> = hours.into_iter().map(|(hour, (fold, _))| (hour, fold)).collect();
    for (day, (fold, course)) in parts(&hours, |hour| (hour.day(), hour.of_day())) {
        let last = through.min(day.last_hour().last_minute());
        if has_lists && last == day.last_hour().last_minute() {
            list_ends(world, Span::Day(day), &fold).await;
        }
        world.api.windows.set_day(day, last, &fold).await.unwrap();
        let (total, mut companies) = (of(&fold), Companies::default());
        companies.add(&fold);
        world.api.windows.set_total(Span::Day(day), &total, Some(&course)).await.unwrap();
        world.api.windows.set_companies(day, &total, &companies).await.unwrap();
    }
}

async fn list_ends(world: &World, whole: Span, fold: &UsageBySubject) {
    let mut tally = Tally::default();
    tally.add(fold);
    world.api.windows.list_ends(whole, tally.ends()).await.unwrap();
}

/// Longer windows from shorter ones, each with its place in the longer.
fn parts<S: Copy, L: Ord>(
    shorter: &[(S, UsageBySubject)],
    place: impl Fn(S) -> (L, i64),
) -> BTreeMap<L, (UsageBySubject, Course)> {
    let mut longer = BTreeMap::<L, (UsageBySubject, Course)>::new();
    for (window, part) in shorter {
        let (larger, place) = place(*window);
        let (place, (fold, course)) = (u8::try_from(place).unwrap(), longer.entry(larger).or_default());
        for (subject, usage) in &part.usages {
            fold.add_part(place, subject.clone(), usage);
        }
        fold.unattributed.merge(&part.unattributed);
        course.add_total(place, &Total::of(part));
    }
    longer
}

/// The calls that count for someone, between two instants.
fn calls<'a>(who: Who<'_>, events: &'a [Event], from: Timestamp, to: Timestamp) -> Vec<&'a Event> {
    let seen = seen_by(who, events).into_iter();
    seen.filter(|event| event.event_type == EventType::Call && (from..to).contains(&event.timestamp)).collect()
}

fn at(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn days_of_a_zone_are_exact_with_their_edges_in_the_middle_of_hours() {
    for (world, has_ends) in worlds().await.into_iter().zip([false, true]) {
        for (zone, midnight) in
            [("Asia/Kolkata", "18:30:00"), ("Australia/Adelaide", "13:30:00"), ("America/New_York", "05:00:00")]
        {
            for who in everyone() {
                let parameters = [("granularity", "day"), ("duration", "4d"), ("tz", zone)];
                let answer = world.ok(who, TIMESERIES, &parameters, NOW).await;
                let seen = seen_by(who, &world.events);
                let day = |day: &Value| {
                    let from = at(&day["time"]);
                    assert!(from.to_string().contains(midnight), "{zone} {from}");
                    let mut expected = point(&seen, from, from + SignedDuration::from_hours(24));
                    match who {
                        // Users are known by hours of UTC then, which these days cut in two.
                        Who::Admin if midnight.contains(":30:") && !has_ends => expected["uniqueUsers"] = Value::Null,
                        Who::Admin => {}
                        _ => expected["uniqueUsers"] = json!(u64::from(expected["apiCalls"] != 0)),
                    }
                    expected
                };
                let expected = answer["timeSeries"].as_array().unwrap().iter().map(day).collect();
                assert_points(&answer, expected, &format!("{zone} {who:?}"));
                assert_eq!((&answer["tz"], &answer["dataPoints"]), (&json!(zone), &json!(4)));
                assert_eq!(answer["settledTo"], "2026-12-01T00:09:00.000Z");
            }
        }
    }
}

#[tokio::test]
async fn a_range_of_the_past_is_exact_and_may_be_kept() {
    for world in worlds().await {
        let (from, to) = ("2026-11-30T01:17:00Z", "2026-11-30T22:03:00Z");
        let parameters = [("granularity", "minute"), ("from", from), ("to", to)];
        for who in everyone() {
            let answer = world.ok(who, TIMESERIES, &parameters, NOW).await;
            let seen = seen_by(who, &world.events);
            let minute = |minute: &Value| {
                let time = at(&minute["time"]);
                point(&seen, time, time + SignedDuration::from_mins(1))
            };
            let expected = answer["timeSeries"].as_array().unwrap().iter().map(minute).collect();
            assert_points(&answer, expected, &format!("{who:?}"));
        }
        for (parameters, expected) in [
            (&parameters[..], "private, max-age=60"),
            (&[("to", "2026-11-10T00:00:00Z")], "private, max-age=86400"),
            (&[("to", "2026-12-01T01:00:00Z")], "private, max-age=1"),
            (&[], "private, max-age=1"),
        ] {
            let request = request(Who::Admin, TIMESERIES, parameters);
            let response = world.api.answer(&request, NOW.parse().unwrap()).await;
            assert_eq!(response.headers.get("cache-control").unwrap(), expected, "{parameters:?}");
        }
    }
}

#[tokio::test]
async fn a_week_has_each_call_in_its_hour() {
    for world in worlds().await {
        for (zone, offset) in [("UTC", 0), ("Asia/Kolkata", 330), ("America/New_York", -300)] {
            for who in everyone() {
                let answer = world.ok(who, HEATMAP, &[("tz", zone), ("duration", "7d")], NOW).await;
                let mut expected = vec![vec![0; 24]; 7];
                for call in calls(who, &world.events, at(&answer["from"]), at(&answer["to"])) {
                    let hour = call.timestamp.as_second() / 3_600 * 60 + offset;
                    // The first day of 1970 was a Thursday.
                    expected[usize::try_from((hour / 1_440 + 3) % 7).unwrap()]
                        [usize::try_from(hour / 60 % 24).unwrap()] += 1;
                }
                let days = answer["days"].as_array().unwrap();
                let cells: Vec<_> = days.iter().map(|day| day["hours"].clone()).collect();
                assert_eq!(json!(cells), json!(expected), "{zone} {who:?}");
            }
        }
    }
}

/// What a call is called in a breakdown.
fn name_of(call: &Event, by: &str) -> String {
    let method = call.method.as_deref().unwrap();
    let name = |dimension: &str| match dimension {
        "key" => call.api_key_id.as_deref().unwrap().to_owned(),
        "path" => format!("{method} {}", call.path.as_deref().unwrap()),
        "method" => method.to_owned(),
        "status" => "unknown".to_owned(),
        "company" => call.company_name.clone().unwrap().into(),
        "user" => call.user_email.as_ref().unwrap().as_str().to_owned(),
        _ => call.timestamp.to_string()[11..13].to_owned(),
    };
    by.split(',').map(name).collect::<Vec<_>>().join(" | ")
}

/// Rows with calls, by name.
fn counted(answer: &Value, by: &str) -> BTreeMap<String, u64> {
    let name =
        |row: &Value| by.split(',').map(|of| row[of].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" | ");
    let rows = answer["rows"].as_array().unwrap().iter();
    rows.map(|row| (name(row), row["apiCalls"].as_u64().unwrap())).filter(|(_, calls)| *calls > 0).collect()
}

/// Asks for a breakdown and compares it with a count of the calls, whose names in the minutes that are not set are told
/// or not.
async fn assert_broken_down(world: &World, who: Who<'_>, email: Option<&str>, by: &str, live: bool) {
    let parameters: Vec<_> =
        [("by", by), ("duration", "60h")].into_iter().chain(email.map(|of| ("email", of))).collect();
    let answer = world.ok(who, BREAKDOWN, &parameters, NOW).await;
    let calls = calls(email.map_or(who, Who::User), &world.events, at(&answer["from"]), at(&answer["to"]));
    let settled_to = at(&answer["settledTo"]);
    let mut expected = BTreeMap::new();
    for call in &calls {
        let is_told = live || call.timestamp < settled_to || by.split(',').all(|of| matches!(of, "hour" | "status"));
        let name = if is_told { name_of(call, by) } else { by.split(',').map(|_| "*").collect::<Vec<_>>().join(" | ") };
        *expected.entry(name).or_insert(0) += 1;
    }
    assert_eq!(answer["apiCalls"], calls.len(), "{by} {who:?}");
    assert_eq!(counted(&answer, by), expected, "{by} {who:?}");
    for row in answer["rows"].as_array().unwrap().iter().filter(|row| by == "key" && row["key"] != "*") {
        let own = calls.iter().filter(|call| call.api_key_id.as_deref() == row["key"].as_str());
        let last = own.map(|call| call.timestamp).max().unwrap();
        let told = if last < settled_to { last } else { Minute::of(last).start() };
        assert_eq!(at(&row["lastUsed"]), told.round(jiff::Unit::Millisecond).unwrap(), "{row}");
    }
}

#[tokio::test]
async fn rows_of_a_breakdown_are_a_plain_count_and_add_up() {
    for world in worlds().await {
        for by in ["key", "path", "method", "status", "hour", "key,path", "status,method", "hour,key", "path,hour"] {
            for user in USERS {
                assert_broken_down(&world, Who::User(user), None, by, true).await;
            }
            for user in &USERS[1..] {
                assert_broken_down(&world, Who::Admin, Some(user), by, true).await;
            }
        }
        for by in ["user", "company"] {
            assert_broken_down(&world, Who::Admin, None, by, true).await;
        }
        for by in ["path", "method", "status", "hour", "path,status", "method,hour", "hour,status"] {
            assert_broken_down(&world, Who::Admin, None, by, false).await;
        }
    }
}

#[tokio::test]
async fn who_is_no_administrator_is_told_of_nobody_else() {
    let world = World::new(events(), "2026-12-01T00:08").await;
    let user = Who::User("c@example.com");
    for parameters in [
        &[("by", "user")][..],
        &[("by", "company")],
        &[("by", "key"), ("email", "a#b@example.com")],
        &[("by", "hour"), ("email", "a#b@example.com")],
    ] {
        assert_eq!(world.get(user, BREAKDOWN, parameters, NOW).await.0, 403, "{parameters:?}");
    }
    for (field, parameters) in [
        ("email", &[("by", "key")][..]),
        ("email", &[("by", "key,status")]),
        ("email", &[("by", "user"), ("email", "c@example.com")]),
        ("by", &[("by", "day")]),
        ("by", &[("by", "hour,path"), ("duration", "8d")]),
        ("limit", &[("by", "path"), ("limit", "0")]),
        ("email", &[("email", "x"), ("from", "yesterday"), ("limit", "0")]),
        ("tz", &[("by", "hour"), ("tz", "Sydney")]),
        ("from", &[("by", "hour"), ("from", "2026-11-30T10:30:00Z")]),
    ] {
        let (status, body) = world.get(Who::Admin, BREAKDOWN, parameters, NOW).await;
        assert_eq!(status, 400, "{parameters:?}");
        assert!(body["error"]["message"].as_str().unwrap().starts_with(&format!("`{field}` must ")), "{body}");
    }
}

#[tokio::test]
async fn an_administrator_is_told_of_a_user_what_the_user_is_told_and_nobody_else_is() {
    let world = World::new(events(), "2026-12-01T00:08").await;
    let user = "a#b@example.com";
    world.add_key("k", user).await;
    for (path, parameters) in [
        (TIMESERIES, &[("duration", "60h"), ("compare", "week")][..]),
        (HEATMAP, &[("duration", "7d")]),
        (BREAKDOWN, &[("by", "hour,key")]),
        (Route::Summary.path(), &[]),
        (USER_STATS, &[]),
    ] {
        let of = |email| [parameters, &[("email", email)]].concat();
        let own = world.ok(Who::User(user), path, parameters, NOW).await;
        assert_eq!(world.ok(Who::Admin, path, &of(user), NOW).await, own, "{path}");
        assert_eq!(world.ok(Who::User(user), path, &of(user), NOW).await, own, "{path}");
        assert_eq!(world.get(Who::User("c@example.com"), path, &of(user), NOW).await.0, 403, "{path}");
        assert_eq!(world.get(Who::Admin, path, &of("nobody@example.com"), NOW).await.0, 404, "{path}");
        assert_eq!(world.get(Who::Admin, path, &of("nobody"), NOW).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn the_same_answer_again_is_304_for_the_price_of_the_watermark_and_in_another_second_while_it_says_the_same() {
    let world = World::new(events(), "2026-12-01T00:08").await;
    for (path, parameters) in [
        (REALTIME, &[][..]),
        (TIMESERIES, &[("duration", "7d")]),
        (USER_STATS, &[]),
        (HEATMAP, &[]),
        (BREAKDOWN, &[("by", "hour")]),
        (Route::Summary.path(), &[]),
    ] {
        for who in everyone() {
            let mut request = request(who, path, parameters);
            let first = world.api.answer(&request, NOW.parse().unwrap()).await;
            request.headers.insert("if-none-match", first.headers.get("etag").unwrap().clone());
            world.store.reset_meter();
            let again = world.api.answer(&request, NOW.parse().unwrap()).await;
            assert_eq!((again.status_code, &again.body), (304, &None), "{path} {who:?}");
            let units = world.store.spent().read_units;
            assert!(units <= KNOWN, "{path} {who:?}: {units} read units");
            let later = NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(1);
            let quiet = world.api.answer(&request, later).await;
            assert_eq!(
                (quiet.status_code, quiet.headers.get("etag")),
                (304, first.headers.get("etag")),
                "{path} {who:?}"
            );
            request.request_context.authorizer =
                super::request(Who::User("other@example.com"), path, &[]).request_context.authorizer;
            assert_eq!(world.api.answer(&request, NOW.parse().unwrap()).await.status_code, 200, "{path} {who:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_sent_again_as_soon_as_a_call_makes_it_another() {
    let world = World::new(events(), "2026-12-01T00:08").await;
    let live = [(REALTIME, &[][..]), (TIMESERIES, &[("duration", "7d")]), (USER_STATS, &[]), (HEATMAP, &[])];
    let asked = live.map(|(path, parameters)| (path, request(Who::User(USERS[3]), path, parameters)));
    let mut known = Vec::new();
    for (path, mut request) in asked {
        let first = world.api.answer(&request, NOW.parse().unwrap()).await;
        request.headers.insert("if-none-match", first.headers.get("etag").unwrap().clone());
        known.push((path, request));
    }
    world.commit_at(NOW, vec![call(USERS[3], "one more", NOW)]).await;
    let later = NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(1);
    for (path, request) in known {
        assert_eq!(world.api.answer(&request, later).await.status_code, 200, "{path}");
    }
}

#[tokio::test]
async fn the_description_is_for_everybody_and_is_not_sent_twice() {
    let world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let mut request = request(Who::Nobody, Route::OpenApi.path(), &[]);
    let first = world.api.answer(&request, NOW.parse().unwrap()).await;
    let etag = first.headers.get("etag").unwrap().clone();
    assert!(etag.to_str().unwrap().starts_with('"'));
    assert_eq!(world.get(Who::Nobody, Route::OpenApi.path(), &[], NOW).await.1["openapi"], "3.1.0");
    request.headers.insert("if-none-match", etag);
    assert_eq!(world.api.answer(&request, NOW.parse().unwrap()).await.status_code, 304);
}

/// Calls of two users in each hour of ninety days, with lists of who called or without.
async fn ninety_days(has_lists: bool) -> World {
    let (now, through): (Timestamp, Minute) = (NOW.parse().unwrap(), "2026-12-01T00:08".parse().unwrap());
    let mut world = World::new(Vec::new(), "2026-12-01T00:08").await;
    for n in 0..90 * 24 {
        let made = now - SignedDuration::from_hours(n) - SignedDuration::from_mins(3 + n % 50);
        world.events.extend(USERS[2..].iter().map(|user| call(user, &format!("{n}"), &made.to_string())));
    }
    set_longer(&world, through, has_lists).await;
    world
}

#[tokio::test]
async fn no_answer_costs_more_than_its_bound_whatever_its_range() {
    let world = ninety_days(true).await;
    for (path, parameters) in [
        (TIMESERIES, &[("granularity", "hour"), ("duration", "90d")][..]),
        (TIMESERIES, &[("granularity", "day"), ("duration", "90d")]),
        (TIMESERIES, &[("granularity", "day"), ("duration", "89d"), ("tz", "Australia/Sydney")]),
        (TIMESERIES, &[("granularity", "day"), ("duration", "89d"), ("tz", "Asia/Kolkata")]),
        (HEATMAP, &[("duration", "90d"), ("tz", "Asia/Kolkata")]),
        (BREAKDOWN, &[("by", "hour"), ("duration", "90d")]),
        (BREAKDOWN, &[("by", "hour"), ("duration", "1999h")]),
        (Route::Summary.path(), &[("tz", "Asia/Kolkata")]),
        (Route::Forecast.path(), &[("horizon", "month")]),
    ] {
        for who in [Who::Admin, Who::User("c@example.com")] {
            world.store.reset_meter();
            world.ok(who, path, parameters, NOW).await;
            let units = world.store.spent().read_units;
            println!("{path} {parameters:?} {who:?}: {units} read units");
            assert!(units <= LOOK, "{path} {parameters:?} {who:?}: {units} read units");
        }
    }
    for (path, parameters) in
        [(Route::Security.path(), ("duration", "1999h")), (Route::CompanyStats.path(), ("duration", "90d"))]
    {
        world.store.reset_meter();
        world.ok(Who::Admin, path, &[("company", "Example"), parameters], NOW).await;
        let units = world.store.spent().read_units;
        println!("{path}: {units} read units");
        assert!(units <= LOOK, "{path}: {units} read units");
    }
    for (who, by, duration) in [
        (Who::User("c@example.com"), "path", "1999h"),
        (Who::Admin, "path,status", "1999h"),
        (Who::Admin, "user", "1999h"),
        (Who::User("c@example.com"), "hour,key", "7d"),
        (Who::Admin, "hour,path", "7d"),
    ] {
        world.store.reset_meter();
        world.ok(who, BREAKDOWN, &[("by", by), ("duration", duration)], NOW).await;
        let units = world.store.spent().read_units;
        println!("{by} {who:?}: {units} read units");
        assert!(units <= LOOK, "{by} {who:?}: {units} read units");
    }
}

#[tokio::test]
async fn users_of_a_zones_days_are_counted_for_as_many_of_the_latest_days_as_an_answer_may_read() {
    let world = ninety_days(false).await;
    let parameters = [("granularity", "day"), ("duration", "89d"), ("tz", "America/New_York")];
    let this_hour = Hour::of(NOW.parse().unwrap());
    for (users, set, days) in [(20, 90, 30), (20_000, 20, 4)] {
        let mut sketch = Sketch::default();
        (0..users).for_each(|n| sketch.add(subject_hash(&Subject::User(Email::as_stored(format!("{n}@example.com"))))));
        for hour in this_hour.plus(-set * 24).through(this_hour.plus(-1)) {
            let total = Total { events: 1_000_000, ..Total::default() };
            world.api.windows.set_users(hour, &total, &sketch).await.unwrap();
        }
        world.store.reset_meter();
        let answer = world.ok(Who::Admin, TIMESERIES, &parameters, NOW).await;
        let units = world.store.spent().read_units;
        let points = answer["timeSeries"].as_array().unwrap().iter().rev();
        let counted: Vec<u64> = points.map_while(|point| point["uniqueUsers"].as_u64()).collect();
        println!("{users} users in each hour: {} days, {units} read units", counted.len());
        assert!(units <= LOOK && counted.len() >= days, "{} days for {units} read units", counted.len());
        // The current day has the users of this hour besides.
        let near = |found: u64| (found as f64 / f64::from(users) - 1.0).abs() < 0.024;
        assert!(counted[1..].iter().all(|found| near(*found)), "{counted:?}");
    }
}
