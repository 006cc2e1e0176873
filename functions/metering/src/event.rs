//! A usage event: what one record of the stream says.
//!
//! Invariant: an event that exists can be counted, and is small: every text is bounded by its type. What cannot be
//! counted is a [`Rejection`], before anything is written.

use contract::limit;
use contract::plan::PlanName;
use jiff::{SignedDuration, Timestamp};
use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::email::{self, Email, InvalidEmail};
use crate::key::{Prefix, Reason};
use crate::number::{Latency, count, latency};
use crate::text::{Text, cut};
use crate::window::iso_millis;

/// Longest partition key, in characters (Kinesis API reference, "PutRecord").
const MAX_PARTITION_KEY_CHARS: usize = 256;

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
    pub company_name: Option<Text<{ limit::MAX_COMPANY_BYTES }>>,
    /// The caller's plan. What names none is left out.
    #[serde(default, deserialize_with = "plan", skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanName>,
    /// The key's public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Text<{ limit::MAX_KEY_ID_BYTES }>>,
    /// The key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_name: Option<Text<{ limit::MAX_KEY_NAME_BYTES }>>,
    /// HTTP method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Text<{ limit::MAX_METHOD_BYTES }>>,
    /// Path, without the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Text<{ limit::MAX_PATH_BYTES }>>,
    /// The API's stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Text<{ limit::MAX_STAGE_BYTES }>>,
    /// The caller's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<Text<{ limit::MAX_ADDRESS_BYTES }>>,
    /// The caller's `User-Agent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Text<{ limit::MAX_USER_AGENT_BYTES }>>,
    /// How long the authorizer took, in milliseconds.
    #[serde(default, deserialize_with = "latency", skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Latency>,
    /// Why authentication failed.
    #[serde(default, deserialize_with = "from_text_or_none", skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The first eight characters of a key that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_prefix: Option<Prefix>,
    /// Whose key failed, where the key is known: no caller, because whoever has found the key may have sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_owner: Option<Email>,
    /// Usage when a call was refused.
    #[serde(default, deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub current_usage: Option<u64>,
    /// The threshold reached, in percent of the limit.
    #[serde(default, deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u64>,
    /// Usage when the threshold was reached.
    #[serde(default, deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub usage: Option<u64>,
    /// The user's quota.
    #[serde(default, deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// What went wrong inside the authorizer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Text<{ limit::MAX_ERROR_BYTES }>>,
}

/// Why a record cannot be counted. Its text is the `reason` of the item under `ERRORS`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Not an event's JSON: no JSON, a missing field, a field of another type, an unknown event type.
    #[error("not an event: {0}")]
    Malformed(Text<{ limit::MAX_ERROR_BYTES }>),
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
            return Err(Rejection::Malformed("an array, expected an object".into()));
        }
        // All of it, as serde would look at no byte of a field that is not ours.
        let json = std::str::from_utf8(data).map_err(Rejection::malformed)?;
        let mut event: Self = serde_json::from_str(json).map_err(Rejection::malformed)?;
        event.user_email = event.user()?;
        event.key_owner = event.key_owner.and_then(|owner| Email::named(owner.as_str()).ok());
        event.check(arrival)?;
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

    fn check(&self, arrival: Timestamp) -> Result<(), Rejection> {
        let (field, bytes, limit) = ("requestId", self.request_id.len(), limit::MAX_REQUEST_ID_BYTES);
        if bytes > limit {
            return Err(Rejection::TooLong { field, bytes, limit });
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

    /// Whose event it is: the caller's, or the owner's of a key that failed.
    pub fn person(&self) -> Option<&Email> {
        self.user_email.as_ref().or(self.key_owner.as_ref())
    }

    /// The key's id and its name, which is empty where it has none, if the event names a key.
    pub fn key(&self) -> Option<(&str, &str)> {
        let id = self.api_key_id.as_ref()?;
        Some((id.as_str(), self.api_key_name.as_ref().map_or("", Text::as_str)))
    }

    /// What was called, `METHOD /path`, if the event names a path.
    pub fn call(&self) -> Option<String> {
        let path = self.path.as_ref()?;
        let call = format!("{} {}", self.method.as_deref().unwrap_or("?"), path.as_str());
        Some(cut(&call, limit::MAX_CALL_BYTES).to_owned())
    }

    /// What chooses the shard: calls of a user keep their order. Failures have no user and must not share a shard, so
    /// each goes its own way. It has no more characters than Kinesis takes.
    pub fn partition_key(&self) -> &str {
        let key = self.user_email.as_ref().map_or(self.request_id.as_str(), Email::as_str);
        key.char_indices().nth(MAX_PARTITION_KEY_CHARS).map_or(key, |(end, _)| &key[..end])
    }
}

impl Rejection {
    /// What serde says may hold all that it was given.
    fn malformed(error: impl std::error::Error) -> Self {
        Self::Malformed(error.to_string().into())
    }
}

impl EventType {
    /// Whether it is a call of a user, let through or over the quota: such a one is a company's as well.
    pub(crate) const fn is_users(self) -> bool {
        matches!(self, Self::Call | Self::RateLimited)
    }

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

/// Whatever it holds costs no call: records from before there were plans may have a field of that name.
fn plan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PlanName>, D::Error> {
    let value = Option::<Box<RawValue>>::deserialize(deserializer)?;
    Ok(value.and_then(|value| serde_json::from_str(value.get()).ok()))
}

#[cfg(test)]
mod tests;
