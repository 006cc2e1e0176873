//! Every point equals a plain count, wherever the watermark stands.

use jiff::SignedDuration;
use metering::number::Latency;

use super::count::{assert_points, point, points, seen_by};
use super::*;

/// Ten past midnight on the first of a month.
pub(super) const NOW: &str = "2026-12-01T00:10:20Z";

/// The edges of days, hours, and of what is set and what is not.
const EDGES: [&str; 10] = [
    "2026-11-29T23:59:59.999Z",
    "2026-11-30T00:00:00Z",
    "2026-11-30T22:59:59.999Z",
    "2026-11-30T23:00:00Z",
    "2026-11-30T23:59:59.999Z",
    "2026-12-01T00:00:00Z",
    "2026-12-01T00:08:59.999Z",
    "2026-12-01T00:09:00Z",
    "2026-12-01T00:09:59.999Z",
    "2026-12-01T00:10:00Z",
];

/// Events of many users and kinds over three days, some of them on the edges of windows, some of them twice.
pub(super) fn events() -> Vec<Event> {
    let now: Timestamp = NOW.parse().unwrap();
    let mut events = Vec::new();
    let mut seed = 7_u64;
    for n in 0..120_u64 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = seed >> 33;
        let back = if n % 2 == 0 { random % 7_200 } else { random % (60 * 3_600) };
        let at = (now - SignedDuration::from_secs(back.cast_signed())).to_string();
        let (user, id) = (USERS[(random % 4) as usize], format!("r{n}"));
        events.push(match n % 10 {
            0 => failure(None, &id, &at),
            1 => failure(Some(&format!("k of {user}")), &id, &at),
            2 => refusal(user, &id, &at),
            _ => call(user, &id, &at),
        });
        events.last_mut().unwrap().latency_ms = Latency::of_millis((random % 97) as f64 / 4.0);
    }
    for (n, at) in EDGES.into_iter().enumerate() {
        events.push(call(USERS[n % USERS.len()], &format!("edge{n}"), at));
    }
    events.extend(events.clone().into_iter().step_by(5));
    events
}

async fn world(set_through: &str) -> World {
    let world = World::new(events(), set_through).await;
    for user in USERS {
        world.add_key(&format!("k of {user}"), user).await;
    }
    world
}

fn everyone() -> impl Iterator<Item = Who<'static>> {
    USERS.into_iter().map(Who::User).chain([Who::Admin])
}

/// Every series of everyone equals the count.
pub(super) async fn assert_exact(world: &World) {
    for (granularity, minutes, duration, n) in
        [("minute", 1, "2h", 120), ("hour", 60, "2d", 48), ("day", 1_440, "4d", 4)]
    {
        for who in everyone() {
            let parameters = [("granularity", granularity), ("duration", duration)];
            let answer = world.ok(who, TIMESERIES, &parameters, NOW).await;
            let expected = points(&seen_by(who, &world.events), minutes, n, NOW);
            assert_eq!(answer["dataPoints"], n, "{who:?}");
            let known = |point: &Value| point["p50LatencyMs"].is_number();
            assert!(answer["timeSeries"].as_array().unwrap().iter().all(known), "{granularity} {duration} {who:?}");
            assert_points(&answer, expected, &format!("{granularity} {duration} {who:?}"));
        }
    }
}

#[tokio::test]
async fn a_series_is_exact_with_the_watermark_where_it_usually_is() {
    assert_exact(&world("2026-12-01T00:08").await).await;
}

#[tokio::test]
async fn a_series_is_exact_when_the_watermark_is_at_midnight_or_behind_it() {
    assert_exact(&world("2026-11-30T23:59").await).await;
    assert_exact(&world("2026-11-30T23:57").await).await;
}

#[tokio::test]
async fn a_late_call_counts_in_the_windows_of_its_own_time_once_they_are_set_again() {
    let mut world = world("2026-12-01T00:08").await;
    for (n, at) in ["2026-11-29T10:15:30Z", "2026-11-30T23:59:59Z", "2026-12-01T00:05:00Z"].into_iter().enumerate() {
        let late = call("late@example.com", &format!("late{n}"), at);
        world.commit(vec![late.clone()]).await;
        world.events.push(late);
    }
    world.set("2026-12-01T00:08".parse().unwrap()).await;
    assert_exact(&world).await;
}

#[tokio::test]
async fn windows_that_are_set_before_the_watermark_moves_are_not_counted_twice() {
    let world = world("2026-11-30T23:55").await;
    world.set("2026-12-01T00:08".parse().unwrap()).await;
    assert_exact(&world).await;
}

#[tokio::test]
async fn realtime_is_exact_for_everyone() {
    for set_through in ["2026-12-01T00:09", "2026-12-01T00:02"] {
        let world = world(set_through).await;
        for who in everyone() {
            let answer = world.ok(who, REALTIME, &[], NOW).await;
            assert_eq!(answer["asOf"], "2026-12-01T00:10:20.000Z");
            let seen = seen_by(who, &world.events);
            let mut expected = points(&seen, 1, 61, NOW);
            for (field, minute) in [("current", &expected[60]), ("lastMinute", &expected[59])] {
                for figure in ["apiCalls", "uniqueUsers", "avgLatencyMs", "authFailures", "rateLimited"] {
                    assert_eq!(answer[field][figure], minute[figure], "{field}.{figure} {who:?} {set_through}");
                }
            }
            expected.truncate(60);
            for minute in &mut expected {
                let shown = ["time", "apiCalls", "uniqueUsers", "avgLatencyMs"];
                minute.as_object_mut().unwrap().retain(|name, _| shown.contains(&name.as_str()));
            }
            assert_eq!(answer["timeSeries"], json!(expected), "{who:?} {set_through}");
        }
    }
}

#[tokio::test]
async fn a_call_is_in_realtime_as_soon_as_its_block_is_there_however_late() {
    let world = World::new(Vec::new(), "2026-12-01T00:09").await;
    for (n, (at, field)) in
        [("2026-12-01T00:10:19Z", "current"), ("2026-12-01T00:09:59Z", "lastMinute")].into_iter().enumerate()
    {
        let call = call("c@example.com", &n.to_string(), at);
        world.commit(vec![call.clone()]).await;
        world.commit(vec![call]).await;
        for who in [Who::Admin, Who::User("c@example.com")] {
            let answer = world.ok(who, REALTIME, &[], NOW).await;
            assert_eq!(
                (&answer[field]["apiCalls"], &answer[field]["p99LatencyMs"]),
                (&json!(1), &json!(3.5)),
                "{who:?}"
            );
        }
    }
    let answer = world.ok(Who::Admin, REALTIME, &[], NOW).await;
    assert_eq!(answer["timeSeries"][59]["apiCalls"], 1);
}

#[tokio::test]
async fn without_a_watermark_windows_and_the_latest_blocks_are_the_answer() {
    let world = World::new(events(), "2026-12-01T00:09").await;
    let [analytics, ..] = tables(&world.store);
    let delete = analytics.client().delete_item().table_name(analytics.name());
    delete.key(PK, text("STATE")).key(SK, text("WATERMARK")).send().await.unwrap();
    assert_eq!(world.api.watermark.read().await.unwrap(), None);
    let parameters = [("granularity", "hour"), ("duration", "2d")];
    let answer = world.ok(Who::Admin, TIMESERIES, &parameters, NOW).await;
    assert_points(&answer, points(&seen_by(Who::Admin, &world.events), 60, 48, NOW), "");
}

#[tokio::test]
async fn an_answer_without_any_call_has_every_point() {
    let world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let parameters = [("granularity", "minute"), ("duration", "7d")];
    for who in [Who::Admin, Who::User("a")] {
        let answer = world.ok(who, TIMESERIES, &parameters, NOW).await;
        assert_eq!((&answer["dataPoints"], answer["timeSeries"].as_array().unwrap().len()), (&json!(10_080), 10_080));
        assert_eq!(answer["from"], "2026-11-24T00:11:00.000Z");
        let from: Timestamp = answer["from"].as_str().unwrap().parse().unwrap();
        assert_eq!(answer["timeSeries"][0], point(&[], from, from));
    }
}
