//! The event that Lambda gives a function for records of a Kinesis stream.
//!
//! Invariant: its shape is Lambda's, so a function cannot tell who delivered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::mapping::Mapping;
use crate::record::SharedRecord;

/// The event of a batch.
pub(crate) fn event(mapping: &Mapping, shard: &str, records: &[SharedRecord]) -> String {
    let region = mapping.stream.split(':').nth(3).unwrap_or_default();
    let records: Vec<Value> = records
        .iter()
        .map(|record| {
            json!({
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": record.partition_key,
                    "sequenceNumber": record.sequence_number.as_str(),
                    "data": STANDARD.encode(&record.data),
                    "approximateArrivalTimestamp": seconds(record.arrived_at),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": format!("{shard}:{}", record.sequence_number),
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": mapping.role,
                "awsRegion": region,
                "eventSourceARN": mapping.stream,
            })
        })
        .collect();
    json!({ "Records": records }).to_string()
}

/// Seconds with a fraction of milliseconds.
fn seconds(instant: Timestamp) -> f64 {
    // Milliseconds since 1970 fit into the 53 bits of a float until the year 287396.
    instant.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::MAX_PAYLOAD_BYTES;
    use crate::tests::fixture;

    #[test]
    fn the_event_is_as_lambda_sends_it() {
        let arrived_at = "2026-11-24T10:15:30.25Z".parse().unwrap();
        let event = event(&fixture::mapping(), "shardId-0", &[fixture::record(8, "a", arrived_at)]);
        let event: Value = serde_json::from_str(&event).unwrap();
        let expected = json!({ "Records": [{
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "a",
                "sequenceNumber": "8",
                "data": "OA==",
                "approximateArrivalTimestamp": 1_795_515_330.25,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": "shardId-0:8",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/processor",
            "awsRegion": "ap-south-1",
            "eventSourceARN": "arn:aws:kinesis:ap-south-1:000000000000:stream/events",
        }]});
        assert_eq!(event, expected);
    }

    #[test]
    fn a_full_batch_is_no_larger_than_an_invocation_takes() {
        let record = fixture::record(8, &"\u{1f}".repeat(256), Timestamp::now());
        let n_records = MAX_PAYLOAD_BYTES / record.payload_bytes();
        let records = vec![record; n_records];
        assert!(event(&fixture::mapping(), "shardId-000000000000", &records).len() <= MAX_PAYLOAD_BYTES);
    }
}
