//! What a look costs while others call ten times as much.
//!
//! Invariant: read units are those that the database reports, by the size of what it reads; calls are written and
//! folded by the real code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

use aws_lambda_events::encodings::Body;
use contract::name;
use dynamodb_fixture::Store;
use functions::aggregator::{Aggregator, RunUntil};
use functions::analytics_api::AnalyticsApi;
use functions::metrics::Metrics;
use functions::stream_event::{StreamEvent, StreamRecord};
use jiff::{SignedDuration, Timestamp};
use metering::batch::Batch;
use metering::block::Block;
use metering::event::Event;
use metering::subject::Subject;
use metering::window::{Minute, Month};
use runtime_fixture::Load;
use serde_json::{Value, json};
use store::history::{self, Histories, History};
use store::live::Live;
use store::table::Table;

const USER: &str = "one@example.com";
/// The user's calls in each minute.
const CALLS: u64 = 10;
const MINUTES: u64 = 3;
/// What the authorizer's look-up of a quota may cost, in read units.
const LOOK_UP: f64 = 20.0;
/// What a user's answer may cost the first time, and again.
const FIRST: f64 = 600.0;
const AGAIN: f64 = 30.0;
const REALTIME: &str = "/v1/analytics/realtime";
const USER_STATS: &str = "/v1/analytics/user-stats";

/// Tables in the third minute, with two in windows, in which so many others call beside the user.
struct World {
    store: Store,
    tables: [Table; 3],
    aggregator: Aggregator,
}

impl World {
    async fn new(others: u64) -> Self {
        let store = Store::new().await;
        let environment = contract::Environment::default();
        let names = [name::analytics_table, name::usage_table, name::keys_table];
        let tables = names.map(|name| Table::new(store.client(), name(&environment)));
        let [analytics, usage, _] = tables.clone();
        let metrics = Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test");
        let world = Self { store, tables, aggregator: Aggregator::new(analytics, usage, metrics) };
        world.aggregator.watermark.begin(Minute::of(beginning()).plus(-1)).await.unwrap();
        let load = Load { name: "others", calls: others, users: 2_000, batch: 500, minutes: MINUTES, ..Load::A };
        for batch in load.batches(beginning()) {
            let event: StreamEvent = serde_json::from_value(batch.event).unwrap();
            let records = event.records.iter().map(StreamRecord::record);
            let (batch, arrived) = (Batch::of(records), batch.arrived);
            world.aggregator.blocks.commit(&batch, || arrived).await.unwrap();
        }
        for n in 0..CALLS * MINUTES {
            world.call(i64::try_from(n * 60 / CALLS).unwrap()).await;
        }
        assert!(world.aggregator.run(RunUntil::Settled, now).await.unwrap().done);
        world
    }

    /// Has the user call in a second.
    async fn call(&self, second: i64) {
        let made = beginning() + SignedDuration::from_secs(second);
        let event = json!({ "eventType": "API_CALL", "requestId": made, "timestamp": made, "userEmail": USER });
        let event: Event = serde_json::from_value(event).unwrap();
        let batch = Batch { blocks: Block::of([event]), failed: Vec::new() };
        self.aggregator.blocks.commit(&batch, || made).await.unwrap();
    }

    /// A look-up of the user's quota, and its read units.
    async fn look_up(&self) -> (History, f64) {
        let Aggregator { blocks, windows, watermark, .. } = self.aggregator.clone();
        let histories = Histories::new(Live::new(blocks), windows, watermark);
        self.store.reset_meter();
        let subject = Subject::User(USER.parse().unwrap());
        let history =
            histories.read(&subject, Some(Month::of(now())), now(), history::Freshness::Bounded).await.unwrap();
        (history, self.store.spent().read_units)
    }

    /// The user's answer some seconds later, and its read units.
    async fn answer(&self, api: &AnalyticsApi, path: &str, seconds: i64) -> (Value, f64) {
        let claims = json!({ "claims": { "email": USER, "email_verified": "true", "token_use": "id" } });
        let request = json!({
            "resource": path, "path": path, "httpMethod": "GET",
            "requestContext": { "requestId": "r", "httpMethod": "GET", "authorizer": claims },
        });
        self.store.reset_meter();
        let now = now() + SignedDuration::from_secs(seconds);
        let answer = api.answer(&serde_json::from_value(request).unwrap(), now).await;
        let Some(Body::Text(body)) = answer.body else { panic!("no body") };
        assert_eq!(answer.status_code, 200, "{body}");
        (serde_json::from_str(&body).unwrap(), self.store.spent().read_units)
    }
}

fn beginning() -> Timestamp {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn now() -> Timestamp {
    beginning() + SignedDuration::from_secs(170)
}

#[tokio::test]
async fn a_quota_is_looked_up_for_as_little_whatever_others_call() {
    let (alone, few) = World::new(1).await.look_up().await;
    assert_eq!((alone.is_cut, alone.sum().calls), (false, CALLS * MINUTES));
    assert!(few <= LOOK_UP, "{few} read units");
    for others in [3_000, 90_000] {
        let (history, units) = World::new(others).await.look_up().await;
        assert!(units <= LOOK_UP, "{units} read units beside {others} calls of others");
        let unseen = if history.is_cut { CALLS } else { 0 };
        assert_eq!(history.sum().calls, CALLS * MINUTES - unseen, "beside {others}");
        assert_eq!(history.is_cut, others > 3_000, "beside {others}");
    }
}

#[tokio::test]
async fn a_second_look_costs_as_little_whatever_others_call_and_then_what_is_new() {
    let mut again = Vec::new();
    for others in [9_000, 90_000] {
        let world = World::new(others).await;
        let [analytics, usage, keys] = world.tables.clone();
        let api = AnalyticsApi::new(analytics, usage, keys);
        for (path, pointer) in [(REALTIME, "/current/apiCalls"), (USER_STATS, "/allTime/apiCalls")] {
            let (first, units) = world.answer(&api, path, 0).await;
            assert!(units <= FIRST, "{path}: {units} read units beside {others} calls of others");
            let (second, units) = world.answer(&api, path, 1).await;
            assert!(units <= AGAIN, "{path} again: {units} read units beside {others} calls of others");
            again.push(units);
            assert_eq!(first.pointer(pointer), second.pointer(pointer), "{path} beside {others}");
        }
        world.call(172).await;
        for (path, pointer, calls) in
            [(REALTIME, "/current/apiCalls", CALLS + 1), (USER_STATS, "/allTime/apiCalls", CALLS * MINUTES + 1)]
        {
            let (answer, units) = world.answer(&api, path, 3).await;
            assert_eq!(answer.pointer(pointer), Some(&json!(calls)), "{path} beside {others}: {answer}");
            assert!(units <= AGAIN, "{path} with a new call: {units} read units beside {others} calls of others");
        }
    }
    // A pack of minutes has more neighbours in it as they grow, up to two kilobytes.
    assert!(again[2] - again[0] <= 4.0 && again[3] - again[1] <= 4.0, "{again:?} read units");
}
