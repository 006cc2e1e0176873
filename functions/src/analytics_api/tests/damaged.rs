//! One item that cannot be read takes no answer along, and the one that all of them need is soon there again.

use contract::table::STATE;
use store::table::{Consistency, string};

use super::rolled_up::aggregator;
use super::*;
use crate::aggregator::RunUntil;

const NOW: &str = "2026-12-01T00:30:20Z";
const USER: &str = "a#b@example.com";

/// Whatever the analytics and usage tables hold but the watermark: without it nobody knows what is counted where, until
/// the aggregator has set it anew.
async fn items(world: &World) -> Vec<(Table, Item)> {
    let [analytics, usage, _] = tables(&world.store);
    let mut found = Vec::new();
    for table in [analytics, usage] {
        let items = world.store.client().scan().table_name(table.name()).send().await.unwrap().items.unwrap();
        found.extend(items.into_iter().filter(|item| string(item, PK) != STATE).map(|item| (table.clone(), item)));
    }
    found
}

fn damaged(item: &Item) -> Item {
    let is_key = |name: &str| [PK, SK].contains(&name);
    let damage = |(name, value): (&String, &_)| {
        (
            name.clone(),
            if is_key(name) { aws_sdk_dynamodb::types::AttributeValue::clone(value) } else { text("\u{0}damaged") },
        )
    };
    item.iter().map(damage).collect()
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_left_out_of_every_answer() {
    let at = |n: i64| format!("2026-11-30T{:02}:{:02}:10Z", 22 + n % 2, 30 + n);
    let mut events: Vec<_> = (0..4).map(|n| call(USER, &format!("{n}"), &at(n))).collect();
    events.extend((0..2).map(|n| failure(None, &format!("failed {n}"), &at(n))));
    let world = World::new(events, "2026-12-01T00:25").await;
    let new = (26..31).map(|n| call(USER, &format!("new {n}"), &format!("2026-12-01T00:{n}:05Z")));
    world.commit(new.collect()).await;
    aggregator(&world).run(RunUntil::Settled, || "2026-12-01T00:28:20Z".parse().unwrap()).await.unwrap();
    let items = items(&world).await;
    assert!(items.len() > 20, "{}", items.len());
    let series = |granularity, duration| vec![("granularity", granularity), ("duration", duration)];
    for (table, item) in items {
        table.put_all([damaged(&item)]).await.unwrap();
        for who in [Who::Admin, Who::User(USER)] {
            for (path, parameters) in [
                (REALTIME, vec![]),
                (TIMESERIES, series("minute", "2h")),
                (TIMESERIES, series("hour", "8h")),
                (TIMESERIES, series("day", "3d")),
                (USER_STATS, vec![("email", USER)]),
            ] {
                let (status, body) = world.get(who, path, &parameters, NOW).await;
                assert_eq!(
                    status,
                    200,
                    "{path} {parameters:?} without {} {}: {body}",
                    string(&item, PK),
                    string(&item, SK)
                );
            }
        }
        table.put_all([item]).await.unwrap();
    }
}

#[tokio::test]
async fn a_watermark_that_cannot_be_read_is_set_anew_by_the_next_run_and_no_answer_changes() {
    for until in [RunUntil::Settled, RunUntil::Now] {
        let at = |n: i64| format!("2026-11-30T{:02}:{:02}:10Z", 22 + n % 2, n);
        let events: Vec<_> = (0..60).map(|n| call(USER, &format!("{n}"), &at(n))).collect();
        let world = World::new(events, "2026-11-30T21:59").await;
        let aggregator = aggregator(&world);
        aggregator.run(until, || NOW.parse().unwrap()).await.unwrap();
        let new = (0..5).map(|n| call(USER, &format!("new {n}"), &format!("2026-12-01T00:30:0{n}Z")));
        world.commit(new.collect()).await;
        let series = [("granularity", "minute"), ("duration", "4h")];
        let asked = async || {
            let stats = world.get(Who::User(USER), USER_STATS, &[], NOW).await;
            [
                world.get(Who::Admin, REALTIME, &[], NOW).await,
                world.get(Who::Admin, TIMESERIES, &series, NOW).await,
                stats,
            ]
        };
        let reached = aggregator.run(RunUntil::Settled, || NOW.parse().unwrap()).await.unwrap();
        let answers = asked().await;
        let [analytics, ..] = tables(&world.store);
        let watermark = analytics.get(STATE, "WATERMARK", Consistency::Strong).await.unwrap().unwrap();
        analytics.put_all([damaged(&watermark)]).await.unwrap();
        assert!(asked().await.iter().all(|(status, _)| *status == 500));
        let again = aggregator.run(RunUntil::Settled, || NOW.parse().unwrap()).await.unwrap();
        if until == RunUntil::Settled {
            assert_eq!((again, asked().await), (reached, answers.clone()));
        }
        let stats = world.get(Who::User(USER), USER_STATS, &[], NOW).await;
        assert_eq!([&stats.1, &answers[2].1].map(|stats| stats["allTime"]["apiCalls"].as_u64()), [Some(65); 2]);
    }
}
