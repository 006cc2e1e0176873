//! What a call costs in write units of DynamoDB, history and windows together, under three loads.
//!
//! Invariant: the units are those that the database itself reports for every request of the real code, from the first
//! batch to the end of the hour.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says so and stops")]

use dynamodb_fixture::Store;
use functions::aggregator::{Aggregator, Reach};
use functions::blocks::Blocks;
use functions::metrics::Metrics;
use functions::processor::Processor;
use functions::stream_event::StreamEvent;
use functions::table::Table;
use functions::watermark::Watermark;
use jiff::{SignedDuration, Timestamp};
use runtime_fixture::Load;

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
    for batch in load.batches(beginning) {
        let arrived = batch.arrived;
        if arrived >= next_run {
            aggregator.run(Reach::Over, || next_run).await.unwrap();
            next_run += SignedDuration::from_secs(60);
        }
        let event: StreamEvent = serde_json::from_value(batch.event).unwrap();
        processor.process(&event, || arrived + SignedDuration::from_millis(100)).await.unwrap();
    }
    // The runs up to the end of the hour, which set hours and days.
    for minute in load.minutes..=60 {
        let now = beginning + SignedDuration::from_secs(60 * i64::try_from(minute).unwrap() + 30);
        aggregator.run(Reach::Over, || now).await.unwrap();
    }
    store.spent().write_units * 1_000.0 / load.calls as f64
}

#[tokio::test]
async fn a_thousand_calls_cost_a_fraction_of_an_item_each() {
    let a = write_units(Load::A).await;
    let b = write_units(Load::B).await;
    let c = write_units(Load::C).await;
    println!("write units per 1,000 calls: A {a:.0}, B {b:.0}, C {c:.0}");
    assert!(a <= 400.0, "A: {a}");
    assert!(b <= 1_200.0, "B: {b}");
    assert!(c <= 3_000.0, "C: {c}");
    let units = include_str!("../../xtask/cloud/units.toml");
    let measured = format!("\na = {a:.0}.0\nb = {b:.0}.0\nc = {c:.0}.0\n");
    assert!(units.contains(&measured), "xtask/cloud/units.toml should say:{measured}");
}
