//! The authorizer against a DynamoDB in this process and a stream that does as it is told.

mod failing;
mod keys;
mod stream;
mod synchronous;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use contract::table::{PK, SK, USER_EMAIL};
use dynamodb_fixture::Fixture;
use futures::future::join_all;
use jiff::SignedDuration;
use metering::fold::UsageBySubject;
use metering::subject::{Bucket, Subject};
use metering::usage::Usage;
use metering::window::Day;
use serde_json::{Value, json};
use wire::{Fault, Wire};

use super::*;
use crate::producer::{NotTaken, Record};
use store::journal::Entry;
use store::table::{Consistency, Item, number, text};

const NOW: &str = "2026-11-24T10:15:30.123Z";
const USER: &str = "a#b@example.com";
const KEY: &str = "ck_production_secret";
/// A whole DynamoDB runs beside fifty calls in one unoptimized thread here: its steps are given more time.
const BOUNDS: Bounds = Bounds {
    key: Duration::from_secs(35),
    usage: Duration::from_secs(18),
    gate: Duration::from_secs(10),
    journal: Duration::from_secs(15),
    transaction: Duration::from_secs(20),
    ..Bounds::OF_A_CALL
};

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn after(millis: i64) -> Timestamp {
    now() + SignedDuration::from_millis(millis)
}

/// What the stream does with records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Conduct {
    #[default]
    Takes,
    Throttles,
    Refuses,
    /// Answers nothing, and takes nothing.
    Hangs,
    /// Takes the records and answers nothing.
    TakesAndHangs,
}

/// A stream under a test's control.
#[derive(Clone, Debug, Default)]
struct Double(Arc<Mutex<(Conduct, Batches, usize)>>);

/// What each request carried.
type Batches = Vec<Vec<Record>>;

impl Double {
    fn conduct(&self, conduct: Conduct) {
        self.0.lock().unwrap().0 = conduct;
    }

    /// The events taken, as JSON, in order.
    fn events(&self) -> Vec<Value> {
        let held = self.0.lock().unwrap();
        held.1.iter().flatten().map(|record| serde_json::from_slice(&record.data).unwrap()).collect()
    }

    fn of_type(&self, event_type: &str) -> Vec<Value> {
        self.events().into_iter().filter(|event| event["eventType"] == event_type).collect()
    }

    fn partition_keys(&self) -> Vec<String> {
        self.0.lock().unwrap().1.iter().flatten().map(|record| record.partition_key.clone()).collect()
    }

    /// How often it was asked to take records.
    fn requests(&self) -> usize {
        self.0.lock().unwrap().2
    }
}

impl Producer for Double {
    async fn put(&self, records: Vec<Record>) -> Result<(), NotTaken> {
        let conduct = {
            let mut held = self.0.lock().unwrap();
            held.2 += 1;
            if matches!(held.0, Conduct::Takes | Conduct::TakesAndHangs) {
                held.1.push(records);
            }
            held.0
        };
        match conduct {
            Conduct::Takes => Ok(()),
            Conduct::Throttles => Err(NotTaken("ProvisionedThroughputExceededException".into())),
            Conduct::Refuses => Err(NotTaken("AccessDeniedException".into())),
            Conduct::Hangs | Conduct::TakesAndHangs => std::future::pending().await,
        }
    }
}

/// The tables, the wire to them and the stream.
struct World {
    fixture: Fixture,
    wire: Wire,
    stream: Double,
}

impl World {
    async fn new() -> Self {
        let fixture = Fixture::start().await;
        let world = Self { wire: Wire::default(), stream: Double::default(), fixture };
        world.key(KEY, json!({})).await;
        world
    }

    fn table(&self, name: String) -> Table {
        Table::new(self.wire.client(&self.fixture.client), name)
    }

    fn usage(&self) -> Table {
        self.table(self.fixture.usage_table())
    }

    fn streaming(&self) -> Authorizer<Double> {
        let keys = self.table(self.fixture.keys_table());
        let (usage, analytics) = (self.usage(), self.table(self.fixture.analytics_table()));
        Authorizer::streaming(Environment::default(), BOUNDS, keys, usage, analytics, self.stream.clone())
    }

    fn synchronous(&self) -> Authorizer<Double> {
        Authorizer::synchronous(Environment::default(), BOUNDS, self.table(self.fixture.keys_table()), self.usage())
    }

    async fn put(&self, table: String, item: Item) {
        Table::new(self.fixture.client.clone(), table).put_all([item]).await.unwrap();
    }

    /// Stores a key, with some attributes more or others.
    async fn key(&self, key: &str, attributes: Value) {
        let mut item = stored(key);
        for (name, value) in attributes.as_object().unwrap() {
            item.insert(name.clone(), text(value.as_str().unwrap()));
        }
        self.put(self.fixture.keys_table(), item).await;
    }

    async fn quota(&self, limit: u64) {
        self.user(limit, None).await;
    }

    /// Stores the user, with a quota and perhaps a plan.
    async fn user(&self, limit: u64, plan: Option<&str>) {
        let keys = [(PK, format!("USER#{USER}")), (SK, "USER".into()), ("companyName", "Example Pty Ltd".into())];
        let mut item: Item = keys.into_iter().map(|(name, value)| (name.into(), text(value))).collect();
        item.insert("monthlyQuota".into(), number(limit));
        item.extend(plan.map(|plan| ("plan".into(), text(plan))));
        self.put(self.fixture.keys_table(), item).await;
    }

    /// Has so many calls counted on the day before.
    async fn used(&self, calls: u64) {
        self.used_by(USER, calls).await;
    }

    /// Has them counted under some spelling of a name.
    async fn used_by(&self, name: &str, calls: u64) {
        let table = |name| Table::new(self.fixture.client.clone(), name);
        let windows = Windows::new(table(self.fixture.analytics_table()), table(self.fixture.usage_table()));
        let day = Day::of(now()).plus(-1);
        let mut fold = UsageBySubject::default();
        fold.add(Subject::User(Email::as_stored(name)), &Usage { events: calls, calls, ..Usage::default() });
        windows.set_day(day, day.last_hour().last_minute(), &fold).await.unwrap();
    }

    /// The journal's entries.
    async fn journal(&self) -> Vec<Entry> {
        let journal = Journal::new(Table::new(self.fixture.client.clone(), self.fixture.usage_table()));
        let mut entries = Vec::new();
        for bucket in Bucket::all() {
            entries.extend(journal.pending(bucket, 10_000).await.unwrap().entries);
        }
        entries
    }

    /// What the gate says.
    async fn gate(&self) -> Option<u64> {
        let table = Table::new(self.fixture.client.clone(), self.fixture.usage_table());
        let item = table.get(&format!("USER#{USER}"), "2026-11#GATE", Consistency::Strong).await.unwrap();
        store::quota_gate::Reading::of(item.as_ref()).used
    }
}

/// A key as it is stored.
fn stored(key: &str) -> Item {
    Item::from([
        (PK.into(), text(format!("KEY#{}", key::hash(key)))),
        (SK.into(), text("KEY")),
        ("apiKeyId".into(), text("k_1")),
        ("apiKeyName".into(), text("production")),
        (USER_EMAIL.into(), text(USER)),
        ("createdAt".into(), text(NOW)),
        ("expiresAt".into(), text("2027-11-24T10:15:30.000Z")),
    ])
}

/// A call as API Gateway puts it.
fn request(id: &str, key: Option<&str>) -> Request {
    let headers =
        key.map_or(json!({ "Cookie": "session=1" }), |key| json!({ "X-API-Key": key, "Cookie": "session=1" }));
    serde_json::from_value(json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:ap-south-1:123456789012:abc/test/GET/v1/deadlines",
        "resource": "/v1/deadlines", "path": "/v1/deadlines", "httpMethod": "GET",
        "headers": headers, "multiValueHeaders": null, "queryStringParameters": null,
        "requestContext": {
            "requestId": id, "stage": "test", "path": "/test/v1/deadlines", "accountId": "123456789012",
            "identity": { "sourceIp": "203.0.113.9", "userAgent": "curl/8", "clientCert": null },
        },
    }))
    .unwrap()
}

async fn call<P: Producer>(authorizer: &Authorizer<P>, id: &str, now: Timestamp) -> Result<Allowed, Refused> {
    authorizer.answer(&request(id, Some(KEY)), || now).await
}

fn is_within(answer: &Result<Allowed, Refused>) -> bool {
    answer.as_ref().unwrap().context["quota"] == WITHIN
}

/// Calls at once, each through one of several instances; how many were within the quota.
async fn parallel(instances: &[Authorizer<Double>], calls: usize, now: Timestamp) -> usize {
    let names: Vec<_> = (0..calls).map(|n| format!("p-{n}")).collect();
    let calls = names.iter().enumerate().map(|(n, name)| call(&instances[n % instances.len()], name, now));
    join_all(calls).await.iter().filter(|answer| is_within(answer)).count()
}

#[test]
fn the_mode_is_the_handlers_and_any_other_handler_stops_the_start() {
    assert_eq!(Mode::of_handler("handlers/auth/api-key-authorizer-kinesis.handler"), Ok(Mode::Stream));
    assert_eq!(Mode::of_handler("handlers/auth/api-key-authorizer-enhanced.handler"), Ok(Mode::Synchronous));
    for other in ["bootstrap", "", "handlers/auth/api-key-authorizer-kinesis"] {
        assert!(Mode::of_handler(other).unwrap_err().to_string().contains("handlers/auth/"), "{other}");
    }
}
