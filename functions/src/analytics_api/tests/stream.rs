//! How the stream is, as an administrator's `summary` has it.

use aws_sdk_dynamodb::config::Credentials;
use metering::batch::Record;
use metering::figures::{Ages, Figures as Published};

use super::*;
use crate::kinesis::Kinesis;
use crate::signed_request::fake::Fake;

const SUMMARY: &str = Route::Summary.path();
const SET: &str = "2026-12-01T00:08";
const NOW: &str = "2026-12-01T00:10:20Z";
const THREE: (u16, &str) = (200, r#"{"StreamDescriptionSummary":{"OpenShardCount":3}}"#);
const REFUSED: (u16, &str) = (400, r#"{"__type":"LimitExceededException"}"#);
/// Read units of an answer at most.
const MOST_UNITS: f64 = 300.0;

impl World {
    /// The same, with a stream that answers so.
    async fn beside(mut self, answers: impl IntoIterator<Item = (u16, &'static str)>) -> (Self, Fake) {
        let (fake, url) = Fake::start(answers).await;
        let kinesis = Kinesis::new(Some(&url), "ap-south-1", Credentials::new("id", "secret", None, None, "test"));
        self.api = self.api.with_stream(kinesis, "usage".into());
        (self, fake)
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
    let told = json!({ "openShards": 3, "failedRecords": 2, "moreFailed": false, "lagMs": 310 });
    assert_eq!(world.stream(NOW).await, told);
    world.set_quota("c@example.com", 5).await;
    for (who, parameters) in [(Who::User("c@example.com"), &[][..]), (Who::Admin, &[("email", "c@example.com")])] {
        assert_eq!(world.ok(who, SUMMARY, parameters, NOW).await.get("stream"), None, "{who:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_there_or_does_not_answer_costs_its_figure_alone() {
    let nothing = json!({ "openShards": null, "failedRecords": 0, "moreFailed": false, "lagMs": null });
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
