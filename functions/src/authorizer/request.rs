//! What API Gateway asks of a REQUEST authorizer, as far as it matters here.
//!
//! Invariant: the key is taken from the request only to be hashed; no `Debug` shows it.

use std::collections::BTreeMap;
use std::fmt;

use contract::limit;
use jiff::{SignedDuration, Timestamp};
use metering::event::{Event, EventType};
use metering::hex;
use metering::text::{Text, cut};
use serde::Deserialize;
use serde_json::Value;

use super::stage::Stage;

/// The header that carries the key.
const API_KEY: &str = "x-api-key";
/// A caller who sends this header chooses the gateway's request id.
const CHOSEN_ID: &str = "x-amzn-requestid";
/// Longest request id taken over, in bytes: one of ours fits behind it. The gateway's own have 36 characters.
const MAX_ID_BYTES: usize = limit::MAX_REQUEST_ID_BYTES / 2;
/// How far the gateway's clock may be from ours: it waits no longer for any answer, and both follow the same time.
const MAX_APART: SignedDuration = SignedDuration::from_secs(60);

const _: () = assert!(limit::AUTHORIZER_TIMEOUT_SECONDS > super::bound::WHOLE.as_secs() as u32);

/// A request to be authorized.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    method_arn: Option<String>,
    http_method: Option<String>,
    path: Option<String>,
    headers: Option<BTreeMap<String, Option<String>>>,
    multi_value_headers: Option<BTreeMap<String, Option<Vec<String>>>>,
    request_context: Context,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Context {
    request_id: Option<String>,
    api_id: Option<String>,
    /// Milliseconds since 1970, if it is a number.
    request_time_epoch: Value,
    stage: Option<String>,
    identity: Option<Identity>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    source_ip: Option<String>,
    user_agent: Option<String>,
}

impl Request {
    /// The key that the caller presents, if any.
    pub(super) fn api_key(&self) -> Option<&str> {
        self.header(API_KEY)
    }

    /// The stage of the method that is called, which the gateway always names; nothing where the ARN is none of a
    /// method, or of another API or stage than the call's.
    pub(super) fn stage(&self) -> Option<Stage<'_>> {
        let Context { api_id, stage, .. } = &self.request_context;
        let is_ours = |named: &Option<String>, ours: &str| named.as_deref().is_none_or(|named| named == ours);
        let arn = Stage::of(self.method_arn.as_deref()?)?;
        (is_ours(api_id, arn.api()) && is_ours(stage, arn.name())).then_some(arn)
    }

    /// When the gateway took the call, which is the same however often it asks for it; our own time where it does not
    /// say, or says what cannot be.
    pub(super) fn made_at(&self, now: Timestamp) -> Timestamp {
        let taken = self.request_context.request_time_epoch.as_i64();
        let taken = taken.and_then(|millis| Timestamp::from_millisecond(millis).ok());
        taken.filter(|taken| now.duration_since(*taken).abs() <= MAX_APART).unwrap_or(now)
    }

    /// Has the gateway take the call at an instant.
    #[cfg(test)]
    pub(super) fn taken_at(&mut self, instant: Timestamp) {
        self.request_context.request_time_epoch = instant.as_millisecond().into();
    }

    /// What is known of the call: an event without a caller. Its id is the gateway's, unless the caller chose that:
    /// calls that share an id would be counted as one.
    pub(super) fn event(&self, event_type: EventType, made_at: Timestamp) -> Event {
        let context = &self.request_context;
        let identity = context.identity.clone().unwrap_or_default();
        Event {
            event_type,
            request_id: self.request_id(),
            timestamp: whole_millis(made_at),
            user_email: None,
            company_name: None,
            plan: None,
            api_key_id: None,
            api_key_name: None,
            method: self.http_method.as_deref().map(Text::from),
            path: self.path.as_deref().map(Text::from),
            stage: context.stage.as_deref().map(Text::from),
            source_ip: identity.source_ip.as_deref().map(Text::from),
            user_agent: identity.user_agent.as_deref().or_else(|| self.header("user-agent")).map(Text::from),
            latency_ms: None,
            reason: None,
            api_key_prefix: None,
            key_owner: None,
            current_usage: None,
            threshold: None,
            usage: None,
            limit: None,
            error: None,
        }
    }

    fn request_id(&self) -> String {
        let id = cut(self.request_context.request_id.as_deref().unwrap_or_default(), MAX_ID_BYTES);
        match self.header(CHOSEN_ID) {
            None if !id.is_empty() => id.to_owned(),
            None => random_id(),
            Some(_) => format!("{id}.{}", random_id()),
        }
    }

    /// The first value of a header that is not blank, whatever the case of its name.
    fn header(&self, name: &str) -> Option<&str> {
        let single = self.headers.iter().flatten().filter_map(|(key, value)| Some((key, value.as_deref()?)));
        let several = self
            .multi_value_headers
            .iter()
            .flatten()
            .flat_map(|(key, values)| values.iter().flatten().map(move |value| (key, value.as_str())));
        let found = single.chain(several).filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).find(|value| !value.is_empty())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("request_id", &self.request_context.request_id).finish_non_exhaustive()
    }
}

/// An instant as events carry it. The remainder of an instant is below a second, so the difference exists.
fn whole_millis(instant: Timestamp) -> Timestamp {
    instant - SignedDuration::from_nanos(i64::from(instant.subsec_nanosecond() % 1_000_000))
}

fn random_id() -> String {
    let mut bytes = [0_u8; 16];
    // Without randomness the ids would be equal and their calls counted as one; the clock of the start tells them
    // apart well enough then.
    if getrandom::fill(&mut bytes).is_err() {
        bytes = Timestamp::now().as_nanosecond().to_be_bytes();
    }
    hex::encode(&bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(headers: Value, multi: Value) -> Request {
        let context = json!({ "requestId": "r-1", "stage": "test", "identity": { "sourceIp": "203.0.113.9" } });
        serde_json::from_value(
            json!({ "type": "REQUEST", "headers": headers, "multiValueHeaders": multi, "requestContext": context }),
        )
        .unwrap()
    }

    #[test]
    fn the_key_is_found_whatever_the_case_of_its_header_and_wherever_it_stands() {
        for name in ["x-api-key", "X-Api-Key", "X-API-KEY"] {
            assert_eq!(request(json!({ name: "ck_1" }), Value::Null).api_key(), Some("ck_1"));
            assert_eq!(request(Value::Null, json!({ name: [" ", " ck_1 "] })).api_key(), Some("ck_1"));
        }
        for empty in [json!({}), json!({ "x-api-key": " " }), json!({ "x-api-key": null }), Value::Null] {
            assert_eq!(request(empty, Value::Null).api_key(), None);
        }
    }

    #[test]
    fn an_event_carries_whole_milliseconds_and_the_gateways_id() {
        let event =
            request(Value::Null, Value::Null).event(EventType::Call, "2026-11-24T10:15:30.1239Z".parse().unwrap());
        assert_eq!(
            (event.timestamp.to_string().as_str(), event.request_id.as_str()),
            ("2026-11-24T10:15:30.123Z", "r-1")
        );
    }

    #[test]
    fn a_call_is_made_when_the_gateway_took_it_unless_that_cannot_be() {
        let now: Timestamp = "2026-11-24T10:15:30.2Z".parse().unwrap();
        let taken_at = |time: Value| {
            let context = json!({ "requestContext": { "requestId": "r-1", "requestTimeEpoch": time } });
            serde_json::from_value::<Request>(context).unwrap().made_at(now)
        };
        let millis = |apart: i64| now.as_millisecond() + apart;
        assert_eq!(taken_at(json!(millis(-900))).to_string(), "2026-11-24T10:15:29.3Z");
        for impossible in [json!(millis(-61_000)), json!(millis(61_000)), json!(i64::MAX), json!("soon"), Value::Null] {
            assert_eq!(taken_at(impossible), now);
        }
    }

    #[test]
    fn a_caller_who_chooses_the_id_is_counted_at_each_call_all_the_same() {
        let request = request(json!({ "X-Amzn-RequestId": "r-1" }), Value::Null);
        let ids: Vec<_> = (0..2).map(|_| request.event(EventType::Call, Timestamp::UNIX_EPOCH).request_id).collect();
        assert!(ids[0].starts_with("r-1.") && ids[0] != ids[1], "{ids:?}");
    }

    #[test]
    fn whatever_a_caller_sends_makes_an_event_that_is_counted() {
        let long = |text: &str| text.repeat(20_000);
        let headers = json!({ "X-Amzn-RequestId": "😀", "User-Agent": long("\u{1}") });
        for id in [long("😀"), long("\u{1}"), long("#"), String::new()] {
            let mut request = request(headers.clone(), Value::Null);
            request.request_context.request_id = Some(id);
            (request.path, request.http_method) = (Some(long("\"")), Some(long("é")));
            let mut event = request.event(EventType::Call, Timestamp::UNIX_EPOCH);
            event.user_email = Some("a@example.com".parse().unwrap());
            assert_eq!(Event::parse(&event.to_json(), Timestamp::UNIX_EPOCH), Ok(event));
        }
    }

    #[test]
    fn the_key_is_in_no_debug_output() {
        assert!(!format!("{:?}", request(json!({ "x-api-key": "ck_1" }), Value::Null)).contains("ck_1"));
    }
}
