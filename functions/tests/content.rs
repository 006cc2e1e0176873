//! Records that hold anything: names that double in JSON, a megabyte of emoji, thousands of keys, paths, companies and
//! users in one minute, and garbage between them, through the real processor, aggregator and analytics API.
//!
//! Invariant: the database refuses an item of more than 400 KB, as DynamoDB does. Whatever its optional fields hold, a
//! call counts, at once and after every roll-up, and nothing stops.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so and stops")]

use std::collections::BTreeMap;

use aws_lambda_events::encodings::Body;
use aws_sdk_dynamodb::config::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, name};
use dynamodb_fixture::Store;
use functions::aggregator::{Aggregator, RunUntil};
use functions::analytics_api::AnalyticsApi;
use functions::large_records::LargeRecords;
use functions::metrics::Metrics;
use functions::processor::Processor;
use functions::stream_event::StreamEvent;
use jiff::Timestamp;
use metering::window::Minute;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use runtime_fixture::{Bucket, unreachable_cloudwatch};
use serde_json::{Value, json};
use store::blocks::Blocks;
use store::table::Table;
use store::watermark::Watermark;

/// Worlds of a run.
const WORLDS: u32 = 2;
/// Users with one call each, and calls of the one user who has as many keys, paths and companies.
const CROWD: usize = 1_000;
/// Records of one batch.
const BATCH: usize = 500;
/// The user with many calls.
const BUSY: &str = "busy@example.com";
/// The minute in which everything happens.
const MINUTE: &str = "2026-11-24T23:15";
/// What texts consist of: what JSON escapes to two bytes and to six, letters of one to four bytes, and the separators
/// of keys and breakdowns.
const ALPHABETS: [&str; 8] = ["x", "\u{1}", "\"\\", "\0", "😀", "é\u{301}", "#: *\n", "\u{7f}\u{ffff}\u{10ffff}"];

/// An optional field's text: a beginning of its own, and then some letters many times.
#[derive(Clone, Debug)]
struct Wild {
    alphabet: usize,
    bytes: usize,
}

/// What a world holds beside its crowd.
#[derive(Clone, Debug)]
struct Contents {
    /// The texts that calls have in turn.
    texts: Vec<Wild>,
    /// Records that are no event.
    garbage: Vec<Wild>,
    /// The number that calls have for a latency, as it is written.
    latency: &'static str,
}

/// Few texts are a megabyte, more some kilobytes, most a line.
fn wild() -> impl Strategy<Value = Wild> {
    let bytes = prop_oneof![1 => 500_000..1_000_000_usize, 4 => 1_000..40_000_usize, 20 => 0..300_usize];
    (0..ALPHABETS.len(), bytes).prop_map(|(alphabet, bytes)| Wild { alphabet, bytes })
}

fn contents() -> impl Strategy<Value = Contents> {
    let texts = prop::collection::vec(wild(), 40..60);
    let latency = prop::sample::select(vec!["3", "-5", "1e308", "1e400", "0.25", "86400001"]);
    (texts, prop::collection::vec(wild(), 1..6), latency).prop_map(|(texts, garbage, latency)| Contents {
        texts,
        garbage,
        latency,
    })
}

impl Wild {
    fn text(&self, beginning: &str, most: usize) -> String {
        let letters = ALPHABETS[self.alphabet];
        format!("{beginning}{}", letters.repeat(self.bytes.min(most) / letters.len()))
    }
}

impl Contents {
    /// The records of some calls: of the crowd, of the busy user, and some whose every text no item could hold.
    fn records(&self) -> Vec<(String, String)> {
        let crowd = (0..CROWD).map(|n| (format!("user{n}@example.com"), n));
        let busy = (0..CROWD).map(|n| (BUSY.to_owned(), CROWD + n));
        let calls = crowd.chain(busy).map(|(user, n)| {
            // Each text in its full length with one call, and shortened in the others.
            let most = if n < self.texts.len() { usize::MAX } else { 300 };
            (
                user.clone(),
                self.call(&user, n, |of| {
                    self.texts[(n + of) % self.texts.len()].text(&format!("{n}"), if of == 0 { most } else { 300 })
                }),
            )
        });
        let full = (0..ALPHABETS.len()).map(|alphabet| {
            let (user, letters) = (format!("full{alphabet}@example.com"), ALPHABETS[alphabet]);
            // Of one of them a text takes, eleven times and escaped, as much as the largest record of a stream has.
            let takes = if alphabet == self.texts[0].alphabet { 900_000 } else { 450_000 };
            let escaped = serde_json::to_string(letters).unwrap().len() - 2;
            let text = Wild { alphabet, bytes: takes * letters.len() / escaped };
            (user.clone(), self.call(&user, 2 * CROWD + alphabet, |_| text.text("", usize::MAX)))
        });
        calls.chain(full).collect()
    }

    /// A call's record; the field of each number has the text of that number.
    fn call(&self, user: &str, n: usize, text: impl Fn(usize) -> String) -> String {
        // Which field has the long text goes round.
        let text = |field: usize| text((n + field) % 10);
        let call = json!({
            "eventType": "API_CALL", "requestId": format!("r-{n}"), "timestamp": format!("{MINUTE}:{:02}Z", n % 60),
            "userEmail": user, "companyName": text(0), "apiKeyId": text(1), "apiKeyName": text(2), "method": text(3),
            "path": text(4), "stage": text(5), "sourceIp": text(6), "userAgent": text(7), "error": text(8),
            "apiKeyPrefix": text(9), "unknown": { "deep": [text(0)] }, "latencyMs": "LATENCY",
        });
        call.to_string().replace("\"LATENCY\"", self.latency)
    }
}

/// The system's parts on one database.
struct World {
    store: Store,
    bucket: Bucket,
    processor: Processor,
    aggregator: Aggregator,
    api: AnalyticsApi,
}

impl World {
    async fn new() -> Self {
        let (store, bucket) = (Store::new().await, Bucket::start().await);
        let env = Environment::default();
        let table = |name| Table::new(store.client(), name);
        let (analytics, usage) = (table(name::analytics_table(&env)), table(name::usage_table(&env)));
        let credentials = Credentials::new("test", "test", None, None, "test");
        let large = LargeRecords::new(Some(&bucket.endpoint_url), "ap-south-1", credentials, "failed".into());
        Self {
            processor: Processor::new(Blocks::new(analytics.clone()), Watermark::new(analytics.clone()), large),
            aggregator: Aggregator::new(
                analytics.clone(),
                usage.clone(),
                Metrics::new(unreachable_cloudwatch(), "test"),
            ),
            api: AnalyticsApi::new(analytics, usage, table(name::keys_table(&env))),
            store,
            bucket,
        }
    }

    /// Delivers records in batches, each of them twice but the last, whose records are the largest.
    async fn deliver(&self, records: &[Vec<u8>]) -> Result<(), String> {
        let arrived = at(&format!("{MINUTE}:59Z"));
        for (n, batch) in records.chunks(BATCH).enumerate() {
            let record = |(place, data): (usize, &Vec<u8>)| {
                json!({"eventID": "shardId-000000000000:1", "kinesis": {
                    "data": STANDARD.encode(data), "sequenceNumber": (n * BATCH + place).to_string(),
                    "approximateArrivalTimestamp": arrived.as_second(),
                }})
            };
            let records: Vec<Value> = batch.iter().enumerate().map(record).collect();
            let batch: StreamEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
            for _ in 0..if batch.records.len() < BATCH { 1 } else { 2 } {
                self.processor.process(&batch, || arrived).await.map_err(|error| format!("a batch failed: {error}"))?;
            }
        }
        Ok(())
    }

    async fn roll_up(&self, now: &str) -> Result<(), String> {
        let reached =
            self.aggregator.run(RunUntil::Settled, || at(now)).await.map_err(|error| format!("{now}: {error}"))?;
        if reached.done && reached.watermark >= Minute::of(at(now)).plus(-2) {
            Ok(())
        } else {
            Err(format!("{now}: {reached:?}"))
        }
    }

    async fn ask(&self, who: &str, route: &str, parameters: &[(&str, &str)], now: &str) -> Result<Value, String> {
        let one: Value = parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let several: Value = parameters.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        let groups = if who == "admin@example.com" { "admin" } else { "" };
        let claims = json!({"email": who, "email_verified": "true", "token_use": "id", "cognito:groups": groups});
        let path = format!("/v1/analytics/{route}");
        let request = serde_json::from_value(json!({
            "resource": path, "path": path, "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
            "queryStringParameters": one, "multiValueQueryStringParameters": several,
            "requestContext": {"requestId": "r-1", "httpMethod": "GET", "authorizer": {"claims": claims}},
        }));
        let answer = self.api.answer(&request.unwrap(), at(now)).await;
        let Some(Body::Text(body)) = answer.body else { return Err(format!("{route} has no body")) };
        if answer.status_code == 200 {
            Ok(serde_json::from_str(&body).unwrap())
        } else {
            Err(format!("{now} {route}: {body}"))
        }
    }

    /// Compares everything that counts with what was called.
    async fn compare(&self, calls: &BTreeMap<String, u64>, now: &str) -> Result<(), String> {
        let all: u64 = calls.values().sum();
        for (granularity, duration) in [("minute", "2h"), ("hour", "4h"), ("day", "3d")] {
            let range = [("granularity", granularity), ("duration", duration)];
            let total = sum(&self.ask("admin@example.com", "timeseries", &range, now).await?["timeSeries"], "apiCalls");
            equal(&format!("{now} calls by {granularity}"), total, all)?;
        }
        let full = calls.keys().map(String::as_str).filter(|user| user.starts_with("full"));
        for user in [BUSY, "user0@example.com", "user7@example.com"].into_iter().chain(full) {
            let stats = self.ask(user, "user-stats", &[], now).await?;
            let wanted = calls[user];
            equal(&format!("{now} {user} in all"), stats["allTime"]["apiCalls"].as_u64().unwrap(), wanted)?;
            for part in ["byKey", "byPath", "byDay"] {
                equal(&format!("{now} {user} {part}"), sum(&stats[part], "apiCalls"), wanted)?;
            }
            let series = self.ask(user, "timeseries", &[("granularity", "hour"), ("duration", "4h")], now).await?;
            equal(&format!("{now} {user} by hour"), sum(&series["timeSeries"], "apiCalls"), wanted)?;
        }
        Ok(())
    }
}

async fn play(contents: &Contents) -> Result<(), String> {
    let world = World::new().await;
    let (mut calls, mut records) = (BTreeMap::new(), Vec::new());
    for (user, record) in contents.records() {
        *calls.entry(user).or_default() += 1;
        records.push(record.into_bytes());
    }
    let garbage =
        contents.garbage.iter().enumerate().map(|(n, wild)| wild.text(&format!("{n}{{"), usize::MAX).into_bytes());
    records.extend(garbage);
    world.roll_up(&format!("{MINUTE}:00Z")).await?;
    world.deliver(&records).await?;
    world.compare(&calls, &format!("{MINUTE}:59Z")).await?;
    for now in ["2026-11-24T23:17:30Z", "2026-11-25T00:00:30Z", "2026-11-25T00:02:30Z"] {
        world.roll_up(now).await?;
        world.compare(&calls, now).await?;
    }
    world.is_kept(contents).await
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn sum(rows: &Value, field: &str) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row[field].as_u64().unwrap()).sum()
}

fn equal(what: &str, found: u64, wanted: u64) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found}, not {wanted}")) }
}

impl World {
    /// Whatever cannot be counted is under `ERRORS`, and whole.
    async fn is_kept(&self, contents: &Contents) -> Result<(), String> {
        let env = Environment::default();
        let errors = Blocks::new(Table::new(self.store.client(), name::analytics_table(&env)));
        let minute = MINUTE.parse().unwrap();
        let kept = errors.failures(minute, minute).await.map_err(|error| error.to_string())?;
        equal("failed records", kept.values().sum(), contents.garbage.len() as u64)?;
        let large = contents
            .garbage
            .iter()
            .enumerate()
            .filter(|(n, wild)| wild.text(&format!("{n}{{"), usize::MAX).len() > 301_056);
        equal("large ones", self.bucket.objects().len() as u64, large.count() as u64)
    }
}

#[test]
fn whatever_records_hold_every_valid_call_counts_and_nothing_stops() {
    let config = Config { cases: WORLDS, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let played = TestRunner::new(config).run(&contents(), |contents| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(&contents)).map_err(TestCaseError::fail)
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
}
