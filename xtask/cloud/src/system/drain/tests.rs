use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use xtask::Printer;

use super::*;
use crate::console::reporter::Reporter;
use last_record::KEYS;
use runtime_fixture::fake::{self, Answer};

const SHORT: Duration = Duration::from_millis(300);

/// An account whose stream has one shard with one record, which no event is. What the table and the stream say beyond
/// that is the test's.
async fn account(
    records: impl Fn() -> Value + Send + Sync + 'static,
    under_errors: impl Fn() -> Value + Send + Sync + 'static,
) -> Connection {
    Connection::to_fake(&fake::start(move |operation, _| {
        let answer = match operation {
            "ListShards" => json!({"Shards": [{"ShardId": "shardId-0", "HashKeyRange": {"StartingHashKey": "0",
                "EndingHashKey": "1"}, "SequenceNumberRange": {"StartingSequenceNumber": "1"}}]}),
            "GetShardIterator" => json!({"ShardIterator": "here"}),
            "GetRecords" => records(),
            "GetItem" => under_errors(),
            // The authorizer changed long ago, so no call is under way.
            _ => json!({"LastModified": "2026-01-01T00:00:00.000+0000"}),
        };
        Answer(200, answer.to_string())
    }))
}

fn one_record(behind_ms: u64) -> Value {
    let arrived = Timestamp::now().as_second() - 90;
    json!({"MillisBehindLatest": behind_ms, "NextShardIterator": "next", "Records": [{"Data": "e30=",
        "PartitionKey": "a@b.au", "SequenceNumber": "7", "ApproximateArrivalTimestamp": arrived}]})
}

async fn drained(connection: &Connection) -> Drained {
    drain(connection, &Environment::default(), SHORT, &Reporter::full(&Printer, None)).await.unwrap()
}

#[tokio::test]
async fn a_record_that_is_nowhere_is_left() {
    let connection = account(|| one_record(0), || json!({})).await;
    let Drained::Not(left) = drained(&connection).await else { panic!("it was not counted") };
    assert!(left.starts_with("at least 1 records are not counted (1 on shardId-0, which is 9"), "{left}");
}

#[tokio::test]
async fn a_record_that_comes_under_errors_after_a_while_is_waited_for() {
    let looks = AtomicUsize::new(0);
    let found = move || match looks.fetch_add(1, Ordering::Relaxed) {
        0 => json!({}),
        _ => json!({"Item": {"PK": {"S": "ERRORS"}}}),
    };
    let connection = account(|| one_record(0), found).await;
    assert_eq!(drained(&connection).await, Drained::Fully);
}

#[tokio::test]
async fn a_stream_whose_end_is_never_reached_is_not_drained() {
    let connection = account(|| one_record(1_000), || json!({"Item": {"PK": {"S": "ERRORS"}}})).await;
    let Drained::Not(left) = drained(&connection).await else { panic!("its end was never seen") };
    assert_eq!(left, "it could not be read to its end within 0 s");
}

/// An account with one shard of these records, each with a sequence number, a partition key and the seconds since it
/// arrived; they are given in pages from where the iterator says. Whether a record is under `ERRORS` is the test's.
async fn shard_of(
    records: Vec<(u64, String, i64)>,
    is_failed: impl Fn(u64) -> bool + Send + Sync + 'static,
) -> Connection {
    const PAGE: usize = KEYS + 100;
    Connection::to_fake(&fake::start(move |operation, body| {
        let asked: Value = serde_json::from_str(body).unwrap_or_default();
        let answer = match operation {
            "ListShards" => json!({"Shards": [{"ShardId": "shardId-0", "HashKeyRange": {"StartingHashKey": "0",
                "EndingHashKey": "1"}, "SequenceNumberRange": {"StartingSequenceNumber": "1"}}]}),
            "GetShardIterator" => {
                let first = match asked["StartingSequenceNumber"].as_str() {
                    Some(sequence) => sequence.parse::<u64>().unwrap() + 1,
                    None => {
                        let from = asked["Timestamp"].as_f64().unwrap() as i64;
                        let now = Timestamp::now().as_second();
                        records.iter().find(|record| now - record.2 >= from).map_or(u64::MAX, |record| record.0)
                    }
                };
                json!({"ShardIterator": first.to_string()})
            }
            "GetRecords" => {
                let first: u64 = asked["ShardIterator"].as_str().unwrap().parse().unwrap();
                let now = Timestamp::now().as_second();
                let rest: Vec<_> = records.iter().filter(|record| record.0 >= first).collect();
                let page: Vec<Value> = rest
                    .iter()
                    .take(PAGE)
                    .map(|(sequence, key, age)| {
                        json!({"Data": "e30=", "PartitionKey": key, "SequenceNumber": sequence.to_string(),
                        "ApproximateArrivalTimestamp": now - age})
                    })
                    .collect();
                let next = first + page.len() as u64;
                let behind = rest.len().saturating_sub(PAGE);
                json!({"Records": page, "MillisBehindLatest": behind, "NextShardIterator": next.to_string()})
            }
            "GetItem" => {
                let sort = asked["Key"]["SK"]["S"].as_str().unwrap_or_default();
                let sequence = sort.rsplit('#').next().unwrap_or_default().parse().unwrap();
                if is_failed(sequence) { json!({"Item": {"PK": {"S": "ERRORS"}}}) } else { json!({}) }
            }
            // The authorizer changed a minute ago, so only what is read from before that shows the older records.
            _ => {
                let changed = Timestamp::now() - SignedDuration::from_secs(60);
                json!({"LastModified": changed.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()})
            }
        };
        Answer(200, answer.to_string())
    }))
}

#[tokio::test]
async fn a_fresh_record_does_not_hide_an_older_one_of_another_lane() {
    let connection = shard_of(vec![(1, "slow".into(), 100_000), (2, "quick".into(), 60)], |sequence| sequence == 2);
    let Drained::Not(left) = drained(&connection.await).await else { panic!("the first was not counted") };
    assert!(left.starts_with("at least 1 records are not counted (1 on shardId-0, which is 1000"), "{left}");
}

#[tokio::test]
async fn of_a_key_the_last_record_stands_for_those_before_it() {
    let connection = shard_of(vec![(1, "one".into(), 100_000), (2, "one".into(), 60)], |sequence| sequence == 2);
    assert_eq!(drained(&connection.await).await, Drained::Fully);
}

#[tokio::test]
async fn the_records_of_more_keys_than_are_kept_are_each_looked_for() {
    let n_records = 2 * KEYS as u64 + 500;
    let records: Vec<_> = (1..=n_records).map(|sequence| (sequence, sequence.to_string(), 60)).collect();
    let looks: Vec<_> = (0..=n_records).map(|_| AtomicUsize::new(0)).collect();
    let looks = Arc::new(looks);
    let seen = Arc::clone(&looks);
    // None is counted when it is first looked for, so the shard cannot be read in one go.
    let is_failed = move |sequence: u64| seen[sequence as usize].fetch_add(1, Ordering::Relaxed) > 0;
    let connection = shard_of(records, is_failed).await;
    let done = drain(&connection, &Environment::default(), Duration::from_secs(60), &Reporter::full(&Printer, None))
        .await
        .unwrap();
    assert_eq!(done, Drained::Fully);
    assert!(looks.iter().skip(1).all(|looks| looks.load(Ordering::Relaxed) > 1));
}

#[tokio::test]
async fn a_shard_that_has_given_as_much_as_it_may_is_read_on_after_a_rest() {
    let reads = AtomicUsize::new(0);
    let connection = Connection::to_fake(&fake::start(move |operation, _| match operation {
        "GetShardIterator" => Answer(200, json!({"ShardIterator": "here"}).to_string()),
        _ if reads.fetch_add(1, Ordering::Relaxed) == 0 => {
            Answer(400, json!({"__type": "ProvisionedThroughputExceededException", "message": "slower"}).to_string())
        }
        _ => Answer(200, one_record(0).to_string()),
    }));
    let connection = connection.without_retries();
    let mut sequences = Vec::new();
    let take = |record: aws_sdk_kinesis::types::Record| sequences.push(record.sequence_number().to_owned());
    read_since(&connection, &Environment::default(), "shardId-0", Timestamp::now(), take).await.unwrap();
    assert_eq!(sequences, ["7"]);
}

#[tokio::test]
async fn a_stream_that_is_gone_holds_nothing() {
    let gone = json!({"__type": "ResourceNotFoundException", "message": "Stream not found"}).to_string();
    let connection = Connection::to_fake(&fake::start(move |_, _| Answer(400, gone.clone())));
    assert_eq!(drained(&connection).await, Drained::Fully);
}

#[tokio::test]
async fn an_empty_stream_is_drained() {
    let connection = account(|| json!({"MillisBehindLatest": 0, "Records": []}), || json!({})).await;
    assert_eq!(drained(&connection).await, Drained::Fully);
}

#[test]
fn what_is_left_is_told_by_the_shard_with_how_far_it_is_behind() {
    let tip = |shard: &str, second: i64| Tip {
        shard: shard.to_owned(),
        key: "a@b.au".to_owned(),
        sequence: "1".to_owned(),
        arrived_at: Timestamp::from_second(second).unwrap(),
        data: Vec::new(),
    };
    let waiting = [tip("shard-0", 70), tip("shard-1", 99), tip("shard-0", 60)];
    assert_eq!(
        left(&waiting, Timestamp::from_second(100).unwrap()),
        "at least 3 records are not counted (2 on shard-0, which is 40 s behind; 1 on shard-1, which is 1 s behind)"
    );
}
