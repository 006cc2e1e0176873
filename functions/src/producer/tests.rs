//! The stream's records on their way to Kinesis.

use std::time::Instant;

use aws_sdk_dynamodb::config::Credentials;
use serde_json::json;

use super::*;
use crate::signed_request::fake::{Fake, HANG_UP, SILENCE};

const TAKEN: (u16, &str) = (200, r#"{"SequenceNumber":"1","ShardId":"shardId-000000000000"}"#);
const THROTTLED: (u16, &str) = (400, r#"{"__type":"ProvisionedThroughputExceededException","message":"slow down"}"#);

async fn start(answers: impl IntoIterator<Item = (u16, &'static str)>) -> (Fake, StreamProducer) {
    let (kinesis, url) = Fake::start(answers).await;
    let client = Kinesis::new(Some(&url), "ap-south-1", Credentials::new("test", "test", None, None, "test"));
    (kinesis, StreamProducer::new(client, "complical-usage-stream-test"))
}

fn records(n: usize) -> Vec<Record> {
    (0..n).map(|n| Record::new("a@example.com", n.to_string().into_bytes())).collect()
}

#[tokio::test]
async fn one_record_is_one_request_of_its_own_kind() {
    let (kinesis, stream) = start([TAKEN]).await;
    stream.put(records(1)).await.unwrap();
    let expected =
        json!({ "Data": "MA==", "PartitionKey": "a@example.com", "StreamName": "complical-usage-stream-test" });
    let [request] = &kinesis.requests()[..] else { panic!("{} requests", kinesis.requests().len()) };
    assert_eq!((request.operation(), request.json()), ("Kinesis_20131202.PutRecord", expected));
}

#[tokio::test]
async fn several_records_go_together_and_one_that_is_not_taken_is_an_error() {
    let taken = r#"{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ShardId":"s"}]}"#;
    let part =
        r#"{"FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"s"},{"ErrorCode":"InternalFailure"}]}"#;
    let (kinesis, stream) = start([(200, taken), (200, part)]).await;
    stream.put(records(2)).await.unwrap();
    assert_eq!(stream.put(records(2)).await.unwrap_err().to_string(), "InternalFailure");
    let request = &kinesis.requests()[0];
    let entries = [
        json!({ "Data": "MA==", "PartitionKey": "a@example.com" }),
        json!({ "Data": "MQ==", "PartitionKey": "a@example.com" }),
    ];
    let expected = json!({ "Records": entries, "StreamName": "complical-usage-stream-test" });
    assert_eq!((request.operation(), request.json()), ("Kinesis_20131202.PutRecords", expected));
    assert_eq!(kinesis.requests().len(), 2);
}

#[tokio::test]
async fn a_throttled_record_is_offered_once_more() {
    let (kinesis, stream) = start([THROTTLED, TAKEN]).await;
    stream.put(records(1)).await.unwrap();
    assert_eq!(kinesis.requests().len(), 2);
    let (kinesis, stream) = start([THROTTLED]).await;
    assert!(stream.put(records(1)).await.unwrap_err().to_string().contains("ProvisionedThroughputExceeded"));
    assert_eq!(kinesis.requests().len(), ATTEMPTS as usize);
}

#[tokio::test]
async fn a_connection_that_ended_is_made_again() {
    let (kinesis, stream) = start([HANG_UP, TAKEN]).await;
    stream.put(records(1)).await.unwrap();
    assert_eq!(kinesis.requests().len(), 2);
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_given_up() {
    let (kinesis, stream) = start([SILENCE]).await;
    let begun = Instant::now();
    assert!(stream.put(records(1)).await.is_err());
    assert!(begun.elapsed() >= ATTEMPT * ATTEMPTS);
    assert_eq!(kinesis.requests().len(), ATTEMPTS as usize);
}
