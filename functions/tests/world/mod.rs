//! A world in which a script is played: producers, shards, consumers, a clock, and the reference count.
//!
//! Invariant: the reference knows only which distinct events reached the stream or the journal, and when each was.

mod compare;

use std::cell::Cell;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::config::Credentials;
use dynamodb_fixture::{Fault, Store};
use functions::aggregator::{Aggregator, RunUntil};
use functions::large_records::LargeRecords;
use functions::metrics::Metrics;
use functions::processor::Processor;
use functions::stream_event::StreamEvent;
use jiff::{SignedDuration, Timestamp};
use metering::email::Email;
use metering::event::Event;
use metering::identity::Identity;
use metering::subject::Subject;
use metering::window::iso_millis;
use serde_json::json;
use store::blocks::Blocks;
use store::history::Histories;
use store::journal::Journal;
use store::live::Live;
use store::table::Table;
use store::watermark::Watermark;
use store::windows::Windows;

/// Ten minutes before midnight at the end of a month.
const BEGINNING: &str = "2026-11-30T23:50:00Z";

/// A call, or the refusal of one.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) user: u16,
    pub(crate) id: u16,
    /// When it is made, in seconds after the beginning.
    pub(crate) second: i32,
    /// How long its record takes to the stream.
    pub(crate) delay_ms: i32,
    pub(crate) refused: bool,
}

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// The next records of a shard are delivered; a fault hits the request of that number, of that kind.
    Deliver { shard: u8, records: u8, fault: Option<(u8, u8)> },
    /// Records that were delivered before come again, cut anywhere.
    Redeliver { shard: u8, back: u8, records: u8 },
    /// Time passes and the aggregator runs.
    Aggregate { seconds: u8, fault: Option<(u8, u8)> },
    /// The rollback has the aggregator close everything, and then goes on after all.
    Close,
    /// A producer puts an event on the stream again.
    SayAgain { say_again: u8 },
    /// Shards are split and merged: users change their shard.
    Reshard { salt: u8 },
    /// The stream did not take an event, and the authorizer kept it in the journal (it may be on the stream as well).
    Journal { call: u8 },
}

/// Calls in the order of their making, and what happens to them.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) calls: Vec<Call>,
    pub(crate) acts: Vec<Act>,
}

#[derive(Clone)]
struct Record {
    event: Event,
    arrived_at: Timestamp,
}

pub(crate) struct World {
    store: Store,
    tables: (Table, Table),
    processor: Processor,
    /// One reader that looks again and again.
    warm: Histories,
    now: Cell<Timestamp>,
    shards: Vec<Vec<Record>>,
    checkpoints: Vec<usize>,
    salt: u8,
    /// Distinct events that reached us, by identity.
    known: BTreeMap<Identity<'static>, Event>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let store = Store::new().await;
        let environment = contract::Environment::default();
        let table = |name| Table::new(store.client(), name);
        let analytics = table(contract::name::analytics_table(&environment));
        let usage = table(contract::name::usage_table(&environment));
        Self {
            processor: Processor::new(Blocks::new(analytics.clone()), Watermark::new(analytics.clone()), nowhere()),
            warm: histories(&analytics, &usage),
            tables: (analytics, usage),
            store,
            now: Cell::new(BEGINNING.parse().unwrap()),
            shards: vec![Vec::new(); 4],
            checkpoints: vec![0; 4],
            salt: 0,
            known: BTreeMap::new(),
        }
    }

    pub(crate) async fn play(&mut self, script: &Script) -> Result<(), String> {
        let mut calls: Vec<_> = script.calls.clone();
        calls.sort_by_key(|call| (i64::from(call.second.max(0)) * 1_000 + i64::from(call.delay_ms.max(0)), call.id));
        let per_act = calls.len().div_ceil(script.acts.len().max(1)).max(1);
        let mut parts = calls.chunks(per_act);
        for act in &script.acts {
            for call in parts.next().unwrap_or_default() {
                self.produce(call);
            }
            self.act(act, &script.calls).await;
            self.never_too_many(act).await?;
        }
        parts.flatten().for_each(|call| self.produce(call));
        Ok(())
    }

    /// Puts a call's event on the stream. Time never goes back, and a call is never far in the future.
    fn produce(&mut self, call: &Call) {
        let made = self.beginning() + SignedDuration::from_secs(call.second.into());
        let arrived = (made + SignedDuration::from_millis(call.delay_ms.into())).max(self.now.get());
        self.now.set(arrived);
        self.put(event(call, made), arrived);
    }

    fn put(&mut self, event: Event, arrived_at: Timestamp) {
        let place = event.user_email.as_ref().map_or(0, |email| email.as_str().len())
            + usize::from(event.request_id.as_bytes()[0]);
        let user = event.user_email.as_ref().map_or("", Email::as_str).bytes().map(usize::from).sum::<usize>();
        let shard = (user + usize::from(self.salt) * place) % self.shards.len();
        self.known.entry(event.identity().into_owned()).or_insert_with(|| event.clone());
        self.shards[shard].push(Record { event, arrived_at });
    }

    async fn act(&mut self, act: &Act, calls: &[Call]) {
        match act {
            Act::Deliver { shard, records, fault } => {
                self.fault(*fault);
                let shard = usize::from(*shard);
                let from = self.checkpoints[shard];
                let to = (from + usize::from(*records)).min(self.shards[shard].len());
                if self.deliver(shard, from, to).await {
                    self.checkpoints[shard] = to;
                }
            }
            Act::Redeliver { shard, back, records } => {
                let shard = usize::from(*shard);
                let from = self.checkpoints[shard].saturating_sub(usize::from(*back));
                let to = (from + usize::from(*records)).min(self.checkpoints[shard]);
                self.deliver(shard, from, to).await;
            }
            Act::Aggregate { seconds, fault } => {
                self.pass(i64::from(*seconds));
                self.fault(*fault);
                let _ = self.aggregate(RunUntil::Settled).await;
            }
            Act::Close => {
                let _ = self.aggregate(RunUntil::Now).await;
            }
            Act::SayAgain { say_again } => {
                let event = self.known.values().nth(usize::from(*say_again)).cloned();
                if let Some(event) = event {
                    self.put(event, self.now.get());
                }
            }
            Act::Reshard { salt } => self.salt = *salt,
            Act::Journal { call } => {
                let call = &calls[usize::from(*call) % calls.len()];
                let made = self.beginning() + SignedDuration::from_secs(call.second.into());
                if made <= self.now.get() {
                    let event = event(call, made);
                    Journal::new(self.tables.1.clone()).put(&event).await.unwrap();
                    self.known.entry(event.identity().into_owned()).or_insert(event);
                }
            }
        }
        self.store.revive();
    }

    fn fault(&self, fault: Option<(u8, u8)>) {
        let kinds = [Fault::Die, Fault::Throttle, Fault::LoseAnswer, Fault::Halve];
        self.store.plan(fault.map(|(request, kind)| (u64::from(request), kinds[usize::from(kind) % kinds.len()])));
    }

    async fn deliver(&self, shard: usize, from: usize, to: usize) -> bool {
        if from >= to {
            return true;
        }
        let records = self.shards[shard][from..to].iter().enumerate().map(|(n, record)| {
            json!({
                "eventID": format!("shardId-{shard:012}:{}", from + n), "eventName": "aws:kinesis:record", "eventVersion": "1.0",
                "eventSource": "aws:kinesis", "awsRegion": "ap-south-1", "eventSourceARN": "arn", "invokeIdentityArn": "arn",
                "kinesis": {
                    "kinesisSchemaVersion": "1.0", "partitionKey": "p", "sequenceNumber": (from + n).to_string(),
                    "data": base64::Engine::encode(&base64::engine::general_purpose::STANDARD, record.event.to_json()),
                    "approximateArrivalTimestamp": record.arrived_at.as_millisecond() as f64 / 1_000.0,
                }
            })
        });
        let event: StreamEvent = serde_json::from_value(json!({ "Records": records.collect::<Vec<_>>() })).unwrap();
        self.processor.process(&event, || self.tick()).await.is_ok()
    }

    /// Every look at the clock finds it a third of a second later.
    fn tick(&self) -> Timestamp {
        self.now.set(self.now.get() + SignedDuration::from_millis(333));
        self.now.get()
    }

    fn pass(&self, seconds: i64) {
        self.now.set(self.now.get() + SignedDuration::from_secs(seconds));
    }

    fn beginning(&self) -> Timestamp {
        BEGINNING.parse().unwrap()
    }

    async fn aggregate(&self, until: RunUntil) -> Result<bool, String> {
        let (analytics, usage) = self.tables.clone();
        let aggregator =
            Aggregator::new(analytics, usage, Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test"));
        aggregator.run(until, || self.tick()).await.map(|reached| reached.done).map_err(|error| error.to_string())
    }
}

fn histories(analytics: &Table, usage: &Table) -> Histories {
    Histories::new(
        Live::new(Blocks::new(analytics.clone())),
        Windows::new(analytics.clone(), usage.clone()),
        Watermark::new(analytics.clone()),
    )
}

/// A bucket that no record of a world is large enough for.
fn nowhere() -> LargeRecords {
    let credentials = Credentials::new("test", "test", None, None, "test");
    LargeRecords::new(Some("http://127.0.0.1:9"), "ap-south-1", credentials, "failed".into())
}

fn email(user: u16) -> String {
    format!("user#{user}😀@example.com")
}

fn subject(user: u16) -> Subject {
    Subject::User(Email::as_stored(email(user)))
}

/// The event of a call. One id names one call: whoever says it again says the same.
fn event(call: &Call, made: Timestamp) -> Event {
    let Call { user, id, second, refused, delay_ms: _ } = call;
    let kind = if *refused { "API_RATE_LIMITED" } else { "API_CALL" };
    let event = json!({
        "eventType": kind, "requestId": format!("{user}-{id}-{second}"), "timestamp": iso_millis(made),
        "userEmail": email(*user), "apiKeyId": format!("k_{user}"), "method": "GET", "path": "/v1/deadlines", "latencyMs": 3
    });
    serde_json::from_value(event).unwrap()
}
