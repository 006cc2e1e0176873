//! What a call costs in write units of DynamoDB, history and windows together, under three loads.
//!
//! Invariant: the units are those that the database itself reports for every request of the real code, from the first
//! batch to the end of the hour.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says so and stops")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynamodb_fixture::Store;
use functions::aggregator::{Aggregator, Reach};
use functions::blocks::Blocks;
use functions::metrics::Metrics;
use functions::processor::Processor;
use functions::stream_event::StreamEvent;
use functions::table::Table;
use functions::watermark::Watermark;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Calls, their users, how many arrive in a batch, and over how many minutes.
struct Load {
    calls: u64,
    users: u64,
    batch: usize,
    minutes: u64,
}

/// Write units for 1,000 calls.
async fn write_units(load: Load) -> f64 {
    let store = Store::new().await;
    let environment = contract::Environment::default();
    let analytics = Table::new(store.client(), contract::name::analytics_table(&environment));
    let usage = Table::new(store.client(), contract::name::usage_table(&environment));
    let processor = Processor::new(Blocks::new(analytics.clone()), Watermark::new(analytics.clone()));
    let nowhere = aws_sdk_cloudwatch::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_cloudwatch::config::Region::new("ap-south-1"))
        .retry_config(aws_sdk_cloudwatch::config::retry::RetryConfig::disabled())
        .build();
    let aggregator =
        Aggregator::new(analytics, usage, Metrics::new(aws_sdk_cloudwatch::Client::from_conf(nowhere), "test"));
    let beginning: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let mut next_run = beginning + SignedDuration::from_secs(30);
    let calls: Vec<(Timestamp, Value)> = (0..load.calls)
        .map(|n| {
            let milliseconds = n * load.minutes * 60_000 / load.calls;
            let made = beginning + SignedDuration::from_millis(i64::try_from(milliseconds).unwrap());
            (made, record(n, n * n % load.users, made))
        })
        .collect();
    for batch in calls.chunks(load.batch) {
        let arrived = batch.last().unwrap().0;
        if arrived >= next_run {
            aggregator.run(Reach::Over, || next_run).await.unwrap();
            next_run += SignedDuration::from_secs(60);
        }
        let records: Vec<_> = batch.iter().map(|(_, record)| record.clone()).collect();
        let event: StreamEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
        processor.process(&event, || arrived + SignedDuration::from_millis(100)).await.unwrap();
    }
    // The runs up to the end of the hour, which set hours and days.
    for minute in load.minutes..=60 {
        let now = beginning + SignedDuration::from_secs(60 * i64::try_from(minute).unwrap() + 30);
        aggregator.run(Reach::Over, || now).await.unwrap();
    }
    store.spent().write_units * 1_000.0 / load.calls as f64
}

/// A record with an event of the size that the authorizer writes.
fn record(n: u64, user: u64, made: Timestamp) -> Value {
    let event = json!({
        "eventType": "API_CALL", "requestId": format!("{:08x}-2b1c-4f6e-9d3a-{:012x}", n.wrapping_mul(2_654_435_761) % (1 << 32), n),
        "timestamp": made.to_string(), "userEmail": format!("user{user}@example.com"), "companyName": format!("Company {user} Pty Ltd"),
        "apiKeyId": format!("k_{user:016}"), "apiKeyName": "production", "method": "GET", "path": "/v1/deadlines", "stage": "test",
        "sourceIp": "203.0.113.9", "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "latencyMs": n % 40
    });
    json!({
        "eventID": format!("shardId-000000000000:{n}"), "eventName": "aws:kinesis:record", "eventVersion": "1.0",
        "eventSource": "aws:kinesis", "awsRegion": "ap-south-1", "eventSourceARN": "arn", "invokeIdentityArn": "arn",
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": "p", "sequenceNumber": n.to_string(),
            "data": STANDARD.encode(event.to_string()), "approximateArrivalTimestamp": made.as_millisecond() as f64 / 1_000.0
        }
    })
}

#[tokio::test]
async fn a_thousand_calls_cost_a_fraction_of_an_item_each() {
    let a = write_units(Load { calls: 1_000, users: 20, batch: 100, minutes: 1 }).await;
    let b = write_units(Load { calls: 10_000, users: 200, batch: 100, minutes: 10 }).await;
    let c = write_units(Load { calls: 1_000, users: 200, batch: 1, minutes: 10 }).await;
    println!("write units per 1,000 calls: A {a:.0}, B {b:.0}, C {c:.0}");
    assert!(a <= 400.0, "A: {a}");
    assert!(b <= 1_200.0, "B: {b}");
    assert!(c <= 3_000.0, "C: {c}");
}
