//! The processor with records that cannot be counted and are too large for an item.

use aws_sdk_dynamodb::config::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::table::{ERRORS, SK};
use dynamodb_fixture::Store;
use metering::hex;
use metering::subject::Bucket as Place;
use runtime_fixture::Bucket;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::table::{Consistency, Item, Sort, Table, string};

use super::*;

const NOW: &str = "2026-11-24T10:15:31Z";
const CALL: &str =
    r#"{"eventType":"API_CALL","requestId":"1","timestamp":"2026-11-24T10:15:30Z","userEmail":"a@b.au"}"#;

/// The processor, its tables and its bucket.
struct World {
    _store: Store,
    table: Table,
    bucket: Bucket,
    processor: Processor,
}

impl World {
    async fn new() -> Self {
        let (store, bucket) = (Store::new().await, Bucket::start().await);
        let table = Table::new(store.client(), contract::name::analytics_table(&contract::Environment::default()));
        let credentials = Credentials::new("test", "test", None, None, "test");
        let large = LargeRecords::new(Some(&bucket.endpoint_url), "ap-south-1", credentials, "failed".into());
        let processor = Processor::new(Blocks::new(table.clone()), Watermark::new(table.clone()), large);
        Self { _store: store, table, bucket, processor }
    }

    async fn process(&self, records: &[&[u8]]) -> Result<(), NotProcessed> {
        let record = |(n, data): (usize, &&[u8])| {
            json!({"eventID": "shardId-000000000000:49", "kinesis": {
                "data": STANDARD.encode(data), "sequenceNumber": n.to_string(),
                "approximateArrivalTimestamp": NOW.parse::<Timestamp>().unwrap().as_second(),
            }})
        };
        let records: Vec<_> = records.iter().enumerate().map(record).collect();
        let event = serde_json::from_value(json!({ "Records": records })).unwrap();
        self.processor.process(&event, || NOW.parse().unwrap()).await
    }

    async fn errors(&self) -> Vec<Item> {
        self.table.query(ERRORS, Sort::All, Consistency::Strong).await.unwrap()
    }

    async fn events(&self) -> usize {
        let mut events = 0;
        for bucket in Place::all() {
            let read = self.processor.blocks.read("2026-11-24T10:15".parse().unwrap(), bucket, Consistency::Strong);
            events += read.await.unwrap().iter().map(|block| block.events.len()).sum::<usize>();
        }
        events
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_counted_keeps_all_of_itself() {
    let world = World::new().await;
    // As large as a stream takes, the largest that an item holds, and one byte more.
    let sizes = [10 << 20, 301_056, 301_057];
    let records = sizes.map(|size| vec![0xff; size]);
    let batch = [records[0].as_slice(), CALL.as_bytes(), &records[1], &records[2]];
    for _ in 0..2 {
        world.process(&batch).await.unwrap();
    }
    assert_eq!(world.events().await, 1);
    let (items, objects) = (world.errors().await, world.bucket.objects());
    assert_eq!((items.len(), objects.len()), (3, 2));
    for (item, record) in items.iter().zip(&records) {
        let (sha256, kept) = (hex::encode(&Sha256::digest(record)), STANDARD.decode(string(item, "data")).unwrap());
        assert_eq!(string(item, "dataSha256"), sha256);
        assert_eq!(item["dataLength"].as_n().unwrap(), &record.len().to_string());
        assert!(record.starts_with(&kept) && kept.len() == record.len().min(301_056), "{}", kept.len());
        let is_whole = kept.len() == record.len();
        let at = if is_whole { String::new() } else { format!("s3://failed/records/{sha256}") };
        assert_eq!(string(item, "dataAt"), at, "{}", string(item, SK));
        assert!(is_whole || objects[&format!("failed/records/{sha256}")] == *record);
    }
}

#[tokio::test]
async fn a_batch_comes_again_where_the_bucket_takes_nothing_and_loses_nothing() {
    let world = World::new().await;
    let large = vec![0xff; 400_000];
    world.bucket.refuse(3);
    let failed = world.process(&[&large, CALL.as_bytes()]).await.unwrap_err();
    assert!(failed.to_string().starts_with("s3 PutObject of s3://failed/records/"), "{failed}");
    assert_eq!((world.errors().await.len(), world.bucket.objects().len()), (0, 0));
    world.bucket.refuse(2);
    world.process(&[&large, CALL.as_bytes()]).await.unwrap();
    assert_eq!((world.events().await, world.errors().await.len(), world.bucket.objects().len()), (1, 1, 1));
}

#[tokio::test]
async fn whatever_a_reason_quotes_it_stays_short() {
    let world = World::new().await;
    let loud = CALL.replace("API_CALL", &"\u{7f}".repeat(1 << 20));
    world.process(&[loud.as_bytes()]).await.unwrap();
    let reason = string(&world.errors().await[0], "reason");
    assert!(reason.starts_with("not an event: ") && reason.len() < 1_100, "{}", reason.len());
}
