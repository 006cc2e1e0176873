//! The records of one environment on AWS, and what is made of them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloud::Connection;
use contract::{Environment, Toggle};
use metering::block::Block;
use metering::event::Event;
use metering::subject::Bucket;
use metering::window::iso_millis;
use xtask::workspace;

use super::*;
use crate::verify::Outcome;
use runtime_fixture::fake::{self, Answer};

fn reconciliation(gateway: Option<u64>, stream: Option<u64>, lost: &[&str]) -> Reconciliation {
    let row = |n: i64, lost: Vec<String>| Row {
        minute: "2026-11-24T10:15".parse::<Minute>().unwrap().plus(n),
        gateway,
        stream,
        counted: 3,
        journal: 0,
        lost,
        doubled: Vec::new(),
        unknown: Vec::new(),
        window: None,
    };
    let rows = vec![row(0, Vec::new()), row(1, lost.iter().map(|id| (*id).to_owned()).collect())];
    let there = |record: Option<u64>| record.map(|_| ()).ok_or("there is none");
    Reconciliation { rows, unreadable: Vec::new(), gateway: there(gateway), stream: there(stream) }
}

#[test]
fn each_minute_that_differs_is_a_failed_check_and_all_of_them_are_another() {
    let checks = reconciliation(Some(4), Some(4), &["r-1"]).checks();
    let lines: Vec<String> = checks.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "FAILED  calls of 2026-11-24T10:16: 4 at the gateway, 4 on the stream, 3 counted; 1 not counted: r-1",
            "FAILED  every call counted once: 2026-11-24T10:15 to 2026-11-24T10:16: 8 at the gateway, \
             8 on the stream, 6 counted; 1 minutes differ"
        ]
    );
}

#[test]
fn a_record_that_there_is_not_is_said_to_be_skipped_and_without_any_nothing_passes() {
    let checks = reconciliation(None, Some(3), &[]).checks();
    assert!(matches!(checks[0].outcome, Outcome::Skipped(_)) && matches!(checks[1].outcome, Outcome::Passed(_)));
    let checks = reconciliation(None, None, &[]).checks();
    assert!(checks.iter().all(|check| matches!(check.outcome, Outcome::Skipped(_))));
    assert_eq!(reconciliation(None, Some(3), &[]).to_json()["gateway"], Value::Null);
}

/// What AWS holds of one environment, behind one endpoint.
#[derive(Clone, Default)]
struct Aws {
    /// Lines of the access log: id, second of the hour, quota.
    log: Vec<(&'static str, i64, &'static str)>,
    stream: Vec<Event>,
    counted: Vec<Event>,
    /// Entries of the journal that are in no block yet, and are found by themselves.
    journal: Vec<Event>,
    /// The same, found by the gates that let them pass.
    behind_gates: Vec<Event>,
}

/// The id of a call whose line of the log is no JSON.
const BROKEN: &str = "broken";

/// Up to where the test looks: 10:00 to 10:14 are settled.
const NOW: &str = "2026-11-24T10:20:30Z";

fn at(second: i64) -> Timestamp {
    "2026-11-24T10:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

fn call(id: &str, second: i64) -> Event {
    let event = json!({"eventType": "API_CALL", "requestId": id, "timestamp": at(second).to_string(),
                       "userEmail": format!("{id}@example.com")});
    Event::parse(event.to_string().as_bytes(), at(second)).unwrap()
}

impl Aws {
    async fn reconcile(&self, toggle: Toggle) -> Reconciliation {
        let aws = self.clone();
        let answer = move |operation: &str, body: &str| {
            Answer(200, aws.answer(operation, &serde_json::from_str(body).unwrap()).to_string())
        };
        let connection = Connection::to_fake(&fake::start(answer));
        let env = Environment::default();
        let settings = workspace::settings(&env).unwrap();
        let deployment = Deployment { connection: &connection, env: &env, toggle, settings: &settings };
        look(&deployment, 15, NOW.parse().unwrap()).await.unwrap()
    }

    fn answer(&self, operation: &str, request: &Value) -> Value {
        match operation {
            "FilterLogEvents" => self.log_events(request),
            "ListShards" => json!({"Shards": [shard(0), shard(1)]}),
            "GetShardIterator" => json!({"ShardIterator": request["ShardId"]}),
            "GetRecords" => {
                let number = usize::from(request["ShardIterator"] == "shard-1");
                let of_shard = self.stream.iter().skip(number).step_by(2);
                let record = |event: &Event| {
                    json!({"SequenceNumber": "1", "PartitionKey": "p", "Data": STANDARD.encode(event.to_json()),
                           "ApproximateArrivalTimestamp": event.timestamp.as_second() + 1})
                };
                json!({"Records": of_shard.map(record).collect::<Vec<_>>(), "MillisBehindLatest": 0})
            }
            "GetItem" => json!({"Item": {"minute": {"S": "2026-11-24T10:12"}}}),
            "Query" => json!({"Items": self.items(request)}),
            other => panic!("{other} was not expected"),
        }
    }

    /// The lines that were let through, one to a page.
    fn log_events(&self, request: &Value) -> Value {
        assert_eq!(request["logGroupName"], "/complical/complical-api-test/access");
        assert_eq!(request["filterPattern"], "{ $.quota = \"within\" }");
        let asked = request["startTime"].as_i64().unwrap()..request["endTime"].as_i64().unwrap();
        let lines = self
            .log
            .iter()
            .filter(|(_, second, quota)| *quota == "within" && asked.contains(&at(*second).as_millisecond()));
        let lines: Vec<_> = lines.collect();
        let page: usize = request["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
        let events: Vec<Value> = lines
            .get(page)
            .iter()
            .map(|(id, second, quota)| {
                let line = json!({"requestId": id, "time": at(*second).as_millisecond().to_string(), "quota": quota});
                // As a path with a quote in it would have it.
                let line = if *id == BROKEN { format!("{line}\"}}") } else { line.to_string() };
                json!({"eventId": format!("line-{page}"), "message": line})
            })
            .collect();
        let next = (page + 1 < lines.len()).then(|| (page + 1).to_string());
        json!({"events": events, "nextToken": next})
    }

    fn items(&self, request: &Value) -> Vec<Value> {
        let values = &request["ExpressionAttributeValues"];
        if let Some(bucket) = values[":bucket"]["S"].as_str() {
            let of_bucket = |event: &&Event| Bucket::of_event(event).to_string() == bucket;
            let gates = self.behind_gates.iter().filter(of_bucket).map(|event| key(event, "2026-11#GATE".into()));
            return self.journal.iter().filter(of_bucket).map(|event| key(event, sort(event))).chain(gates).collect();
        }
        let partition = values[":pk"]["S"].as_str().or(values[":p"]["S"].as_str()).unwrap();
        if partition.starts_with("USER#") {
            let asked = values[":first"]["S"].as_str().unwrap()..=values[":last"]["S"].as_str().unwrap();
            let kept: BTreeMap<_, _> =
                self.journal.iter().chain(&self.behind_gates).map(|event| (sort(event), event)).collect();
            let found = kept.into_iter().filter(|(sort, event)| user(event) == partition && asked.contains(&&**sort));
            return found.map(|(sort, event)| key(event, sort)).collect();
        }
        let blocks = Block::of(self.counted.clone());
        if partition.starts_with("CALLS#") {
            let of_partition =
                blocks.iter().filter(|block| format!("CALLS#{}#{}", block.minute, block.bucket) == partition);
            let item = |block: &Block| json!({"calls": {"B": STANDARD.encode(&block.body)}, "committedAt": {"N": "0"}});
            return of_partition.map(item).collect();
        }
        if partition == "LATE" {
            return Vec::new();
        }
        assert_eq!(partition, "TOTAL#MINUTE#2026-11-24");
        let mut totals = BTreeMap::<Minute, usize>::new();
        blocks.iter().for_each(|block| *totals.entry(block.minute).or_default() += block.events);
        let item = |(minute, calls)| json!({"SK": {"S": minute}, "total": {"S": json!({"calls": calls}).to_string()}});
        totals.into_iter().map(item).collect()
    }
}

fn user(event: &Event) -> String {
    format!("USER#{}", event.user_email.as_ref().unwrap())
}

fn sort(event: &Event) -> String {
    format!("2026-11#CALL#{}#{}", iso_millis(event.timestamp), event.request_id)
}

fn key(event: &Event, sort: String) -> Value {
    json!({"PK": {"S": user(event)}, "SK": {"S": sort}})
}

fn shard(number: u8) -> Value {
    json!({"ShardId": format!("shard-{number}"), "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
           "SequenceNumberRange": {"StartingSequenceNumber": "1"}})
}

/// Three calls: two on the stream, the second at the edge of a minute, and one that only the journal took; beside them
/// one over the quota and one with a bad key.
fn three_calls() -> Aws {
    Aws {
        log: vec![
            ("a", 10, "within"),
            ("b", 119, "within"),
            ("c", 300, "within"),
            ("d", 301, "exceeded"),
            ("e", 302, "-"),
        ],
        stream: vec![call("a", 10), call("b", 120)],
        counted: vec![call("a", 10), call("b", 120)],
        journal: vec![call("c", 300)],
        behind_gates: Vec::new(),
    }
}

#[tokio::test]
async fn what_aws_holds_agrees_call_by_call() {
    let reconciliation = three_calls().reconcile(Toggle::On).await;
    let lines: Vec<String> = reconciliation.checks().iter().map(ToString::to_string).collect();
    let expected = "ok      every call counted once: 2026-11-24T10:00 to 2026-11-24T10:14: 3 at the gateway, \
                    2 on the stream, 1 by the journal, 3 counted";
    assert_eq!(lines, [expected]);
}

#[tokio::test]
async fn a_call_that_the_gateway_let_through_and_nobody_counted_is_found() {
    let mut aws = three_calls();
    aws.counted.remove(1);
    aws.journal.clear();
    let json = aws.reconcile(Toggle::On).await.to_json();
    let found: Vec<_> =
        json["differing"].as_array().unwrap().iter().map(|row| (&row["minute"], &row["lost"])).collect();
    assert_eq!(found, [(&json!("2026-11-24T10:02"), &json!(["b"])), (&json!("2026-11-24T10:05"), &json!(["c"]))]);
    assert_eq!((&json["gateway"], &json["stream"], &json["counted"]), (&json!(3), &json!(2), &json!(1)));
}

#[tokio::test]
async fn in_synchronous_mode_the_journal_is_the_count_and_there_is_no_stream() {
    let mut aws = three_calls();
    aws.behind_gates = std::mem::take(&mut aws.counted);
    // Kept by itself when its transaction gave no answer, although that had kept it too.
    aws.behind_gates.extend(aws.journal.clone());
    let checks = aws.reconcile(Toggle::Off).await.checks();
    let lines: Vec<String> = checks.iter().map(ToString::to_string).collect();
    assert_eq!(lines[0], "skipped calls on the stream: calls are counted synchronously");
    assert!(lines[1].ends_with("3 at the gateway, 3 counted"), "{lines:?}");
}

#[tokio::test]
async fn a_line_of_the_log_that_nobody_can_read_is_named_and_left_out() {
    let mut aws = three_calls();
    aws.log.insert(1, (BROKEN, 70, "within"));
    let reconciliation = aws.reconcile(Toggle::On).await;
    let lines: Vec<String> = reconciliation.checks().iter().map(ToString::to_string).collect();
    assert_eq!(lines[0], "skipped lines of the gateway's log: not JSON and left out: 1 (line-1)");
    assert!(lines[1].starts_with("ok ") && lines[1].contains("3 at the gateway"), "{lines:?}");
    assert_eq!(reconciliation.to_json()["unreadableLines"], 1);
}
