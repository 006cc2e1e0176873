//! `forecast`, compared with what the crate makes of a plain count of the same hours; what it costs, and who may ask.

use ::forecast::{Forecast, History};
use jiff::SignedDuration;
use metering::course::Course;
use metering::event::EventType;
use metering::fold::UsageBySubject;
use metering::subject::Subject;
use metering::uncounted::Uncounted;
use metering::usage::{KeyCalls, Usage};

use super::count::seen_by;
use super::exact::NOW;
use super::looking::set_with_courses;
use super::*;

const FORECAST: &str = Route::Forecast.path();
/// What an answer may cost, in read units.
const LOOK: f64 = 300.0;
/// The first hour that is not over: NOW is ten minutes into it.
const FROM: &str = "2026-12-01T00:00:00Z";

/// Calls of two users in most hours of ninety days, more of them by day and none at night.
async fn world() -> World {
    let (now, through): (Timestamp, Minute) = (NOW.parse().unwrap(), "2026-12-01T00:08".parse().unwrap());
    let mut world = World::new(Vec::new(), "2026-12-01T00:08").await;
    for n in 0..70_i64 * 24 {
        let made = now - SignedDuration::from_hours(n) - SignedDuration::from_mins(11);
        let of_day = made.as_second() / 3_600 % 24;
        let calls = if (7..19).contains(&of_day) { 1 + n * 7 % 3 } else { 0 };
        for user in &USERS[2..] {
            world.events.extend((0..calls).map(|k| call(user, &format!("{n}-{k}"), &made.to_string())));
        }
    }
    set_with_courses(&world, through).await;
    world
}

/// Calls by hour up to an instant, from the first hour with one.
pub(super) fn hours_of(events: &[&Event], from: &str) -> Vec<u64> {
    let end: Timestamp = from.parse().unwrap();
    let hours_ago = |event: &&&Event| (end.as_second() - 1 - event.timestamp.as_second()).div_euclid(3_600);
    let calls = events.iter().filter(|event| event.event_type == EventType::Call && event.timestamp < end);
    let mut hours =
        vec![0_u64; calls.clone().map(|call| hours_ago(&call)).max().map_or(0, |oldest| oldest as usize + 1)];
    let last = hours.len();
    for call in calls {
        hours[last - 1 - usize::try_from(hours_ago(&call)).unwrap()] += 1;
    }
    hours
}

/// Compares an answer with the crate's forecast of some hours.
pub(super) fn assert_forecast(answer: &Value, hours: &[u64], n_hours: usize, context: &str) {
    let forecast = Forecast::new(&History::new(hours), 24 * 31);
    let near = |found: &Value, expected: f64| {
        assert!((found.as_f64().unwrap() - expected).abs() < 0.011, "{context}: {found} for {expected}");
    };
    let points = answer["points"].as_array().unwrap();
    assert_eq!(points.len(), n_hours, "{context}");
    for (point, hour) in points.iter().zip(&forecast.hours) {
        near(&point["expected"], hour.expected);
        for (name, expected) in [
            ("low80", hour.band80.low),
            ("high80", hour.band80.high),
            ("low95", hour.band95.low),
            ("high95", hour.band95.high),
        ] {
            near(&point[name], expected);
        }
    }
    let counted = answer["total"]["counted"].as_f64().unwrap();
    near(&answer["total"]["expected"], counted + forecast.total(n_hours).expected);
    near(&answer["total"]["high80"], counted + forecast.total(n_hours).band80.high);
    match forecast.record {
        None => assert_eq!(answer["ofLate"], Value::Null, "{context}"),
        Some(record) => {
            near(&answer["ofLate"]["meanError"], record.mean_error);
            near(&answer["ofLate"]["weekBeforeMeanError"], record.naive_mean_error);
        }
    }
}

#[tokio::test]
async fn every_number_is_what_the_crate_makes_of_a_plain_count_of_the_hours() {
    let world = world().await;
    let company = [("company", "Example")];
    for (who, parameters) in [
        (Who::Admin, &[][..]),
        (Who::Admin, &company),
        (Who::Admin, &[("email", "c@example.com")]),
        (Who::User("c@example.com"), &[]),
        (Who::User(USERS[2]), &[]),
    ] {
        world.add_key("k", "c@example.com").await;
        let seen = seen_by(
            if parameters.first() == Some(&("email", "c@example.com")) { Who::User("c@example.com") } else { who },
            &world.events,
        );
        let hours = hours_of(&seen, FROM);
        for (horizon, n_hours) in [("24h", 24), ("7d", 168), ("month", 31 * 24)] {
            let parameters: Vec<_> = parameters.iter().copied().chain([("horizon", horizon)]).collect();
            let answer = world.ok(who, FORECAST, &parameters, NOW).await;
            assert_forecast(&answer, &hours, n_hours, &format!("{horizon} {who:?} {parameters:?}"));
            assert_eq!((&answer["basis"], &answer["from"]), (&json!("weeks"), &json!("2026-12-01T00:00:00.000Z")));
        }
    }
    let by_default = world.ok(Who::Admin, FORECAST, &[], NOW).await;
    assert_eq!((&by_default["horizon"], &by_default["quota"]), (&json!("24h"), &Value::Null));
}

#[tokio::test]
async fn a_month_has_what_it_was_called_already_and_its_quota_runs_out_as_summary_says() {
    let world = world().await;
    let (now, who) = ("2026-11-29T12:10:20Z", Who::User("c@example.com"));
    let seen = seen_by(who, &world.events);
    let month: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let end: Timestamp = "2026-11-29T12:00:00Z".parse().unwrap();
    let used = seen.iter().filter(|call| (month..end).contains(&call.timestamp)).count();
    let [analytics, ..] = tables(&world.store);
    analytics.delete_all([("STATE".into(), "WATERMARK".into())]).await.unwrap();
    world.api.watermark.begin("2026-11-29T12:08".parse().unwrap()).await.unwrap();
    for (left, runs_out) in [(5, true), (10_000, false)] {
        world.set_quota("c@example.com", used as u64 + left).await;
        let answer = world.ok(who, FORECAST, &[("horizon", "month")], now).await;
        assert_eq!((&answer["total"]["counted"], &answer["quota"]["used"]), (&json!(used), &json!(used)));
        assert_eq!(answer["points"].as_array().unwrap().len(), 36);
        assert_eq!(answer["to"], "2026-12-01T00:00:00.000Z");
        let run_out = &answer["quota"]["runOut"];
        assert_eq!(run_out["expected"].is_string(), runs_out, "{run_out}");
        let summary = world.ok(who, Route::Summary.path(), &[], now).await;
        assert_eq!(&summary["quota"]["runOut"], run_out);
    }
}

#[tokio::test]
async fn hours_in_which_nobody_folded_are_no_zeros_and_a_short_history_says_so() {
    let world = world().await;
    let who = Who::User("c@example.com");
    let before = world.ok(who, FORECAST, &[], NOW).await;
    let (first, last) = ("2026-11-24T00:00".parse().unwrap(), "2026-11-30T23:59".parse().unwrap());
    let mut nothing = World::new(Vec::new(), "2026-12-01T00:08").await;
    nothing.events = world.events.iter().filter(|call| Minute::of(call.timestamp) < first).cloned().collect();
    set_with_courses(&nothing, "2026-12-01T00:08".parse().unwrap()).await;
    let expected = |answer: &Value| -> f64 {
        answer["points"].as_array().unwrap().iter().map(|point| point["expected"].as_f64().unwrap()).sum()
    };
    let as_zeros = expected(&nothing.ok(who, FORECAST, &[], NOW).await);
    nothing.api.uncounted.record(Uncounted { first, last }).await.unwrap();
    let as_unknown = expected(&nothing.ok(who, FORECAST, &[], NOW).await);
    assert!(as_zeros < expected(&before) / 2.0, "{as_zeros}");
    assert!((as_unknown / expected(&before) - 1.0).abs() < 0.2, "{as_unknown}");

    let new = World::new(vec![call("c@example.com", "1", "2026-11-30T20:10:00Z")], "2026-12-01T00:08").await;
    set_with_courses(&new, "2026-12-01T00:08".parse().unwrap()).await;
    let answer = new.ok(who, FORECAST, &[], NOW).await;
    assert_eq!((&answer["basis"], &answer["ofLate"]), (&json!("hours"), &Value::Null));
    let answer = new.ok(Who::User("b@example.com"), FORECAST, &[], NOW).await;
    assert_eq!((&answer["basis"], &answer["total"]["high95"]), (&json!("nothing"), &json!(0.0)));
}

#[tokio::test]
async fn it_costs_no_more_than_its_bound_whatever_its_days_hold() {
    let world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let subject = Subject::User("c@example.com".parse().unwrap());
    let mut seed = 1_u64;
    let mut usage = || {
        let micros = |_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            1 << (seed >> 59) | seed >> 40
        };
        let mut usage = Usage { events: 1_000, calls: 1_000, ..Usage::default() };
        let latencies: Vec<u64> = (0..1_000).map(micros).collect();
        for key in &latencies[..200] {
            let name = format!("{key:x}").repeat(8);
            usage.keys.add(&name, &KeyCalls { calls: 5, ..KeyCalls::default() });
        }
        usage.performance.latency = latencies.into_iter().collect();
        usage
    };
    let (mut fold, mut course) = (UsageBySubject::default(), Course::default());
    for hour in 0..24 {
        let usage = usage();
        fold.add_part(hour, subject.clone(), &usage);
        course.add_usage(hour, &usage);
    }
    let last: Day = "2026-11-30".parse().unwrap();
    for day in last.plus(-89).through(last) {
        world.api.windows.set_day(day, day.last_hour().last_minute(), &fold).await.unwrap();
        world.api.windows.set_total(Span::Day(day), &Total::of(&fold), Some(&course)).await.unwrap();
    }
    for who in [Who::Admin, Who::User("c@example.com")] {
        world.store.reset_meter();
        let answer = world.ok(who, FORECAST, &[("horizon", "month")], NOW).await;
        let units = world.store.spent().read_units;
        println!("{who:?}: {units} read units, {}", answer["basis"]);
        assert!(units <= LOOK, "{who:?}: {units} read units");
    }
}

#[tokio::test]
async fn an_answer_is_the_same_until_windows_are_set_and_is_nobody_elses() {
    let world = world().await;
    let mut request = request(Who::User("c@example.com"), FORECAST, &[]);
    let first = world.api.answer(&request, NOW.parse().unwrap()).await;
    assert_eq!(first.headers.get("cache-control").unwrap(), "private, max-age=60");
    request.headers.insert("if-none-match", first.headers.get("etag").unwrap().clone());
    let later = NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(5);
    world.store.reset_meter();
    assert_eq!(world.api.answer(&request, later).await.status_code, 304);
    assert!(world.store.spent().read_units <= 2.0);
    world.api.watermark.advance("2026-12-01T00:09".parse().unwrap()).await.unwrap();
    assert_eq!(world.api.answer(&request, later).await.status_code, 200);

    let (user, another) = (Who::User("c@example.com"), [("email", "a@example.com")]);
    for parameters in [&another[..], &[("company", "Example")]] {
        assert_eq!(world.get(user, FORECAST, parameters, NOW).await.0, 403, "{parameters:?}");
    }
    assert_eq!(world.get(Who::Admin, FORECAST, &[("email", "nobody@example.com")], NOW).await.0, 404);
    for (field, parameters) in [
        ("horizon", &[("horizon", "1y")][..]),
        ("company", &[("company", ""), ("horizon", "1y")]),
        ("company", &[("company", "Example"), ("email", "c@example.com")]),
        ("email", &[("email", "c"), ("horizon", "")]),
    ] {
        let (status, body) = world.get(Who::Admin, FORECAST, parameters, NOW).await;
        assert_eq!(status, 400, "{parameters:?}");
        assert!(body["error"]["message"].as_str().unwrap().starts_with(&format!("`{field}` must ")), "{body}");
    }
}
