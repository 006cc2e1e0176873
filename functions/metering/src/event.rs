//! A usage event: what one record of the stream says.
//!
//! Invariant: an event that exists can be counted. What cannot is a [`Rejection`], before anything is written.

use contract::limit;
use jiff::{SignedDuration, Timestamp};
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::email::{self, Email, InvalidEmail};
use crate::window::iso_millis;

/// Longest request id, in bytes.
const MAX_ID_BYTES: usize = 256;
/// Largest event as written to a block, in bytes: far below an item's 400 KB, far above any real event.
const MAX_EVENT_BYTES: usize = 64 * 1024;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// A call that was let through.
    #[serde(rename = "API_CALL")]
    Call,
    /// A call without a valid key.
    #[serde(rename = "API_AUTH_FAILED")]
    AuthFailed,
    /// A call over the quota.
    #[serde(rename = "API_RATE_LIMITED")]
    RateLimited,
    /// A user came close to the quota.
    #[serde(rename = "USAGE_THRESHOLD")]
    Threshold,
    /// The authorizer itself failed.
    #[serde(rename = "API_AUTH_ERROR")]
    AuthError,
}

/// Why a call had no valid key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No `x-api-key` header.
    MissingApiKey,
    /// No such key.
    InvalidApiKey,
    /// The key's time is over.
    ExpiredApiKey,
    /// The key was revoked.
    RevokedApiKey,
}

/// One event. Fields that the contract does not know are dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened.
    #[serde(deserialize_with = "from_text")]
    pub event_type: EventType,
    /// Names the call, together with the type.
    pub request_id: String,
    /// When it happened, to the millisecond; the event counts in the windows of this instant.
    #[serde(serialize_with = "with_milliseconds")]
    pub timestamp: Timestamp,
    /// Who called; every type but a failed authentication and an authorizer's error has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_email: Option<Email>,
    /// The caller's company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    /// The key's public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<String>,
    /// The key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_name: Option<String>,
    /// HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Path, without the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The API's stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The caller's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
    /// The caller's `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// How long the authorizer took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Why authentication failed.
    #[serde(default, deserialize_with = "from_text_or_none", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The first eight characters of a key that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_prefix: Option<String>,
    /// Usage when a call was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_usage: Option<u64>,
    /// The threshold reached, in percent of the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u64>,
    /// Usage when the threshold was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<u64>,
    /// The user's quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// What went wrong inside the authorizer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Why a record cannot be counted. Its text is the `reason` of the item under `ERRORS`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Not an event's JSON: no JSON, a missing field, a field of another type, an unknown event type.
    #[error("not an event: {0}")]
    Malformed(String),
    /// A field that an event of this type must have.
    #[error("{0} is missing or empty")]
    Missing(&'static str),
    /// A field that no key of the table could hold.
    #[error("{field} has {bytes} bytes, more than {limit}")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Its size.
        bytes: usize,
        /// The most it may have.
        limit: usize,
    },
    /// A clock that runs ahead.
    #[error("timestamp is more than an hour after the record's arrival")]
    FromTheFuture,
    /// Older than the stream keeps records.
    #[error("timestamp is more than eight days before the record's arrival")]
    TooOld,
}

impl Event {
    /// The event of a record that arrived at `arrival`.
    ///
    /// # Errors
    /// When the record cannot be counted; the rejection says why.
    pub fn parse(data: &[u8], arrival: Timestamp) -> Result<Self, Rejection> {
        // Serde would take an array for an object, its fields by their order.
        if data.trim_ascii_start().starts_with(b"[") {
            return Err(Rejection::Malformed("an array, expected an object".to_owned()));
        }
        let mut event: Self = serde_json::from_slice(data).map_err(|error| Rejection::Malformed(error.to_string()))?;
        event.user_email = event.user()?;
        event.check(data.len(), arrival)?;
        Ok(event)
    }

    /// The user in the one form of a person's name; nobody where there is no name.
    fn user(&self) -> Result<Option<Email>, Rejection> {
        match self.user_email.as_ref().map(|email| Email::named(email.as_str())).transpose() {
            Ok(user) => Ok(user),
            Err(InvalidEmail::TooLong(bytes)) => {
                Err(Rejection::TooLong { field: "userEmail", bytes, limit: email::MAX_BYTES })
            }
            Err(InvalidEmail::Empty | InvalidEmail::NotAnAddress(_)) => Ok(None),
        }
    }

    fn check(&self, bytes: usize, arrival: Timestamp) -> Result<(), Rejection> {
        at_most("requestId", self.request_id.len(), MAX_ID_BYTES)?;
        at_most("apiKeyId", self.api_key_id.as_ref().map_or(0, String::len), MAX_ID_BYTES)?;
        if bytes > MAX_EVENT_BYTES {
            at_most("the event", self.to_json().len(), MAX_EVENT_BYTES)?;
        }
        if self.request_id.is_empty() {
            return Err(Rejection::Missing("requestId"));
        }
        if self.event_type.needs_user() && self.user_email.is_none() {
            return Err(Rejection::Missing("userEmail"));
        }
        let age = arrival.duration_since(self.timestamp);
        if age < -SignedDuration::from_mins(limit::MAX_EVENT_LEAD_MINUTES.into()) {
            return Err(Rejection::FromTheFuture);
        }
        if age > SignedDuration::from_hours(i64::from(limit::MAX_EVENT_AGE_DAYS) * 24) {
            return Err(Rejection::TooOld);
        }
        Ok(())
    }

    /// The event as one line of JSON.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_else(|error| unreachable!("an event is plain data: {error}"))
    }

    /// What chooses the shard: calls of a user keep their order. Failures have no user and must not share a shard, so
    /// each goes its own way.
    pub fn partition_key(&self) -> &str {
        self.user_email.as_ref().map_or(&self.request_id, Email::as_str)
    }

    /// What makes two records the same event.
    pub fn identity(&self) -> (&str, EventType) {
        (&self.request_id, self.event_type)
    }
}

impl EventType {
    /// Whether an event of this type names a user.
    const fn needs_user(self) -> bool {
        matches!(self, Self::Call | Self::RateLimited | Self::Threshold)
    }
}

/// Always three digits, so that texts sort as time does.
fn with_milliseconds<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&iso_millis(*instant))
}

/// A name written as a text; serde would take `{"API_CALL": null}` for one too.
fn from_text<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(deserializer)?.into_deserializer())
}

fn from_text_or_none<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| T::deserialize(text.into_deserializer())).transpose()
}

fn at_most(field: &'static str, bytes: usize, limit: usize) -> Result<(), Rejection> {
    if bytes > limit { Err(Rejection::TooLong { field, bytes, limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = r#"{"eventType":"API_CALL","requestId":"3f0c","timestamp":"2026-11-23T10:15:30.123Z",
        "userEmail":"a#b@example.com","apiKeyId":"k_01","method":"GET","path":"/v1/deadlines","latencyMs":3,"new":{"x":1}}"#;

    /// A call's fields in the order in which they are declared, and no names.
    const FIELDS: &str = r#"["API_CALL","3f0c","2026-11-23T10:15:30.123Z","a#b@example.com",null,null,null,null,null,null,
        null,null,3,null,null,null,null,null,null,null]"#;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rejected(data: &[u8]) -> Rejection {
        Event::parse(data, at("2026-11-23T10:15:31Z")).unwrap_err()
    }

    #[test]
    fn the_contracts_event_is_read_and_unknown_fields_are_no_error() {
        let event = Event::parse(CALL.as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
        assert_eq!(event.event_type, EventType::Call);
        assert_eq!(event.user_email.as_ref().map(Email::as_str), Some("a#b@example.com"));
        assert_eq!(event.latency_ms, Some(3.0));
    }

    #[test]
    fn what_is_written_is_read_back_as_it_was() {
        let event = Event::parse(CALL.as_bytes(), at("2026-11-23T10:15:31Z")).unwrap();
        assert_eq!(Event::parse(&event.to_json(), at("2026-11-23T10:15:31Z")).unwrap(), event);
    }

    #[test]
    fn what_is_no_event_is_rejected() {
        for data in [
            &b""[..],
            b"\xff\xfe\x00",
            b"null",
            b"[]",
            b"{",
            format!(" {FIELDS}").as_bytes(),
            CALL.replace("API_CALL", "API_PARTY").as_bytes(),
            CALL.replace("\"API_CALL\"", "{\"API_CALL\":null}").as_bytes(),
            CALL.replace("\"new\"", "\"reason\":{\"invalid_api_key\":null},\"new\"").as_bytes(),
            CALL.replace("\"latencyMs\":3", "\"latencyMs\":\"3\"").as_bytes(),
            CALL.replace("2026-11-23T10", "2026-11-23T99").as_bytes(),
        ] {
            assert!(matches!(rejected(data), Rejection::Malformed(_)), "{}", String::from_utf8_lossy(data));
        }
    }

    #[test]
    fn a_call_without_id_or_user_is_rejected() {
        assert_eq!(rejected(CALL.replace("3f0c", "").as_bytes()), Rejection::Missing("requestId"));
        assert_eq!(rejected(CALL.replace("a#b@example.com", "").as_bytes()), Rejection::Missing("userEmail"));
    }

    #[test]
    fn a_failed_authentication_needs_no_user() {
        let failed = br#"{"eventType":"API_AUTH_FAILED","requestId":"r","timestamp":"2026-11-23T10:15:30Z","reason":"expired_api_key"}"#;
        let event = Event::parse(failed, at("2026-11-23T10:15:31Z")).unwrap();
        assert_eq!(event.reason, Some(Reason::ExpiredApiKey));
    }

    #[test]
    fn a_timestamp_counts_from_eight_days_before_to_an_hour_after_its_arrival() {
        let event = |arrival| Event::parse(CALL.as_bytes(), at(arrival)).map(|_| ());
        assert_eq!(event("2026-11-23T09:15:30.123Z"), Ok(()));
        assert_eq!(event("2026-11-23T09:15:30.122Z"), Err(Rejection::FromTheFuture));
        assert_eq!(event("2026-12-01T10:15:30.123Z"), Ok(()));
        assert_eq!(event("2026-12-01T10:15:30.124Z"), Err(Rejection::TooOld));
        assert_eq!(rejected(CALL.replace("2026-11-23", "9999-11-23").as_bytes()), Rejection::FromTheFuture);
    }

    #[test]
    fn what_no_item_could_hold_is_rejected_whatever_it_weighs() {
        let long = CALL.replace("a#b", &"x".repeat(400));
        assert!(matches!(rejected(long.as_bytes()), Rejection::TooLong { field: "userEmail", .. }));
        let heavy = CALL.replace("/v1/deadlines", &"x".repeat(1 << 20));
        assert!(matches!(rejected(heavy.as_bytes()), Rejection::TooLong { field: "the event", .. }));
        let heavy_but_unknown = CALL.replace("{\"x\":1}", &format!("\"{}\"", "x".repeat(1 << 20)));
        assert!(Event::parse(heavy_but_unknown.as_bytes(), at("2026-11-23T10:15:31Z")).is_ok());
    }
}
