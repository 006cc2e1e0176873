//! The stream's client against a Kinesis of a few lines, which answers what a test has laid ready.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const TAKEN: (u16, &str) = (200, r#"{"SequenceNumber":"1","ShardId":"shardId-000000000000"}"#);
const THROTTLED: (u16, &str) = (400, r#"{"__type":"ProvisionedThroughputExceededException","message":"slow down"}"#);
/// An answer that never comes.
const SILENCE: (u16, &str) = (0, "");

/// The requests so far, and the answers to come; the last one repeats.
#[derive(Clone, Default)]
struct Kinesis(Arc<Mutex<(Requests, Answers)>>);

type Requests = Vec<(String, Value)>;
type Answers = VecDeque<(u16, &'static str)>;

impl Kinesis {
    async fn start(answers: impl IntoIterator<Item = (u16, &'static str)>) -> (Self, Stream) {
        let kinesis = Self::default();
        kinesis.0.lock().unwrap().1.extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = kinesis.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(connection));
            }
        });
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-south-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
            .endpoint_url(url)
            .build();
        (kinesis, Stream::new(&config, "complical-usage-stream-test"))
    }

    async fn serve(self, connection: TcpStream) {
        let mut connection = BufReader::new(connection);
        while let Some(request) = read(&mut connection).await {
            let (status, body) = {
                let mut held = self.0.lock().unwrap();
                held.0.push(request);
                if held.1.len() > 1 { held.1.pop_front() } else { held.1.front().copied() }.unwrap()
            };
            if (status, body) == SILENCE {
                return std::future::pending().await;
            }
            let head = "content-type: application/x-amz-json-1.1\r\n";
            let answer = format!("HTTP/1.1 {status} X\r\n{head}content-length: {}\r\n\r\n{body}", body.len());
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    fn requests(&self) -> Vec<(String, Value)> {
        self.0.lock().unwrap().0.clone()
    }
}

/// The operation and the body of the next request.
async fn read(connection: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => operation = value.into(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            None if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    Some((operation, serde_json::from_slice(&body).unwrap()))
}

fn records(n: usize) -> Vec<Record> {
    (0..n).map(|n| Record::new("a@example.com", n.to_string().into_bytes())).collect()
}

#[tokio::test]
async fn one_record_is_one_request_of_its_own_kind() {
    let (kinesis, stream) = Kinesis::start([TAKEN]).await;
    stream.put(records(1)).await.unwrap();
    let expected =
        json!({ "Data": "MA==", "PartitionKey": "a@example.com", "StreamName": "complical-usage-stream-test" });
    assert_eq!(kinesis.requests(), [("Kinesis_20131202.PutRecord".into(), expected)]);
}

#[tokio::test]
async fn several_records_go_together_and_one_that_is_not_taken_is_an_error() {
    let taken = r#"{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"s"},{"SequenceNumber":"2","ShardId":"s"}]}"#;
    let part =
        r#"{"FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"s"},{"ErrorCode":"InternalFailure"}]}"#;
    let (kinesis, stream) = Kinesis::start([(200, taken), (200, part)]).await;
    stream.put(records(2)).await.unwrap();
    assert_eq!(stream.put(records(2)).await.unwrap_err().to_string(), "InternalFailure");
    assert_eq!(kinesis.requests().len(), 2);
}

#[tokio::test]
async fn a_throttled_record_is_offered_once_more() {
    let (kinesis, stream) = Kinesis::start([THROTTLED, TAKEN]).await;
    stream.put(records(1)).await.unwrap();
    assert_eq!(kinesis.requests().len(), 2);
    let (kinesis, stream) = Kinesis::start([THROTTLED]).await;
    assert!(stream.put(records(1)).await.unwrap_err().to_string().contains("ProvisionedThroughputExceeded"));
    assert_eq!(kinesis.requests().len(), ATTEMPTS as usize);
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_given_up() {
    let (kinesis, stream) = Kinesis::start([SILENCE]).await;
    let begun = Instant::now();
    assert!(stream.put(records(1)).await.is_err());
    assert!(begun.elapsed() >= ATTEMPT * ATTEMPTS);
    assert_eq!(kinesis.requests().len(), ATTEMPTS as usize);
}

#[test]
fn a_partition_key_is_never_longer_than_kinesis_takes() {
    let email = format!("{}@example.com", "é".repeat(300));
    assert_eq!(Record::new(&email, Vec::new()).partition_key.chars().count(), MAX_PARTITION_KEY_CHARS);
    assert_eq!(Record::new("a@example.com", Vec::new()).partition_key, "a@example.com");
}
