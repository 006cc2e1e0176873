use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::*;
use crate::stand_in::{self, Answer};

const SHORT: Duration = Duration::from_millis(300);

/// An account whose stream has one shard with one record, which no event is. What the table and the stream say beyond
/// that is the test's.
async fn account(
    records: impl Fn() -> Value + Send + Sync + 'static,
    under_errors: impl Fn() -> Value + Send + Sync + 'static,
) -> Connection {
    stand_in::start(move |operation, _| {
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
    })
    .await
}

fn one_record(behind_ms: u64) -> Value {
    let arrived = Timestamp::now().as_second() - 90;
    json!({"MillisBehindLatest": behind_ms, "NextShardIterator": "next", "Records": [{"Data": "e30=",
        "PartitionKey": "a@b.au", "SequenceNumber": "7", "ApproximateArrivalTimestamp": arrived}]})
}

async fn drained(connection: &Connection) -> Drained {
    drain(connection, &Environment::default(), SHORT, &Printer).await.unwrap()
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

#[tokio::test]
async fn a_stream_that_is_gone_holds_nothing() {
    let gone = json!({"__type": "ResourceNotFoundException", "message": "Stream not found"}).to_string();
    let connection = stand_in::start(move |_, _| Answer(400, gone.clone())).await;
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
