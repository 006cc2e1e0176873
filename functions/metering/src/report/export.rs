//! An export: the calls that were counted, a row each, as CSV (RFC 4180) or as JSON lines.
//!
//! Invariant: a row is one call, with what its own event says; no cell of a table is a formula to a spreadsheet.

use std::fmt::Write as _;
use std::str::FromStr;

use serde::Serialize;

use super::BadParameter;
use super::cell::cell;
use super::instant::Instant;
use crate::answer::Answer;
use crate::event::Event;
use crate::number::Latency;
use crate::text::stored_bytes;

/// Most bytes of a page, as it stands in the function's answer, which is JSON: Lambda takes 6 MB of it (Lambda quotas,
/// "Invocation payload"), and headers need some.
const MAX_PAGE_BYTES: usize = 5_000_000;

/// How calls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Format {
    /// A table, its first line names the columns.
    #[cfg_attr(feature = "schema", schemars(rename = "csv"))]
    Csv,
    /// An object a line.
    #[cfg_attr(feature = "schema", schemars(rename = "jsonl"))]
    JsonLines,
}

/// A call as an export has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportedCall<'a> {
    /// When it was made.
    time: Instant,
    /// Its id: no other call of the user in that minute has it.
    request_id: &'a str,
    /// The HTTP method.
    method: Option<&'a str>,
    /// The path, without the stage.
    path: Option<&'a str>,
    /// The HTTP status that was answered; null where it is not known, or not yet.
    status: Option<u16>,
    /// How long the answer took, in milliseconds; null where it is not known, or not yet.
    response_ms: Option<f64>,
    /// How long the authorizer took, in milliseconds.
    latency_ms: Option<Latency>,
    /// The key's public id.
    api_key_id: Option<&'a str>,
    /// The key's name.
    api_key_name: Option<&'a str>,
    /// The company that the call was counted for.
    company_name: Option<&'a str>,
    /// The API's stage.
    stage: Option<&'a str>,
    /// The caller's address.
    source_ip: Option<&'a str>,
    /// The caller's `User-Agent`.
    user_agent: Option<&'a str>,
}

/// The rows of a page, as far as there is room.
#[derive(Clone, Debug)]
pub struct Page {
    format: Format,
    body: String,
    bytes: usize,
    rows: u32,
}

impl Format {
    /// The media type of a page, which says of a table whether its first line names the columns (RFC 4180, 3).
    pub const fn media_type(self, is_first: bool) -> &'static str {
        match (self, is_first) {
            (Self::Csv, true) => "text/csv; charset=utf-8; header=present",
            (Self::Csv, false) => "text/csv; charset=utf-8; header=absent",
            (Self::JsonLines, _) => "application/jsonl; charset=utf-8",
        }
    }

    /// Its word, which is also how a file's name ends.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

impl FromStr for Format {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::Csv, Self::JsonLines].into_iter().find(|format| format.word() == text);
        found.ok_or_else(|| BadParameter::must("format", "be `csv` or `jsonl`"))
    }
}

impl<'a> ExportedCall<'a> {
    /// The columns of a table, which are the fields of an object.
    const COLUMNS: &'static str = "time,requestId,method,path,status,responseMs,latencyMs,apiKeyId,apiKeyName,\
                                   companyName,stage,sourceIp,userAgent";

    /// The row of a call and of what was answered to it, where that is known.
    pub fn of(event: &'a Event, answer: Option<Answer>) -> Self {
        Self {
            time: event.timestamp.into(),
            request_id: &event.request_id,
            method: event.method.as_deref(),
            path: event.path.as_deref(),
            status: answer.map(|answer| answer.status),
            response_ms: answer.and_then(|answer| answer.response_us).map(|micros| micros as f64 / 1_000.0),
            latency_ms: event.latency_ms,
            api_key_id: event.api_key_id.as_deref(),
            api_key_name: event.api_key_name.as_deref(),
            company_name: event.company_name.as_deref(),
            stage: event.stage.as_deref(),
            source_ip: event.source_ip.as_deref(),
            user_agent: event.user_agent.as_deref(),
        }
    }

    fn line(&self, format: Format) -> String {
        match format {
            Format::Csv => self.cells().join(",") + "\r\n",
            Format::JsonLines => {
                serde_json::to_string(self).unwrap_or_else(|error| unreachable!("plain data is JSON: {error}")) + "\n"
            }
        }
    }

    fn cells(&self) -> [String; 13] {
        let text = |text: Option<&str>| text.map(cell).unwrap_or_default();
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        [
            self.time.to_string(),
            cell(self.request_id),
            text(self.method),
            text(self.path),
            self.status.map(|status| status.to_string()).unwrap_or_default(),
            number(self.response_ms),
            number(self.latency_ms.map(Latency::as_millis)),
            text(self.api_key_id),
            text(self.api_key_name),
            text(self.company_name),
            text(self.stage),
            text(self.source_ip),
            text(self.user_agent),
        ]
    }
}

impl Page {
    /// An empty page; the first of a table begins with its columns.
    pub fn new(format: Format, is_first: bool) -> Self {
        let mut page = Self { format, body: String::new(), bytes: 0, rows: 0 };
        if is_first && format == Format::Csv {
            page.add(ExportedCall::COLUMNS);
            page.add("\r\n");
        }
        page
    }

    /// Adds the row of a call and of what was answered to it, if there is room.
    pub fn push(&mut self, event: &Event, answer: Option<Answer>) -> bool {
        let line = ExportedCall::of(event, answer).line(self.format);
        let fits = self.rows == 0 || self.bytes + stored_bytes(&line) <= MAX_PAGE_BYTES;
        if fits {
            self.add(&line);
            self.rows += 1;
        }
        fits
    }

    fn add(&mut self, line: &str) {
        self.bytes += stored_bytes(line);
        // Writing to a text cannot fail.
        let _ = self.body.write_str(line);
    }

    /// How many rows it has.
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// Its text.
    pub fn into_body(self) -> String {
        self.body
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(path: &str, user_agent: &str) -> Event {
        serde_json::from_value(json!({
            "eventType": "API_CALL", "requestId": "r-1", "timestamp": "2026-11-24T10:15:30.5Z", "userEmail": "a@b.au",
            "method": "GET", "path": path, "userAgent": user_agent, "latencyMs": 3.25,
        }))
        .unwrap()
    }

    #[test]
    fn a_table_has_the_columns_that_objects_have_as_fields_in_their_order() {
        let event = event("/v1/deadlines", "curl/8");
        let row = ExportedCall::of(&event, Some(Answer { status: 404, response_us: Some(12_000) }));
        let object = row.line(Format::JsonLines);
        let columns: Vec<_> = ExportedCall::COLUMNS.split(',').collect();
        let fields: Vec<_> = columns.iter().map(|name| object.find(&format!("\"{name}\":"))).collect();
        assert!(fields.iter().all(Option::is_some) && fields.is_sorted(), "{object}");
        assert_eq!(object.matches("\":").count(), columns.len());
        assert_eq!(row.line(Format::Csv), "2026-11-24T10:15:30.500Z,r-1,GET,/v1/deadlines,404,12,3.25,,,,,,curl/8\r\n");
    }

    #[test]
    fn a_page_is_no_larger_in_json_than_an_answer_may_be() {
        let event = event(&"\"\u{1}".repeat(100), &"\\".repeat(400));
        for format in [Format::Csv, Format::JsonLines] {
            let mut page = Page::new(format, true);
            while page.push(&event, None) {}
            assert!(page.rows() > 1_000);
            let body = serde_json::to_string(&page.into_body()).unwrap();
            assert!((4_900_000..=MAX_PAGE_BYTES + 2).contains(&body.len()), "{}", body.len());
        }
    }
}
