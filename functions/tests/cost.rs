//! What a call costs in write units of DynamoDB, under three loads, and what others count that we compare with.
//!
//! Invariant: the units are those that the database itself reports for every request, from the first batch to the end
//! of the hour; our own are those of the real code, history and windows together.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says so and stops")]

mod algorithms;

use algorithms::{Algorithm, Blocks};
use dynamodb_fixture::Store;
use functions::stream_event::StreamEvent;
use jiff::{SignedDuration, Timestamp};
use runtime_fixture::Load;

/// Write units for 1,000 calls.
async fn write_units<A: Algorithm>(load: Load) -> f64 {
    let store = Store::new().await;
    let algorithm = A::new(&store);
    let beginning: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
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

#[tokio::test]
async fn a_thousand_calls_cost_a_fraction_of_an_item_each() {
    let a = write_units::<Blocks>(Load::A).await;
    let b = write_units::<Blocks>(Load::B).await;
    let c = write_units::<Blocks>(Load::C).await;
    println!("write units per 1,000 calls: A {a:.0}, B {b:.0}, C {c:.0}");
    assert!(a <= 400.0, "A: {a}");
    assert!(b <= 1_200.0, "B: {b}");
    assert!(c <= 3_000.0, "C: {c}");
    let units = include_str!("../../xtask/cloud/units.toml");
    let measured = format!("\na = {a:.0}.0\nb = {b:.0}.0\nc = {c:.0}.0\n");
    assert!(units.contains(&measured), "xtask/cloud/units.toml should say:{measured}");
}
