//! The scaler against a Kinesis and a CloudWatch of a few lines, which speak their protocols, and a real DynamoDB.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use dynamodb_fixture::Store;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::super::decision::Bounds;
use super::super::{Report, Scaler};
use crate::metrics::Metrics;
use store::table::Table;

/// What the two services hold and were asked for.
#[derive(Default)]
struct Aws {
    shards: u64,
    status: &'static str,
    mode: &'static str,
    /// The error that a change of the shards is answered with.
    refusal: Option<&'static str>,
    /// Data points of a metric: second and sum.
    points: BTreeMap<&'static str, Vec<(i64, f64)>>,
    asked: Vec<u64>,
    published: Vec<Vec<u8>>,
}

struct World {
    aws: Arc<Mutex<Aws>>,
    scaler: Scaler,
    now: Timestamp,
}

impl World {
    async fn new(shards: u64) -> Self {
        let aws = Aws { shards, status: "ACTIVE", mode: "PROVISIONED", ..Aws::default() };
        let aws = Arc::new(Mutex::new(aws));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let serving = Arc::clone(&aws);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&serving)));
            }
        });
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-south-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
            .endpoint_url(endpoint)
            .http_client(crate::https::client())
            .build();
        let cloudwatch = aws_sdk_cloudwatch::Client::new(&config);
        let environment = contract::Environment::default();
        let scaler = Scaler {
            kinesis: aws_sdk_kinesis::Client::new(&config),
            cloudwatch: cloudwatch.clone(),
            stream: contract::name::stream(&environment),
            analytics: Table::new(Store::new().await.client(), contract::name::analytics_table(&environment)),
            metrics: Metrics::new(cloudwatch, environment.as_str()),
            bounds: Bounds { min: 2, max: 10 },
        };
        Self { aws, scaler, now: "2026-11-24T10:00:20Z".parse().unwrap() }
    }

    fn aws(&self) -> MutexGuard<'_, Aws> {
        self.aws.lock().unwrap()
    }

    /// Lets minutes pass in which so many records a second are put.
    fn pass(&mut self, minutes: i64, records: f64) {
        self.pass_with("IncomingRecords", minutes, records * 60.0);
    }

    /// Lets minutes pass of which CloudWatch has one metric only.
    fn pass_with(&mut self, metric: &'static str, minutes: i64, sum: f64) {
        for _ in 0..minutes {
            let second = self.now.as_second().div_euclid(60) * 60;
            self.aws().points.entry(metric).or_default().push((second, sum));
            self.now += SignedDuration::from_mins(1);
        }
    }

    async fn run(&self) -> Report {
        self.scaler.run(self.now).await.unwrap()
    }
}

async fn serve(connection: TcpStream, aws: Arc<Mutex<Aws>>) {
    let mut connection = BufReader::new(connection);
    while let Some((operation, body)) = read(&mut connection).await {
        let (status, kind, answer) = answer(&operation, &body, &mut aws.lock().unwrap());
        let head = format!("content-type: application/{kind}\r\nsmithy-protocol: rpc-v2-cbor\r\n");
        let head = format!("HTTP/1.1 {status} X\r\n{head}content-length: {}\r\n\r\n", answer.len());
        connection.write_all(&[head.as_bytes(), &answer].concat()).await.unwrap();
    }
}

/// The operation and the body of the next request.
async fn read(connection: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim();
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("x-amz-target") => {
                operation = value.rsplit('.').next().unwrap().to_owned();
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
            None if line.is_empty() => break,
            _ => {
                // `POST /service/…/operation/GetMetricStatistics HTTP/1.1`
                if let Some((_, rest)) = line.split_once("/operation/") {
                    operation = rest.split(' ').next().unwrap().to_owned();
                }
            }
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    Some((operation, body))
}

fn answer(operation: &str, body: &[u8], aws: &mut Aws) -> (u16, &'static str, Vec<u8>) {
    let json = |status, value: Value| (status, "x-amz-json-1.1", value.to_string().into_bytes());
    match operation {
        "DescribeStreamSummary" => json(
            200,
            json!({"StreamDescriptionSummary": {
                "StreamName": "s", "StreamARN": "arn:aws:kinesis:ap-south-1:000000000000:stream/s",
                "StreamStatus": aws.status, "StreamModeDetails": {"StreamMode": aws.mode}, "RetentionPeriodHours": 168,
                "OpenShardCount": aws.shards, "StreamCreationTimestamp": 1_700_000_000.0, "EnhancedMonitoring": []}}),
        ),
        "UpdateShardCount" => {
            let request: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(request["ScalingType"], "UNIFORM_SCALING");
            let target = request["TargetShardCount"].as_u64().unwrap();
            aws.asked.push(target);
            if let Some(code) = aws.refusal {
                return json(400, json!({"__type": code, "message": "no"}));
            }
            aws.shards = target;
            json(200, json!({}))
        }
        "GetMetricStatistics" => {
            let is_asked = |metric: &str| body.windows(metric.len()).any(|window| window == metric.as_bytes());
            let points = aws.points.iter().find(|(metric, _)| is_asked(metric)).map(|(_, points)| points.as_slice());
            (200, "cbor", cbor(points.unwrap_or_default()))
        }
        "PutMetricData" => {
            aws.published.push(body.to_vec());
            (200, "cbor", vec![0xa0])
        }
        other => panic!("{other} was not expected"),
    }
}

/// `{"Datapoints": [{"Timestamp": 1(second), "Sum": sum}, …]}` in CBOR (RFC 8949).
fn cbor(points: &[(i64, f64)]) -> Vec<u8> {
    let text = |text: &str| [&[0x60 + text.len() as u8], text.as_bytes()].concat();
    let float = |value: f64| [&[0xfb][..], &value.to_be_bytes()].concat();
    let mut bytes = [vec![0xa1], text("Datapoints"), vec![0x9f]].concat();
    for (second, sum) in points {
        bytes.extend(
            [vec![0xa2], text("Timestamp"), vec![0xc1], float(*second as f64), text("Sum"), float(*sum)].concat(),
        );
    }
    bytes.push(0xff);
    bytes
}

#[tokio::test]
async fn a_busy_stream_gets_more_shards_and_then_a_rest() {
    let mut world = World::new(2).await;
    assert_eq!(world.run().await.why, "finds 2 shards, and goes on from there");
    world.pass(10, 1_800.0);
    let report = world.run().await;
    assert_eq!((report.shards, report.to, report.short), (Some(2), Some(4), 0), "{report:?}");
    world.pass(1, 3_600.0);
    let report = world.run().await;
    assert_eq!((report.shards, report.to), (Some(4), None), "{report:?}");
    assert!(report.why.contains("less than 5 minutes old"), "{report:?}");
    assert_eq!(world.aws().asked, [4]);
    assert_eq!(world.aws().published.len(), 3);
}

#[tokio::test]
async fn what_is_refused_during_a_long_change_asks_for_no_other() {
    let mut world = World::new(2).await;
    world.run().await;
    world.pass(10, 2_600.0);
    assert_eq!(world.run().await.to, Some(4));
    world.aws().status = "UPDATING";
    for _ in 0..7 {
        world.pass_with("WriteProvisionedThroughputExceeded", 1, 36_000.0);
        assert_eq!(world.run().await.why, "the stream is changing just now");
    }
    world.aws().status = "ACTIVE";
    for _ in 0..4 {
        world.pass(1, 2_600.0);
        assert_eq!(world.run().await.to, None);
    }
    assert_eq!(world.aws().asked, [4]);
    world.pass_with("WriteProvisionedThroughputExceeded", 1, 36_000.0);
    assert_eq!(world.run().await.to, Some(8));
}

#[tokio::test]
async fn of_two_runs_at_once_one_changes_the_shards() {
    let mut world = World::new(2).await;
    world.run().await;
    world.pass(10, 1_800.0);
    let (one, other) = tokio::join!(world.run(), world.run());
    assert_eq!(world.aws().asked, [4], "{one:?} {other:?}");
}

#[tokio::test]
async fn without_data_points_nothing_is_done_and_that_is_said() {
    let mut world = World::new(4).await;
    world.run().await;
    world.now += SignedDuration::from_hours(2);
    let report = world.run().await;
    assert!(report.why.contains("no data point"), "{report:?}");
    assert_eq!(world.aws().asked, [0; 0]);
}

#[tokio::test]
async fn minutes_in_which_the_processor_reads_and_nobody_writes_are_quiet() {
    let mut world = World::new(4).await;
    world.run().await;
    world.pass_with("GetRecords.Success", 40, 60.0);
    assert_eq!(world.run().await.to, Some(2));
}

#[tokio::test]
async fn a_minute_that_was_only_read_in_is_quiet_from_its_third_minute_on() {
    for (minutes, to) in [(2, Some(4)), (3, None)] {
        let mut world = World::new(2).await;
        world.run().await;
        world.pass(10, 1_800.0);
        world.pass_with("GetRecords.Success", minutes, 60.0);
        let report = world.run().await;
        assert_eq!(report.to, to, "{report:?}");
    }
}

#[tokio::test]
async fn what_kinesis_refuses_is_short_and_is_asked_for_again_after_the_cool_down() {
    let mut world = World::new(2).await;
    world.run().await;
    world.pass(10, 1_800.0);
    world.aws().refusal = Some("LimitExceededException");
    let report = world.run().await;
    assert_eq!((report.to, report.short), (None, 2), "{report:?}");
    assert!(report.why.contains("Kinesis refuses"), "{report:?}");
    world.pass(1, 1_800.0);
    assert_eq!(world.run().await.short, 0);
    world.aws().refusal = None;
    world.pass(5, 1_800.0);
    assert_eq!(world.run().await.to, Some(4));
    assert!(world.aws().asked.iter().all(|shards| *shards == 4));
}

#[tokio::test]
async fn a_stream_that_changes_or_needs_no_shards_is_left_alone() {
    let mut world = World::new(2).await;
    world.run().await;
    world.pass(10, 5_000.0);
    world.aws().status = "UPDATING";
    assert_eq!(world.run().await.why, "the stream is changing just now");
    world.aws().status = "ACTIVE";
    world.aws().mode = "ON_DEMAND";
    assert_eq!(world.run().await.why, "an on-demand stream chooses its shards itself");
    world.aws().mode = "PROVISIONED";
    world.aws().refusal = Some("ResourceInUseException");
    let report = world.run().await;
    assert_eq!((report.to, report.short), (None, 0), "{report:?}");
}

#[tokio::test]
async fn what_somebody_else_has_chosen_is_left_for_a_calm_time() {
    let mut world = World::new(2).await;
    world.run().await;
    world.pass(40, 100.0);
    assert_eq!(world.run().await.to, None);
    world.aws().shards = 8;
    assert_eq!(world.run().await.why, "finds 8 shards, and goes on from there");
    world.pass(29, 100.0);
    assert_eq!(world.run().await.to, None);
    world.pass(3, 100.0);
    assert_eq!(world.run().await.to, Some(4));
}
