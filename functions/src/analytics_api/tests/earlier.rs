//! Tables as an earlier deployment left them, with one row for each subject and minute.
//!
//! Invariant: `earlier/tables.jsonl` holds the items that commit 82eae4e's processor and aggregator wrote, as they were.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use jiff::SignedDuration;

use super::count::{assert_points, points, seen_by};
use super::*;
use crate::aggregator::{Aggregator, RunUntil};
use crate::metrics::Metrics;

const TABLES: &str = include_str!("earlier/tables.jsonl");
/// Whose calls they hold.
const USERS: [&str; 4] = ["a@b.au", "b@b.au", "a@b.au#c@b.au", "dé@b.au"];
/// When the earlier aggregator last ran.
const LAST_RUN: &str = "2026-11-25T00:52:30Z";

fn attribute(value: &Value) -> AttributeValue {
    let value = value.as_object().unwrap().iter().next().unwrap();
    let text = value.1.as_str().unwrap();
    match value.0.as_str() {
        "S" => AttributeValue::S(text.into()),
        "N" => AttributeValue::N(text.into()),
        _ => AttributeValue::B(Blob::new(base64::engine::general_purpose::STANDARD.decode(text).unwrap())),
    }
}

async fn world() -> World {
    let store = Store::new().await;
    let [analytics, usage, keys] = tables(&store);
    let mut events = Vec::new();
    let mut items: BTreeMap<String, Vec<Item>> = BTreeMap::new();
    for line in TABLES.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let item: Item =
            line["item"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        if let Some(AttributeValue::B(body)) = item.get("calls") {
            events.extend(Block::unpack(body.as_ref()).unwrap());
        }
        items.entry(line["table"].as_str().unwrap().into()).or_default().push(item);
    }
    analytics.put_all(items.remove("analytics").unwrap()).await.unwrap();
    usage.put_all(items.remove("usage").unwrap()).await.unwrap();
    World { api: AnalyticsApi::new(analytics, usage, keys), store, events }
}

async fn assert_exact(world: &World, now: &str) {
    for who in USERS.map(Who::User).into_iter().chain([Who::Admin]) {
        for (granularity, minutes, duration, n) in
            [("minute", 1, "3h", 180), ("hour", 60, "2d", 48), ("day", 1_440, "4d", 4)]
        {
            let parameters = [("granularity", granularity), ("duration", duration)];
            let answer = world.ok(who, TIMESERIES, &parameters, now).await;
            let expected = points(&seen_by(who, &world.events), minutes, n, now);
            assert_points(&answer, expected, &format!("{granularity} {who:?} at {now}"));
        }
    }
    for user in USERS {
        let calls = seen_by(Who::User(user), &world.events).into_iter();
        let calls = calls.filter(|event| event.event_type == metering::event::EventType::Call).count();
        let answer = world.ok(Who::User(user), USER_STATS, &[], now).await;
        assert_eq!(answer["allTime"]["apiCalls"], calls, "{user} at {now}");
    }
}

#[tokio::test]
async fn what_an_earlier_deployment_stored_is_read_beside_what_comes_after_it() {
    let mut world = world().await;
    let [analytics, usage, _] = tables(&world.store);
    let aggregator = Aggregator::new(analytics, usage, Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test"));
    assert_eq!(world.events.len(), 90);
    assert_exact(&world, LAST_RUN).await;
    let late = ["2026-11-24T23:10:30Z", "2026-11-24T23:59:59Z", "2026-11-25T00:10:30Z", "2026-11-25T00:52:50Z"];
    for (n, made) in late.iter().enumerate() {
        let event = call(USERS[n % 4], &format!("late{n}"), made);
        let batch = Batch { blocks: Block::of([event.clone()]), failed: Vec::new() };
        world.blocks().commit(&batch, || "2026-11-25T00:52:51Z".parse().unwrap()).await.unwrap();
        world.events.push(event);
    }
    let mut now: Timestamp = "2026-11-25T00:53:30Z".parse().unwrap();
    for minutes in [0, 1, 6, 60] {
        now += SignedDuration::from_mins(minutes);
        aggregator.run(RunUntil::Settled, || now).await.unwrap();
        assert_exact(&world, &now.to_string()).await;
    }
}
