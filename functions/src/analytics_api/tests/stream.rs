//! How the stream is, as an administrator's `summary` has it.

use aws_sdk_dynamodb::config::Credentials;
use contract::Function;
use metering::batch::Record;
use metering::figures::{Ages, Figures as Published};

use super::*;
use crate::cloudwatch::CloudWatch;
use crate::kinesis::Kinesis;
use crate::signed_request::fake::{Asked, Fake};

const SUMMARY: &str = Route::Summary.path();
const SET: &str = "2026-12-01T00:08";
const NOW: &str = "2026-12-01T00:10:20Z";
const THREE: (u16, &str) = (200, r#"{"StreamDescriptionSummary":{"OpenShardCount":3}}"#);
const REFUSED: (u16, &str) = (400, r#"{"__type":"LimitExceededException"}"#);
/// Read units of an answer at most.
const MOST_UNITS: f64 = 300.0;

impl World {
    /// The same, with a stream that answers so, and a CloudWatch that does not say how it is.
    async fn beside(self, answers: impl IntoIterator<Item = (u16, &'static str)>) -> (Self, Fake) {
        let (world, fake, _) = self.between(answers, REFUSED).await;
        (world, fake)
    }

    /// The same, with a stream and a CloudWatch that answer so.
    async fn between(
        mut self,
        stream: impl IntoIterator<Item = (u16, &'static str)>,
        cloudwatch: (u16, &'static str),
    ) -> (Self, Fake, Fake) {
        let ((stream, stream_url), (metrics, metrics_url)) =
            (Fake::start(stream).await, Fake::start([cloudwatch]).await);
        let credentials = || Credentials::new("id", "secret", None, None, "test");
        let kinesis = Kinesis::new(Some(&stream_url), "ap-south-1", credentials());
        let cloudwatch = CloudWatch::new(Some(&metrics_url), "ap-south-1", credentials());
        self.api = self.api.with_stream(kinesis, cloudwatch, "usage".into(), &"test".parse().unwrap());
        (self, stream, metrics)
    }

    /// Keeps records that could not be counted, each of so many bytes.
    async fn fail(&self, records: usize, bytes: usize, arrived_at: &str) {
        let (data, arrived_at) = (vec![b'x'; bytes], arrived_at.parse().unwrap());
        let names: Vec<_> = (0..records).map(|n| format!("{arrived_at}-{n}")).collect();
        let record = |sequence| Record { data: &data, arrived_at, shard_id: "shardId-0", sequence_number: sequence };
        let batch = Batch::of(names.iter().map(|name| record(name)));
        assert_eq!(batch.failed.len(), records);
        self.blocks().commit(&batch, || NOW.parse().unwrap()).await.unwrap();
    }

    /// Publishes how late the events of a minute were counted.
    async fn publish(&self, minute: &str, lag_ms: u64) {
        let figures = Published::default().aged(&Ages::from([(lag_ms, 1)]), &Published::default());
        assert!(self.api.windows.claim(minute.parse().unwrap(), None, &figures).await.unwrap());
    }

    async fn stream(&self, now: &str) -> Value {
        self.ok(Who::Admin, SUMMARY, &[], now).await["stream"].clone()
    }
}

#[tokio::test]
async fn an_administrator_is_told_how_the_stream_is_and_nobody_else() {
    let (world, _fake) = World::new(Vec::new(), SET).await.beside([THREE]).await;
    for (minute, lag_ms) in [("00:03", 9_000), ("00:04", 120), ("00:08", 310), ("00:09", 7_000)] {
        world.publish(&format!("2026-12-01T{minute}"), lag_ms).await;
    }
    world.fail(2, 10, "2026-11-30T00:10:21Z").await;
    world.fail(4, 10, "2026-11-30T00:10:19Z").await;
    let told = json!({ "openShards": 3, "failedRecords": 2, "moreFailed": false, "lagMs": 310, "waitingMs": null });
    assert_eq!(world.stream(NOW).await, told);
    world.set_quota("c@example.com", 5).await;
    for (who, parameters) in [(Who::User("c@example.com"), &[][..]), (Who::Admin, &[("email", "c@example.com")])] {
        assert_eq!(world.ok(who, SUMMARY, parameters, NOW).await.get("stream"), None, "{who:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_there_or_does_not_answer_costs_its_figure_alone() {
    let nothing =
        json!({ "openShards": null, "failedRecords": 0, "moreFailed": false, "lagMs": null, "waitingMs": null });
    let world = World::new(Vec::new(), SET).await;
    assert_eq!(world.stream(NOW).await, nothing);
    for answer in [REFUSED, (200, "{}"), (200, "?")] {
        let (world, _fake) = World::new(Vec::new(), SET).await.beside([answer]).await;
        assert_eq!(world.stream(NOW).await, nothing, "{answer:?}");
    }
}

#[tokio::test]
async fn a_stream_is_asked_at_most_once_in_ten_seconds() {
    let (world, fake) = World::new(Vec::new(), SET).await.beside([REFUSED, THREE]).await;
    let shards = async |second: u8| world.stream(&format!("2026-12-01T00:10:{second}Z")).await["openShards"].clone();
    assert_eq!([shards(20).await, shards(29).await], [json!(null), json!(null)]);
    assert_eq!(fake.requests().len(), 1);
    assert_eq!([shards(30).await, shards(39).await], [json!(3), json!(3)]);
    let [_, asked] = fake.requests().try_into().unwrap_or_else(|_| panic!("asked twice"));
    assert_eq!(
        (asked.operation(), asked.json()),
        ("Kinesis_20131202.DescribeStreamSummary", json!({ "StreamName": "usage" }))
    );
}

/// A minute of which CloudWatch has how old the records were that were taken, and how many were put.
#[tokio::test]
async fn a_processor_that_stands_still_is_seen_though_nothing_is_counted() {
    for (points, waits) in [
        (r#"{"Datapoints":[{"Timestamp":1796083680.0,"Maximum":125000.0,"Sum":3.0}]}"#, json!(125_000)),
        (r#"{"Datapoints":[{"Timestamp":1796083500.0,"Sum":3.0}]}"#, json!(260_000)),
        (r#"{"Datapoints":[]}"#, json!(null)),
        (r#"{"Datapoints":[{"Timestamp":"?"}]}"#, json!(null)),
    ] {
        let (world, _, metrics) = World::new(Vec::new(), SET).await.between([THREE], (200, points)).await;
        let told = world.stream(NOW).await;
        assert_eq!((&told["lagMs"], &told["waitingMs"], &told["openShards"]), (&json!(null), &waits, &json!(3)));
        assert_eq!(world.stream("2026-12-01T00:10:49Z").await["waitingMs"], waits);
        let mut asked: Vec<_> = metrics.requests().iter().map(asked_of).collect();
        asked.sort();
        let of = |metric, name, value, statistic| [metric, name, value, statistic].map(str::to_owned);
        assert_eq!(
            asked,
            [
                of("AWS/Kinesis IncomingRecords", "StreamName", "usage", "Sum"),
                of(
                    "AWS/Lambda IteratorAge",
                    "FunctionName",
                    &Function::StreamProcessor.physical_name(&"test".parse().unwrap()),
                    "Maximum"
                ),
            ]
        );
    }
}

/// Which metric was asked for, of what, and what of it.
fn asked_of(asked: &Asked) -> [String; 4] {
    assert_eq!(asked.operation(), "GraniteServiceVersion20100801.GetMetricStatistics");
    let body = asked.json();
    let end = Timestamp::from_second(body["EndTime"].as_i64().unwrap()).unwrap();
    assert_eq!((end.to_string().as_str(), &body["Period"]), ("2026-12-01T00:10:00Z", &json!(60)));
    let text = |pointer: &str| body.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let metric = format!("{} {}", text("/Namespace"), text("/MetricName"));
    [metric, text("/Dimensions/0/Name"), text("/Dimensions/0/Value"), text("/Statistics/0")]
}

#[tokio::test]
async fn very_many_failed_records_are_counted_as_far_as_one_request_goes() {
    let world = World::new(Vec::new(), SET).await;
    world.fail(300, 9_000, "2026-12-01T00:05:00Z").await;
    world.store.spent();
    let told = world.stream(NOW).await;
    let units = world.store.spent().read_units;
    let failed = told["failedRecords"].as_u64().unwrap();
    assert!((50..150).contains(&failed) && told["moreFailed"] == true, "{told}");
    assert!(units <= MOST_UNITS, "{units} read units");
}
