//! What the gateway answered: the lines of its access log, each under the call that it is about.
//!
//! Invariant: a line is of one call, by the id that the authorizer gave it, and of the minute in which the gateway took
//! it; what cannot be read is left out, because an answer that is not known changes no count.

use std::collections::BTreeMap;

use contract::access_log::{CALL_ID, RESPONSE_LATENCY, RESPONSE_TYPE, STATUS, TIME};
use contract::limit;
use jiff::Timestamp;
use serde::Deserialize;

use crate::breakdown::Breakdown;
use crate::window::Minute;

/// What the log has where there is nothing to be said.
const NOTHING: &str = "-";
/// The answer to a key that is none: the authorizer has counted it as a failure of the key.
const UNAUTHORIZED: u16 = 401;

/// Answers that no call got, by status and the gateway's name for them, such as `429 THROTTLED`.
pub type GatewayFailures = Breakdown<u64, { limit::MAX_GATEWAY_BYTES }>;

/// The answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// From the request's arrival to the answer's departure, in microseconds.
    pub response_us: Option<u64>,
}

/// The answers of a minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    by_call: BTreeMap<String, Answer>,
    /// What the gateway refused by itself.
    pub gateway: GatewayFailures,
}

impl Answer {
    /// Whether it tells of a failure, the caller's or ours.
    pub const fn is_error(self) -> bool {
        self.status >= 400
    }
}

impl Answers {
    /// Adds a line of the log, if it is of the minute.
    pub fn add_line(&mut self, minute: Minute, line: &str) {
        let Some(line) = Line::read(line).filter(|line| line.minute() == Some(minute)) else { return };
        let Some(status) = line.number(STATUS).and_then(|status| u16::try_from(status).ok()) else { return };
        if let Some(id) = line.text(CALL_ID) {
            let response_us = line.number(RESPONSE_LATENCY).map(|millis| millis.saturating_mul(1_000));
            let answer = Answer { status, response_us };
            let known = self.by_call.entry(id.to_owned()).or_insert(answer);
            *known = answer.max(*known);
        } else if let (Some(kind), true) = (line.text(RESPONSE_TYPE), status >= 400 && status != UNAUTHORIZED) {
            self.gateway.add(&format!("{status} {kind}"), &1);
        }
    }

    /// The answer to a call, where it is known.
    pub fn to(&self, call_id: &str) -> Option<Answer> {
        self.by_call.get(call_id).copied()
    }
}

/// The minute of a line: that in which the gateway took the call.
pub fn minute(line: &str) -> Option<Minute> {
    Line::read(line)?.minute()
}

/// A line, by the names of its fields.
struct Line(BTreeMap<String, Text>);

impl Line {
    fn read(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok().map(Self)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.0.as_str()).filter(|text| *text != NOTHING)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    fn minute(&self) -> Option<Minute> {
        let millis = self.number(TIME)?.try_into().ok()?;
        Timestamp::from_millisecond(millis).ok().map(Minute::of)
    }
}

/// A value of a line; another type than a text reads as nothing.
#[derive(Deserialize)]
#[serde(from = "serde_json::Value")]
struct Text(String);

impl From<serde_json::Value> for Text {
    fn from(value: serde_json::Value) -> Self {
        Self(value.as_str().unwrap_or(NOTHING).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_under_its_call_in_its_minute_and_one_without_a_call_is_the_gateways() {
        let minute: Minute = "2026-11-24T10:15".parse().unwrap();
        let time = minute.start().as_millisecond();
        let line = |call: &str, time: i64, status: &str, kind: &str| {
            json!({"callId": call, "time": time.to_string(), "status": status, "responseType": kind, "responseLatency": "12"})
                .to_string()
        };
        let mut answers = Answers::default();
        for line in [
            line("r-1", time, "200", "-"),
            line("r-1", time, "200", "-"),
            line("r-2", time + 60_000, "200", "-"),
            line("-", time, "429", "THROTTLED"),
            line("-", time, "429", "THROTTLED"),
            line("-", time, "401", "UNAUTHORIZED"),
            line("-", time, "200", "-"),
            "no line".to_owned(),
            json!({"callId": "r-3", "time": 3, "status": []}).to_string(),
        ] {
            answers.add_line(minute, &line);
        }
        assert_eq!(answers.to("r-1"), Some(Answer { status: 200, response_us: Some(12_000) }));
        assert_eq!([answers.to("r-2"), answers.to("r-3"), answers.to("-")], [None; 3]);
        assert_eq!(answers.gateway.into_iter().collect::<Vec<_>>(), [("429 THROTTLED".to_owned(), 2)]);
    }
}
