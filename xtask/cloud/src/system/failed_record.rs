//! The failed records of the analytics table.
//!
//! Invariant: what is shown of a record's bytes can be read in any terminal; nothing in them is carried out.

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, name, table};
use jiff::Timestamp;
use metering::window::iso_millis;
use serde_json::{Value, json};
use xtask::Failure;

use super::counting::ERRORS;
use crate::Connection;
use crate::aws::dynamodb::Item;
use crate::aws::error::{failed_to, is_missing};

/// Bytes in a line of a hexadecimal dump.
const DUMP_BYTES: usize = 16;

/// A record that could not be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its sort key, which names it.
    pub id: String,
    /// Why it could not be counted.
    pub reason: String,
    /// Its bytes, or the first of them.
    pub data: Vec<u8>,
    /// How many it had.
    pub data_length: usize,
    /// SHA-256 of all of them, in hexadecimal.
    pub data_sha256: String,
    /// When the stream took it.
    pub arrived_at: String,
    /// Its shard.
    pub shard_id: String,
    /// Its place in the shard.
    pub sequence_number: String,
    /// When it was put on the stream again.
    pub replayed_at: Option<String>,
}

/// The failed records of an environment.
#[derive(Debug)]
pub struct Records<'a> {
    connection: &'a Connection,
    table: String,
}

impl<'a> Records<'a> {
    /// Those of an environment.
    pub fn of(connection: &'a Connection, env: &Environment) -> Self {
        Self { connection, table: name::analytics_table(env) }
    }

    /// So many, newest first.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn newest(&self, limit: u32) -> Result<Vec<Failed>> {
        let mut found = Vec::new();
        let client = self.connection.dynamodb();
        let query = client
            .query()
            .table_name(&self.table)
            .scan_index_forward(false)
            .key_condition_expression("#partition = :errors")
            .expression_attribute_names("#partition", table::PK)
            .expression_attribute_values(":errors", AttributeValue::S(ERRORS.into()));
        let mut items = query.into_paginator().items().send();
        while found.len() < limit as usize
            && let Some(item) = items.next().await
        {
            let item = item.map_err(|error| match error.as_service_error() {
                Some(missing) if is_missing(missing) => self.no_table(),
                _ => failed_to("list the failed records")(error),
            })?;
            found.extend(Failed::read(&item));
        }
        Ok(found)
    }

    /// The record of an id.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(&self, id: &str) -> Result<Option<Failed>> {
        let client = self.connection.dynamodb();
        let get = client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key(table::PK, AttributeValue::S(ERRORS.into())).key(table::SK, AttributeValue::S(id.into()));
        match get.send().await {
            Ok(answer) => Ok(answer.item().and_then(Failed::read)),
            Err(error) if error.as_service_error().is_some_and(is_missing) => Err(self.no_table()),
            Err(error) => Err(failed_to("read the failed record")(error)),
        }
    }

    /// Notes that a record was put on the stream again.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub async fn note_replay(&self, id: &str) -> Result<()> {
        let client = self.connection.dynamodb();
        let update = client
            .update_item()
            .table_name(&self.table)
            .key(table::PK, AttributeValue::S(ERRORS.into()))
            .key(table::SK, AttributeValue::S(id.into()))
            .update_expression("SET replayedAt = :now")
            // It may have expired in between; then there is nothing to note.
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_values(":now", AttributeValue::S(iso_millis(Timestamp::now())));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(failed_to("note the replay")(error)),
        }
    }

    fn no_table(&self) -> anyhow::Error {
        Failure::new(format!("there is no table {}", self.table))
            .hint("with ENABLE_KINESIS_ANALYTICS=true, `cargo xtask deploy` makes it")
            .into()
    }
}

impl Failed {
    fn read(item: &Item) -> Option<Self> {
        let text = |key: &str| item.get(key).and_then(|value| value.as_s().ok()).cloned();
        let data = STANDARD.decode(text("data").unwrap_or_default()).unwrap_or_default();
        let length = item.get("dataLength").and_then(|value| value.as_n().ok()?.parse().ok());
        Some(Self {
            id: text(table::SK)?,
            reason: text("reason").unwrap_or_default(),
            data_length: length.unwrap_or(data.len()),
            data,
            data_sha256: text("dataSha256").unwrap_or_default(),
            arrived_at: text("arrivedAt").unwrap_or_default(),
            shard_id: text("shardId").unwrap_or_default(),
            sequence_number: text("sequenceNumber").unwrap_or_default(),
            replayed_at: text("replayedAt"),
        })
    }

    /// Whether a part of the bytes is gone.
    pub fn is_cut(&self) -> bool {
        self.data.len() < self.data_length
    }

    /// The record on one line.
    pub fn line(&self) -> String {
        let Self { id, reason, data_length, replayed_at, .. } = self;
        let reason = printable(reason);
        let cut = if self.is_cut() { ", cut" } else { "" };
        let replayed = replayed_at.as_ref().map_or_else(String::new, |at| format!(", replayed {at}"));
        format!("{id}  {reason} ({data_length} bytes{cut}{replayed})")
    }

    /// The record with its data.
    pub fn lines(&self) -> Vec<String> {
        let Self { id, reason, data, data_length, data_sha256, arrived_at, shard_id, sequence_number, replayed_at } =
            self;
        let mut lines = vec![
            format!("id         {id}"),
            format!("reason     {}", printable(reason)),
            format!("arrived    {arrived_at}"),
            format!("place      {shard_id} {sequence_number}"),
            format!("data       {data_length} bytes, SHA-256 {data_sha256}"),
        ];
        lines.extend(replayed_at.iter().map(|at| format!("replayed   {at}")));
        if self.is_cut() {
            lines.push(format!("           cut: the first {} bytes are kept", data.len()));
        }
        lines.push(String::new());
        lines.extend(shown(data));
        lines
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self { id, reason, data, data_length, data_sha256, arrived_at, shard_id, sequence_number, replayed_at } =
            self;
        json!({
            "id": id, "reason": reason, "arrivedAt": arrived_at, "shardId": shard_id, "sequenceNumber": sequence_number,
            "data": STANDARD.encode(data), "text": std::str::from_utf8(data).ok(), "dataLength": data_length,
            "dataSha256": data_sha256, "isCut": self.is_cut(), "replayedAt": replayed_at,
        })
    }
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
