//! The failed records of the analytics table.
//!
//! Invariant: what is shown of a record's bytes can be read in any terminal; nothing in them is carried out.

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, name};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::failures::{Failures, StoredFailure};
use xtask::Failure;

use super::large_record::Completed;
use crate::Connection;
use crate::aws::dynamodb::table;
use crate::aws::error::{table_failed_to, table_found};

/// Bytes in a line of a hexadecimal dump.
const DUMP_BYTES: usize = 16;

/// The failed records of an environment.
#[derive(Debug)]
pub struct Records {
    failures: Failures,
    table: String,
}

impl Records {
    /// Those of an environment.
    pub fn new(connection: &Connection, env: &Environment) -> Self {
        let name = name::analytics_table(env);
        Self { failures: Failures::new(table(connection, name.clone())), table: name }
    }

    /// At most so many, newest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn newest(&self, limit: u32) -> Result<Vec<StoredFailure>> {
        let newest = self.failures.newest(limit as usize).await;
        table_found(newest, "list the failed records")?.ok_or_else(|| self.no_table())
    }

    /// The record of an id.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(&self, id: &str) -> Result<Option<StoredFailure>> {
        table_found(self.failures.get(id).await, "read the failed record")?.ok_or_else(|| self.no_table())
    }

    /// Notes that a record was put on the stream again.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn note_replay(&self, id: &str) -> Result<()> {
        self.failures.note_replay(id, Timestamp::now()).await.map_err(table_failed_to("note the replay"))
    }

    fn no_table(&self) -> anyhow::Error {
        Failure::new(format!("there is no table {}", self.table))
            .hint("with ENABLE_KINESIS_ANALYTICS=true, `cargo xtask deploy` makes it")
            .into()
    }
}

/// A record on one line.
pub fn line(failed: &StoredFailure) -> String {
    let StoredFailure { id, reason, data_length, replayed_at, .. } = failed;
    let reason = printable(reason);
    let cut = if failed.is_cut() { ", cut" } else { "" };
    let replayed = replayed_at.as_ref().map_or_else(String::new, |at| format!(", replayed {at}"));
    format!("{id}  {reason} ({data_length} bytes{cut}{replayed})")
}

/// A record with its data.
pub fn lines(failed: &Completed) -> Vec<String> {
    let StoredFailure { id, reason, data, data_length, data_sha256, arrived_at, .. } = &failed.record;
    let StoredFailure { data_at, shard_id, sequence_number, replayed_at, .. } = &failed.record;
    let mut lines = vec![
        format!("id         {id}"),
        format!("reason     {}", printable(reason)),
        format!("arrived    {arrived_at}"),
        format!("place      {shard_id} {sequence_number}"),
        format!("data       {data_length} bytes, SHA-256 {data_sha256}"),
    ];
    lines.extend(data_at.iter().map(|at| format!("whole      {at}")));
    lines.extend(replayed_at.iter().map(|at| format!("replayed   {at}")));
    lines.extend(failed.cut().map(|cut| format!("cut        {cut}")));
    lines.push(String::new());
    lines.extend(shown(data));
    lines
}

/// A record for `--json`.
pub fn to_json(failed: &StoredFailure) -> Value {
    let StoredFailure { id, reason, data, data_length, data_sha256, data_at, .. } = failed;
    json!({
        "id": id, "reason": reason, "arrivedAt": failed.arrived_at, "shardId": failed.shard_id,
        "sequenceNumber": failed.sequence_number, "data": STANDARD.encode(data),
        "text": std::str::from_utf8(data).ok(), "dataLength": data_length, "dataSha256": data_sha256,
        "dataAt": data_at, "isCut": failed.is_cut(), "replayedAt": failed.replayed_at,
    })
}

/// Text for people, in which no character moves the cursor or does worse: a reason quotes what the record says.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// Bytes for people: as text where they are text, else as a hexadecimal dump.
pub fn shown(data: &[u8]) -> Vec<String> {
    let is_printable = |text: &&str| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    match std::str::from_utf8(data).ok().filter(is_printable) {
        Some(text) => text.lines().map(str::to_owned).collect(),
        None => data.chunks(DUMP_BYTES).enumerate().map(|(row, bytes)| dump(row * DUMP_BYTES, bytes)).collect(),
    }
}

fn dump(offset: usize, bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let printable = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
    let text: String = bytes.iter().map(printable).collect();
    format!("{offset:08x}  {:<47}  {text}", hex.join(" "))
}

#[cfg(test)]
mod tests;
