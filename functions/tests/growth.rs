//! What a look costs while others call ten times as much.
//!
//! Invariant: read units are those that the database reports, by the size of what it reads; calls are written and
//! folded by the real code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

use dynamodb_fixture::Store;
use functions::aggregator::{Aggregator, RunUntil};
use functions::metrics::Metrics;
use functions::stream_event::{StreamEvent, StreamRecord};
use jiff::{SignedDuration, Timestamp};
use metering::batch::Batch;
use metering::block::Block;
use metering::event::Event;
use metering::subject::Subject;
use metering::window::{Minute, Month};
use runtime_fixture::Load;
use serde_json::json;
use store::history::{self, Histories, History};
use store::live::Live;
use store::table::Table;

const USER: &str = "one@example.com";
/// The user's calls in each minute.
const CALLS: u64 = 10;
const MINUTES: u64 = 3;
/// What the authorizer's look-up of a quota may cost, in read units.
const LOOK_UP: f64 = 20.0;

fn call(made: Timestamp) -> Event {
    let event = json!({ "eventType": "API_CALL", "requestId": made, "timestamp": made, "userEmail": USER });
    serde_json::from_value(event).unwrap()
}

/// A look-up of the user's quota in the third minute, with two in windows, while so many others call; and its read units.
async fn look_up(others: u64) -> (History, f64) {
    let store = Store::new().await;
    let environment = contract::Environment::default();
    let analytics = Table::new(store.client(), contract::name::analytics_table(&environment));
    let usage = Table::new(store.client(), contract::name::usage_table(&environment));
    let aggregator = Aggregator::new(analytics, usage, Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test"));
    let beginning: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    aggregator.watermark.begin(Minute::of(beginning).plus(-1)).await.unwrap();
    let load = Load { name: "others", calls: others, users: 2_000, batch: 500, minutes: MINUTES };
    for batch in load.batches(beginning) {
        let event: StreamEvent = serde_json::from_value(batch.event).unwrap();
        let records = event.records.iter().map(StreamRecord::record);
        let (batch, arrived) = (Batch::of(records), batch.arrived);
        aggregator.blocks.commit(&batch, || arrived).await.unwrap();
    }
    for n in 0..CALLS * MINUTES {
        let made = beginning + SignedDuration::from_secs(i64::try_from(n * 60 / CALLS).unwrap());
        let batch = Batch { blocks: Block::of([call(made)]), failed: Vec::new() };
        aggregator.blocks.commit(&batch, || made).await.unwrap();
    }
    let now = beginning + SignedDuration::from_secs(179);
    assert!(aggregator.run(RunUntil::Settled, || now).await.unwrap().done);
    let Aggregator { blocks, windows, watermark, .. } = aggregator;
    let subject = Subject::User(USER.parse().unwrap());
    store.reset_meter();
    let histories = Histories::new(Live::new(blocks), windows, watermark);
    let history = histories.read(&subject, Some(Month::of(now)), now, history::Freshness::Bounded).await.unwrap();
    (history, store.spent().read_units)
}

#[tokio::test]
async fn a_quota_is_looked_up_for_as_little_whatever_others_call() {
    let (alone, few) = look_up(1).await;
    assert_eq!((alone.is_cut, alone.sum().calls), (false, CALLS * MINUTES));
    assert!(few <= LOOK_UP, "{few} read units");
    for others in [3_000, 30_000] {
        let (history, units) = look_up(others).await;
        assert!(units <= LOOK_UP, "{units} read units beside {others} calls of others");
        let unseen = if history.is_cut { CALLS } else { 0 };
        assert_eq!(history.sum().calls, CALLS * MINUTES - unseen, "beside {others}");
        assert_eq!(history.is_cut, others > 3_000, "beside {others}");
    }
}
