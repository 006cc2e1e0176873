//! The real processor, killed at random moments of its work and started again until a hundred thousand calls are through;
//! and the real aggregator, killed between sending an alert and noting it.
//!
//! Invariant: a batch that was not acknowledged comes again, cut anew; nothing else tells a life of what came before it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use dynamodb_fixture::Fixture;
use functions::aggregator::{Aggregator, RunUntil};
use functions::metrics::Metrics;
use functions::stream_event::StreamEvent;
use jiff::{SignedDuration, Timestamp};
use metering::batch::{Batch, Record};
use metering::email::Email;
use metering::event::Event;
use metering::subject::Subject;
use metering::window::Minute;
use runtime_fixture::{Answer, Host, Load, Process};
use serde_json::json;
use store::blocks::Blocks;
use store::history::{self, Histories};
use store::live::Live;
use store::table::{Consistency, Table, text};
use store::windows::Span;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// The calls, of many users, all over by the time they are counted.
const CALLS: Load = Load { name: "killed", calls: 100_000, users: 300, batch: 1_000, minutes: 10, ..Load::A };
/// Fewer kills than this prove nothing.
const KILLS: usize = 15;

type Counts = BTreeMap<(String, Minute), u64>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_processor_that_is_killed_at_any_moment_counts_every_call_once() {
    let fixture = Fixture::start().await;
    let now = Timestamp::now();
    let (records, wanted) = calls(now - SignedDuration::from_mins(CALLS.minutes as i64 + 1));
    let mut shard = Shard { records, acknowledged: 0, pace: Duration::from_micros(100) };
    let mut kills = 0;
    while !shard.is_over() {
        kills += usize::from(shard.outlive(&fixture.endpoint_url).await);
    }
    assert!(kills > KILLS, "killed {kills} times only");

    let analytics = Table::new(fixture.client.clone(), fixture.analytics_table());
    let usage = Table::new(fixture.client.clone(), fixture.usage_table());
    let aggregator = Aggregator::new(analytics, usage, Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test"));
    let later = Timestamp::now() + SignedDuration::from_mins(2);
    while !aggregator.run(RunUntil::Settled, || later).await.unwrap().done {}
    compare(&aggregator, &wanted, later).await;
}

/// An SNS that takes every message and answers none but the first.
#[derive(Clone, Default)]
struct Sns {
    messages: Arc<Mutex<Vec<String>>>,
    taken: Arc<Notify>,
}

impl Sns {
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(Self::take).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    async fn take(State(sns): State<Self>, message: String) {
        let first = {
            let mut messages = sns.messages.lock().unwrap();
            messages.push(message);
            messages.len() == 1
        };
        if first {
            sns.taken.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn messages(&self) -> Vec<String> {
        self.messages.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aggregator_that_is_killed_before_it_notes_that_it_sent_an_alert_sends_it_again_with_its_id() {
    let (fixture, sns) = (Fixture::start().await, Sns::default());
    let now = Timestamp::now();
    let made = now - SignedDuration::from_mins(5);
    let event = json!({"eventType": "USAGE_THRESHOLD", "requestId": "1", "timestamp": made.to_string(),
        "userEmail": "a@b.au", "threshold": 50, "usage": 50, "limit": 100});
    let data = event.to_string().into_bytes();
    let batch = Batch::of([Record { data: &data, arrived_at: made, shard_id: "s", sequence_number: "1" }]);
    let blocks = Blocks::new(Table::new(fixture.client.clone(), fixture.analytics_table()));
    blocks.commit(&batch, || now).await.unwrap();

    let sns_url = sns.start().await;
    let endpoints = [("AWS_ENDPOINT_URL", fixture.endpoint_url.as_str()), ("AWS_ENDPOINT_URL_SNS", &sns_url)];
    let binary = Path::new(env!("CARGO_BIN_EXE_realtime-aggregator"));
    let host = Host::start().await;
    let aggregator = Process::start(binary, &host, &endpoints).unwrap();
    tokio::select! {
        answer = host.invoke("{}") => panic!("it was to be killed, and answers {answer:?}"),
        () = sns.taken.notified() => aggregator.kill().await.unwrap(),
    }
    let host = Host::start().await;
    let _again = Process::start(binary, &host, &endpoints).unwrap();
    let run = async || assert!(matches!(host.invoke("{}").await, Answer::Response(_)));
    run().await;
    assert_eq!(sns.messages().len(), 1, "the first may still be at it");

    // Three minutes go by.
    let claimed = (now - SignedDuration::from_mins(3)).to_string();
    let claim = fixture.client.update_item().table_name(fixture.usage_table()).key("PK", text("USER#a@b.au"));
    let claim = claim.key("SK", text(format!("{}#NOTICE#050", &made.to_string()[..7])));
    let claim = claim.update_expression("SET claimedAt = :at").expression_attribute_values(":at", text(claimed));
    claim.send().await.unwrap();
    for _ in 0..3 {
        run().await;
        let messages = sns.messages();
        assert!(messages.len() == 2 && messages[0] == messages[1], "{messages:#?}");
    }
}

/// The records of the calls, and how many each user makes in each minute.
fn calls(beginning: Timestamp) -> (Vec<String>, Counts) {
    let (mut records, mut counts) = (Vec::new(), Counts::new());
    for batch in CALLS.batches(beginning) {
        records.extend(batch.event["Records"].as_array().unwrap().iter().map(ToString::to_string));
        let event: StreamEvent = serde_json::from_value(batch.event).unwrap();
        for record in event.records.iter().map(|record| record.record()) {
            let event = Event::parse(record.data, record.arrived_at).unwrap();
            *counts.entry((event.user_email.unwrap().into(), Minute::of(event.timestamp))).or_default() += 1;
        }
    }
    (records, counts)
}

/// One shard, as Lambda follows it.
struct Shard {
    records: Vec<String>,
    acknowledged: usize,
    /// How long the processor takes for a record.
    pace: Duration,
}

impl Shard {
    fn is_over(&self) -> bool {
        self.acknowledged == self.records.len()
    }

    /// Starts a processor and delivers batches to it until it is killed, or nothing is left; says which.
    async fn outlive(&mut self, endpoint_url: &str) -> bool {
        let host = Host::start().await;
        let binary = Path::new(env!("CARGO_BIN_EXE_stream-processor"));
        let processor = Process::start(binary, &host, &[("AWS_ENDPOINT_URL", endpoint_url)]).unwrap();
        host.polled(0).await;
        while !self.is_over() {
            let size = (100 + below(3_900)).min(self.records.len() - self.acknowledged);
            let batch = &self.records[self.acknowledged..][..size];
            let payload = format!(r#"{{"Records":[{}]}}"#, batch.join(","));
            // Half of them would die if none were slower than the last.
            let moment = self.pace.mul_f64(size as f64 * below(1_000) as f64 / 500.0);
            let started = Instant::now();
            tokio::select! {
                answer = host.invoke(payload) => assert_eq!(answer, Answer::Response(r#"{"batchItemFailures":[]}"#.into())),
                () = tokio::time::sleep(moment) => {
                    processor.kill().await.unwrap();
                    // A small batch takes longer than its records say: it is not to be killed for ever.
                    self.pace = self.pace.mul_f64(1.25);
                    return true;
                }
            }
            self.pace = started.elapsed() / u32::try_from(size).unwrap();
            self.acknowledged += size;
        }
        false
    }
}

/// Compares every user's minutes, every user's history and the totals with what was called.
async fn compare(aggregator: &Aggregator, wanted: &Counts, now: Timestamp) {
    let Aggregator { blocks, windows, watermark, .. } = aggregator.clone();
    let histories = Histories::new(Live::new(blocks), windows.clone(), watermark);
    let mut users: BTreeMap<&str, u64> = BTreeMap::new();
    let mut totals: BTreeMap<String, u64> = BTreeMap::new();
    for ((email, minute), calls) in wanted {
        *users.entry(email).or_default() += calls;
        *totals.entry(minute.to_string()).or_default() += calls;
    }
    let minutes = || wanted.keys().map(|(_, minute)| *minute);
    let (first, last) = (minutes().min().unwrap(), minutes().max().unwrap());
    let mut found = Counts::new();
    for (email, calls) in users {
        let subject = Subject::User(Email::as_stored(email));
        let history = histories.read(&subject, None, now, history::Freshness::Blocks).await.unwrap();
        assert_eq!(history.sum().calls, calls, "{email}");
        for hour in first.hour().through(last.hour()) {
            let minutes = windows.minutes(&subject, hour, Consistency::Strong).await.unwrap();
            found.extend(minutes.into_iter().map(|(minute, usage)| ((email.to_owned(), minute), usage.calls)));
        }
    }
    assert!(found == *wanted, "minutes of users differ");
    let mut sums = BTreeMap::new();
    for minute in first.through(last) {
        let total = windows.totals(Span::Minute(minute), Span::Minute(minute)).await.unwrap();
        sums.extend(total.into_iter().map(|(minute, total)| (minute.to_string(), total.calls)));
    }
    assert_eq!(sums, totals);
}

fn below(bound: usize) -> usize {
    getrandom::u32().unwrap() as usize % bound
}
