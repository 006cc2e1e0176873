//! What Lambda sends a consumer of a stream.
//!
//! Invariant: every field that AWS documents is read as AWS writes it. The arrival is a JSON number of seconds whose
//! fraction may have any number of digits; ready-made types take the fraction for milliseconds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use metering::batch::Record;
use serde::{Deserialize, Deserializer};

/// A batch of one shard.
#[derive(Clone, Debug, Deserialize)]
pub struct StreamEvent {
    /// Its records, in order.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// A record and where it was.
#[derive(Clone, Debug, Deserialize)]
pub struct StreamRecord {
    /// `{shard}:{sequence number}`.
    #[serde(rename = "eventID", default)]
    event_id: String,
    kinesis: Payload,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(deserialize_with = "from_base64")]
    data: Vec<u8>,
    sequence_number: String,
    /// Seconds since 1970.
    approximate_arrival_timestamp: f64,
}

impl StreamRecord {
    /// The record, as the domain knows it.
    pub fn record(&self) -> Record<'_> {
        let Payload { data, sequence_number, approximate_arrival_timestamp } = &self.kinesis;
        // A cast of a float saturates, and what is not an instant is refused as one that cannot be counted.
        let arrived_ms = (approximate_arrival_timestamp * 1_000.0).round() as i64;
        Record {
            data,
            arrived_at: Timestamp::from_millisecond(arrived_ms).unwrap_or(Timestamp::MAX),
            shard_id: self.event_id.split(':').next().unwrap_or_default(),
            sequence_number,
        }
    }
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(seconds: &str) -> String {
        let event = format!(
            r#"{{"Records":[{{"eventID":"shardId-000000000000:49","eventName":"aws:kinesis:record","kinesis":{{
                "kinesisSchemaVersion":"1.0","partitionKey":"p","sequenceNumber":"49","data":"/w==",
                "approximateArrivalTimestamp":{seconds}}}}}]}}"#
        );
        let event: StreamEvent = serde_json::from_str(&event).unwrap();
        let record = event.records[0].record();
        assert_eq!(
            (record.data, record.shard_id, record.sequence_number),
            (&b"\xff"[..], "shardId-000000000000", "49")
        );
        record.arrived_at.to_string()
    }

    #[test]
    fn an_arrival_is_read_whatever_digits_it_has() {
        assert_eq!(arrival("1545084650"), "2018-12-17T22:10:50Z");
        assert_eq!(arrival("1545084650.5"), "2018-12-17T22:10:50.5Z");
        assert_eq!(arrival("1545084650.987"), "2018-12-17T22:10:50.987Z");
        assert_eq!(arrival("1545084650.987654"), "2018-12-17T22:10:50.988Z");
        assert_eq!(arrival("1.545084650987E9"), "2018-12-17T22:10:50.987Z");
    }
}
