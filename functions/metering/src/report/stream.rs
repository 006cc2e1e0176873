//! The part of an administrator's `summary` that is about the stream.
//!
//! Invariant: what nobody could say is null, and never a number.

use serde::Serialize;

/// How the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct StreamHealth {
    /// How many shards it takes records by, as of the last ten seconds; null where Kinesis does not say.
    pub open_shards: Option<u32>,
    /// Records of the last 24 hours that could not be counted, among the newest megabyte of them.
    pub failed_records: u64,
    /// Whether there are more of these.
    pub more_failed: bool,
    /// How old the oldest event of the last five minutes that are put together was when it was counted, in milliseconds,
    /// to two digits; null where there was none.
    pub lag_ms: Option<u64>,
    /// How long the oldest record waits that the processor has not taken, or not counted, in milliseconds, as of the last
    /// minute that CloudWatch knows; it grows while the processor stands still. Null where CloudWatch does not say.
    pub waiting_ms: Option<u64>,
}
