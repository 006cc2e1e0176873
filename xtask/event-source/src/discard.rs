//! A batch that is given up: the document that the on-failure destination keeps, and where.
//!
//! Invariant: the document holds the records themselves, so that nothing is lost when the stream forgets them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::mapping::Mapping;
use crate::record::SharedRecord;
use crate::services::Invocation;

/// Why a batch is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It failed more often than it may.
    RetryAttemptsExhausted,
    /// Its records are older than they may be.
    RecordAgeExceeded,
}

/// A batch that is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiscardedBatch {
    /// Its records, at least one.
    pub(crate) records: Vec<SharedRecord>,
    pub(crate) condition: Condition,
    /// How often the function ran for it.
    pub(crate) invocations: u32,
    /// The last time it ran.
    pub(crate) last: Option<Invocation>,
}

impl Condition {
    /// As AWS writes it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
        }
    }
}

impl DiscardedBatch {
    /// The document that is kept; `event` is what the function would have been given.
    pub(crate) fn document(&self, mapping: &Mapping, shard: &str, event: &str, now: Timestamp) -> String {
        let Self { records, condition, invocations, last } = self;
        let first = records.first();
        let end = records.last();
        let document = json!({
            "requestContext": {
                "requestId": last.as_ref().map(|last| &last.request_id),
                "functionArn": mapping.function,
                "condition": condition.as_str(),
                "approximateInvokeCount": invocations,
            },
            "responseContext": last.as_ref().map_or(Value::Null, response_context),
            "version": "1.0",
            "timestamp": iso_millis(now),
            "KinesisBatchInfo": {
                "shardId": shard,
                "startSequenceNumber": first.map(|record| record.sequence_number.as_str()),
                "endSequenceNumber": end.map(|record| record.sequence_number.as_str()),
                "approximateArrivalOfFirstRecord": first.map(|record| iso_millis(record.arrived_at)),
                "approximateArrivalOfLastRecord": end.map(|record| iso_millis(record.arrived_at)),
                "batchSize": records.len(),
                "streamArn": mapping.stream,
            },
            "payload": event,
        });
        document.to_string()
    }

    /// One line about it.
    pub(crate) fn summary(&self) -> String {
        let first = self.records.first().map_or("", |record| record.sequence_number.as_str());
        let (n_records, condition) = (self.records.len(), self.condition.as_str());
        format!("{n_records} records from {first} on after {} invocations ({condition})", self.invocations)
    }
}

/// The key of the object that keeps a discarded batch, as Lambda names it.
pub(crate) fn object_key(mapping: &Mapping, shard: &str, now: Timestamp, random: [u8; 16]) -> String {
    let time = now.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S");
    format!("aws/lambda/{}/{shard}/{time}-{}", mapping.uuid, uuid(random))
}

fn response_context(last: &Invocation) -> Value {
    let mut context = json!({ "statusCode": last.status_code, "executedVersion": last.executed_version });
    if let Some(error) = &last.function_error {
        context["functionError"] = json!(error);
    }
    context
}

/// A random (version 4) UUID of random bytes.
fn uuid(random: [u8; 16]) -> String {
    let mut bits = u128::from_be_bytes(random);
    bits = bits & !(0xf << 76) | 0x4 << 76;
    bits = bits & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn iso_millis(instant: Timestamp) -> String {
    format!("{instant:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fixture;

    fn now() -> Timestamp {
        "2026-11-24T10:15:30.5Z".parse().unwrap()
    }

    #[test]
    fn the_document_says_what_failed_and_holds_it() {
        let last = Invocation { function_error: Some("Unhandled".into()), ..Invocation::returning("null") };
        let discard = DiscardedBatch {
            records: vec![fixture::record(8, "a", now()), fixture::record(9, "a", now())],
            condition: Condition::RetryAttemptsExhausted,
            invocations: 3,
            last: Some(last),
        };
        let document = discard.document(&fixture::mapping(), "shardId-0", "{\"Records\":[]}", now());
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(
            document,
            json!({
                "requestContext": {
                    "requestId": "00000000-0000-4000-8000-000000000000",
                    "functionArn": fixture::mapping().function,
                    "condition": "RetryAttemptsExhausted",
                    "approximateInvokeCount": 3,
                },
                "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
                "version": "1.0",
                "timestamp": "2026-11-24T10:15:30.500Z",
                "KinesisBatchInfo": {
                    "shardId": "shardId-0",
                    "startSequenceNumber": "8",
                    "endSequenceNumber": "9",
                    "approximateArrivalOfFirstRecord": "2026-11-24T10:15:30.500Z",
                    "approximateArrivalOfLastRecord": "2026-11-24T10:15:30.500Z",
                    "batchSize": 2,
                    "streamArn": fixture::mapping().stream,
                },
                "payload": "{\"Records\":[]}",
            })
        );
    }

    #[test]
    fn the_key_is_as_lambda_names_it() {
        let key = object_key(&fixture::mapping(), "shardId-0", now(), [0xff; 16]);
        let expected =
            "aws/lambda/mapping-1/shardId-0/2026/11/24/2026-11-24T10.15.30-ffffffff-ffff-4fff-bfff-ffffffffffff";
        assert_eq!(key, expected);
    }
}
