//! What a call costs in write units of DynamoDB, under four loads, and what others count that we compare with.
//!
//! Invariant: the units are those that the database itself reports for every request, from the first batch to the end
//! of the hour; our own are those of the real code, history and windows together.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says so and stops")]

mod algorithms;

use std::collections::BTreeSet;

use algorithms::{Algorithm, Blocks};
use contract::table::{CREATED_AT, PK, SK, USER_EMAIL};
use dynamodb_fixture::Store;
use functions::authorizer::bound::Bounds;
use functions::authorizer::{Authorizer, Request};
use functions::producer::StreamProducer;
use functions::stream_event::StreamEvent;
use jiff::{SignedDuration, Timestamp};
use runtime_fixture::Load;
use serde_json::json;
use store::table::{Item, Table, text};

const BEGINNING: &str = "2026-11-24T10:00:00Z";

/// Write units for 1,000 calls.
async fn write_units<A: Algorithm>(load: Load) -> f64 {
    let store = Store::new().await;
    let algorithm = A::new(&store);
    let beginning: Timestamp = BEGINNING.parse().unwrap();
    let mut next_run = beginning + SignedDuration::from_secs(30);
    for batch in load.batches(beginning) {
        if batch.arrived >= next_run {
            algorithm.each_minute(next_run).await;
            next_run += SignedDuration::from_secs(60);
        }
        let event: StreamEvent = serde_json::from_value(batch.event).unwrap();
        algorithm.count(&event, batch.arrived + SignedDuration::from_millis(100)).await.unwrap();
    }
    // Up to the end of the hour, when hours and days are set.
    for minute in load.minutes..=60 {
        let now = beginning + SignedDuration::from_secs(60 * i64::try_from(minute).unwrap() + 30);
        algorithm.each_minute(now).await;
    }
    store.spent().write_units * 1_000.0 / load.calls as f64
}

/// Write units for 1,000 calls that the authorizer counts without the stream.
async fn synchronous_write_units(load: Load) -> f64 {
    let store = Store::new().await;
    let environment = contract::Environment::default();
    let keys = Table::new(store.client(), contract::name::keys_table(&environment));
    let usage = Table::new(store.client(), contract::name::usage_table(&environment));
    let authorizer = Authorizer::<StreamProducer>::synchronous(environment, Bounds::OF_A_CALL, keys.clone(), usage);
    let calls: Vec<_> = load.batches(BEGINNING.parse().unwrap()).map(|batch| batch.event).collect();
    let calls = calls.into_iter().map(|event| serde_json::from_value::<StreamEvent>(event).unwrap());
    let calls: Vec<_> = calls.flat_map(|batch| algorithms::events(&batch).collect::<Vec<_>>()).collect();
    let users: BTreeSet<_> = calls.iter().map(|call| call.user_email.clone().unwrap()).collect();
    keys.put_all(users.iter().map(|email| key_of(email.as_str()))).await.unwrap();
    store.reset_meter();
    for call in calls {
        let request: Request = serde_json::from_value(json!({
            "methodArn": "arn:aws:execute-api:ap-south-1:123456789012:abc/test/GET/v1/deadlines",
            "path": "/v1/deadlines", "httpMethod": "GET", "headers": { "x-api-key": call.user_email.unwrap() },
            "requestContext": {
                "requestId": call.request_id, "stage": "test",
                "identity": { "sourceIp": call.source_ip.unwrap(), "userAgent": call.user_agent.unwrap() },
            },
        }))
        .unwrap();
        authorizer.answer(&request, || call.timestamp).await.unwrap();
    }
    store.spent().write_units * 1_000.0 / load.calls as f64
}

/// The key of a user, for which their e-mail address has to do.
fn key_of(email: &str) -> Item {
    let hash = metering::key::hash(email);
    let attributes = [
        (PK, format!("KEY#{hash}")),
        (SK, "KEY".into()),
        ("apiKeyId", format!("k_{}", &hash[..16])),
        ("apiKeyName", "production".into()),
        (USER_EMAIL, email.into()),
        (CREATED_AT, BEGINNING.into()),
    ];
    attributes.map(|(name, value)| (name.to_owned(), text(value))).into()
}

#[tokio::test]
async fn a_thousand_calls_cost_a_fraction_of_an_item_each() {
    let a = write_units::<Blocks>(Load::A).await;
    let b = write_units::<Blocks>(Load::B).await;
    let c = write_units::<Blocks>(Load::C).await;
    let d = write_units::<Blocks>(Load::D).await;
    println!("write units per 1,000 calls: A {a:.0}, B {b:.0}, C {c:.0}, D {d:.0}");
    assert!(a <= 240.0, "A: {a}");
    assert!(b <= 340.0, "B: {b}");
    assert!(c <= 2_400.0, "C: {c}");
    let synchronous = synchronous_write_units(Load::C).await;
    println!("write units per 1,000 calls without the stream: {synchronous:.0}");
    assert!(synchronous <= 5_000.0, "without the stream: {synchronous}");
    let units = include_str!("../../xtask/cloud/units.toml");
    let measured = [("a", a), ("b", b), ("c", c), ("d", d), ("authorizer", synchronous)];
    for line in measured.map(|(name, units)| format!("\n{name} = {units:.0}.0\n")) {
        assert!(units.contains(&line), "xtask/cloud/units.toml should say:{line}");
    }
}
