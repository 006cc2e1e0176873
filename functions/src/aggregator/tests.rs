//! The aggregator against a DynamoDB in this process, run by run.

mod alerting;
mod anomalies;
mod answers;
mod away;
mod companies;
mod delivered;
mod exceptions;
mod failing;
mod plans;
mod run_outs;

use dynamodb_fixture::Store;
use metering::batch::{Batch, Record};
use metering::event::Event;
use metering::subject::Subject;

use super::*;
use store::history::{Freshness, Histories};
use store::live::Live;
use store::table::Table;
use store::windows::Span;

/// Who calls where no other is named.
const USER: &str = "a@b.au";

struct World {
    store: Store,
    aggregator: Aggregator,
    histories: Histories,
}

impl World {
    async fn new() -> Self {
        let store = Store::new().await;
        let environment = contract::Environment::default();
        let analytics = Table::new(store.client(), contract::name::analytics_table(&environment));
        let usage = Table::new(store.client(), contract::name::usage_table(&environment));
        let metrics = Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test");
        let aggregator = Aggregator::new(analytics, usage, metrics);
        let Aggregator { blocks, windows, watermark, .. } = aggregator.clone();
        Self { store, aggregator, histories: Histories::new(Live::new(blocks), windows, watermark) }
    }

    /// Commits a call made at an instant, at another.
    async fn call(&self, id: &str, made: &str, committed: &str) {
        self.call_of(USER, id, made, committed).await;
    }

    async fn call_of(&self, user: &str, id: &str, made: &str, committed: &str) {
        let data = event_of(user, id, made).to_json();
        let record = Record { data: &data, arrived_at: at(committed), shard_id: "s", sequence_number: "1" };
        self.aggregator.blocks.commit(&Batch::of([record]), || at(committed)).await.unwrap();
    }

    async fn run(&self, until: RunUntil, now: &str) -> Reached {
        self.aggregator.run(until, || at(now)).await.unwrap()
    }

    async fn calls(&self, now: &str) -> u64 {
        self.calls_of(USER, now).await
    }

    async fn calls_of(&self, user: &str, now: &str) -> u64 {
        let subject = subject(user);
        self.histories.read(&subject, None, at(now), Freshness::Blocks).await.unwrap().sum().calls
    }

    /// What the usage table alone knows: all that synchronous mode has.
    async fn calls_in_days(&self) -> u64 {
        let windows = &self.aggregator.windows;
        let items = windows.usage_items(&subject(USER), None).await.unwrap();
        items.iter().filter_map(|item| windows.user_day(item).unwrap()).map(|day| day.usage.calls).sum()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn subject(user: &str) -> Subject {
    Subject::User(user.parse().unwrap())
}

fn event(id: &str, made: &str) -> Event {
    event_of(USER, id, made)
}

fn event_of(user: &str, id: &str, made: &str) -> Event {
    let json = format!(r#"{{"eventType":"API_CALL","requestId":"{id}","timestamp":"{made}","userEmail":"{user}"}}"#);
    serde_json::from_str(&json).unwrap()
}

#[tokio::test]
async fn closing_in_the_middle_of_an_hour_leaves_every_call_in_a_day() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    world.call("1", "2026-11-24T10:24:10Z", "2026-11-24T10:24:10Z").await;
    let reached = world.run(RunUntil::Now, "2026-11-24T10:24:40Z").await;
    assert!(reached.done);
    assert_eq!((world.calls_in_days().await, world.calls("2026-11-24T10:24:50Z").await), (1, 1));
}

#[tokio::test]
async fn what_comes_after_the_closing_is_seen_before_the_hour_is_over() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    world.call("1", "2026-11-24T10:24:10Z", "2026-11-24T10:24:10Z").await;
    world.run(RunUntil::Now, "2026-11-24T10:24:40Z").await;
    // In turn in the very minute of the closing; then late in it, before it, and in the hour before.
    world.call("0", "2026-11-24T10:24:45Z", "2026-11-24T10:24:45Z").await;
    world.call("2", "2026-11-24T10:24:50Z", "2026-11-24T10:25:01Z").await;
    world.call("3", "2026-11-24T10:22:50Z", "2026-11-24T10:25:01Z").await;
    world.call("4", "2026-11-24T09:22:50Z", "2026-11-24T10:25:01Z").await;
    world.call("5", "2026-11-24T10:26:10Z", "2026-11-24T10:26:10Z").await;
    for now in ["2026-11-24T10:27:30Z", "2026-11-24T10:40:30Z", "2026-11-24T11:00:30Z", "2026-11-25T00:00:30Z"] {
        world.run(RunUntil::Settled, now).await;
        assert_eq!(world.calls(now).await, 6, "at {now}");
    }
    assert_eq!(world.calls_in_days().await, 6);
}

#[tokio::test]
async fn a_call_of_the_journal_counts_once_before_and_after_it_is_moved() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    world.aggregator.journal.put(&event("1", "2026-11-24T10:20:40Z")).await.unwrap();
    assert_eq!(world.calls("2026-11-24T10:20:50Z").await, 1);
    for now in ["2026-11-24T10:21:30Z", "2026-11-24T10:22:30Z", "2026-11-24T10:23:30Z"] {
        world.run(RunUntil::Settled, now).await;
        assert_eq!(world.calls(now).await, 1, "at {now}");
    }
}

#[tokio::test]
async fn who_has_looked_before_sees_a_late_call_after_the_next_run() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    world.call("1", "2026-11-24T10:21:10Z", "2026-11-24T10:21:10Z").await;
    world.run(RunUntil::Settled, "2026-11-24T10:22:30Z").await;
    assert_eq!(world.calls("2026-11-24T10:22:40Z").await, 1);
    world.call("late", "2026-11-24T10:21:20Z", "2026-11-24T10:22:45Z").await;
    world.run(RunUntil::Settled, "2026-11-24T10:23:30Z").await;
    assert_eq!(world.calls("2026-11-24T10:23:40Z").await, 2);
}

#[tokio::test]
async fn a_late_call_is_in_every_window_after_the_next_run_and_running_again_changes_nothing() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    world.call("late", "2026-11-23T23:59:59.999Z", "2026-11-24T10:20:40Z").await;
    for _ in 0..2 {
        world.run(RunUntil::Settled, "2026-11-24T10:21:30Z").await;
        assert_eq!(world.calls("2026-11-24T10:21:40Z").await, 1);
        assert_eq!(world.calls_in_days().await, 1);
    }
    let days = world
        .aggregator
        .windows
        .totals(Span::Day("2026-11-23".parse().unwrap()), Span::Day("2026-11-24".parse().unwrap()));
    assert_eq!(days.await.unwrap().iter().map(|(_, total)| total.calls).sum::<u64>(), 1);
}
