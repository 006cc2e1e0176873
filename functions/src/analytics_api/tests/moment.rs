//! One answer is of one moment, also while the aggregator is at work between its reads.

use super::rolled_up::aggregator;
use super::*;
use crate::aggregator::RunUntil;

const USER: &str = "a#b@example.com";
const NOW: &str = "2026-12-01T00:30:20Z";
/// Calls that were counted long ago, calls that came late and are folded just now, and calls of these minutes.
const SETTLED: i64 = 7;
const LATE: i64 = 11;
const NEW: i64 = 6;
/// With any part of those that came late.
const POSSIBLE: std::ops::RangeInclusive<i64> = SETTLED + NEW..=SETTLED + LATE + NEW;

/// Calls of two days whose windows are set, calls that came when they were, and calls of the open minutes.
async fn world() -> World {
    let at = |n: i64| format!("2026-11-30T{:02}:{:02}:10Z", 22 + n % 2, n);
    let settled = (0..SETTLED).map(|n| call(USER, &format!("settled {n}"), &at(n)));
    let world = World::new(settled.collect(), "2026-12-01T00:28").await;
    let late = (0..LATE).map(|n| call(USER, &format!("late {n}"), &at(n)));
    let new = (0..NEW).map(|n| call(USER, &format!("new {n}"), &format!("2026-12-01T00:{}:05Z", 29 + n % 2)));
    world.commit(late.chain(new).collect()).await;
    world
}

/// The answer to a user while the aggregator runs before its request with that number; whether it still came to it.
async fn answered(path: &str, parameters: &[(&str, &str)], request: u64) -> (Value, bool) {
    let world = world().await;
    let aggregator = aggregator(&world);
    world.store.before(request, move || {
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(aggregator.run(RunUntil::Settled, || NOW.parse().unwrap())).unwrap();
        };
        std::thread::spawn(run).join().unwrap();
    });
    let answer = world.ok(Who::User(USER), path, parameters, NOW).await;
    (answer, world.store.has_happened())
}

fn sum(list: &Value) -> i64 {
    list.as_array().unwrap().iter().map(|entry| entry["apiCalls"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn the_parts_of_an_answer_agree_whenever_the_aggregator_runs() {
    for request in 0.. {
        let (answer, happened) = answered(USER_STATS, &[], request).await;
        let all = answer["allTime"]["apiCalls"].as_i64().unwrap();
        assert!(POSSIBLE.contains(&all), "before request {request}: {all}");
        for part in ["byKey", "byPath", "byDay"] {
            assert_eq!(sum(&answer[part]), all, "{part} before request {request}: {answer}");
        }
        assert_eq!(answer["asOf"], "2026-12-01T00:30:20.000Z");
        if !happened {
            assert!(request > 3, "an answer asks more than {request} times");
            break;
        }
    }
}

#[tokio::test]
async fn a_series_counts_no_call_twice_and_none_less_whenever_the_aggregator_runs() {
    for (granularity, duration) in [("minute", "4h"), ("hour", "8h"), ("day", "3d")] {
        for request in 0.. {
            let parameters = [("granularity", granularity), ("duration", duration)];
            let (answer, happened) = answered(TIMESERIES, &parameters, request).await;
            let calls = sum(&answer["timeSeries"]);
            assert!(POSSIBLE.contains(&calls), "{granularity} before request {request}: {calls}");
            if !happened {
                break;
            }
        }
    }
}

#[tokio::test]
async fn the_last_minute_of_realtime_is_the_last_of_its_series_whenever_the_aggregator_runs() {
    for request in 0.. {
        let (answer, happened) = answered(REALTIME, &[], request).await;
        let series = answer["timeSeries"].as_array().unwrap();
        let last = series.last().unwrap();
        assert_eq!(answer["lastMinute"]["apiCalls"], last["apiCalls"], "before request {request}: {answer}");
        if !happened {
            break;
        }
    }
}
