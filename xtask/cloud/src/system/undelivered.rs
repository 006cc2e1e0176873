//! Events that the authorizer's log alone may have.
//!
//! Invariant: every line of them within reach is found, page by page, and each event once; one that may be elsewhere as
//! well is among them, because to put it back changes no count.

use std::collections::BTreeSet;

use anyhow::Result;
use contract::undelivered::{EVENT, IDENTITY, MESSAGE, SETTLED, UNCONFIRMED};
use contract::{Environment, Function, limit};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::Connection;
use crate::aws::error::{failed_to, is_missing};

/// A line that keeps an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The line's own id.
    pub id: String,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
    /// The event, as it would have been put on the stream.
    pub event: String,
}

/// The log that the lines are in.
pub fn group(env: &Environment) -> String {
    format!("/aws/lambda/{}", Function::ApiKeyAuthorizer.physical_name(env))
}

/// The oldest instant of which an event can still be counted.
pub fn reach(now: Timestamp) -> Timestamp {
    now - SignedDuration::from_hours(24 * i64::from(limit::MAX_EVENT_AGE_DAYS))
}

/// The lines of the last days, oldest first; nothing where there is no such log.
///
/// # Errors
/// When the log cannot be read.
pub async fn lines(connection: &Connection, env: &Environment, now: Timestamp) -> Result<Option<Vec<Kept>>> {
    let group = group(env);
    let client = connection.logs();
    let ask = client
        .filter_log_events()
        .log_group_name(&group)
        .filter_pattern(pattern())
        .start_time(reach(now).as_millisecond());
    let mut pages = ask.into_paginator().send();
    let (mut found, mut settled) = (Vec::new(), BTreeSet::new());
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
            Err(error) => return Err(failed_to(format!("read {group}"))(error)),
        };
        for line in page.events() {
            let (id, at) = (line.event_id().unwrap_or_default().to_owned(), line.timestamp().unwrap_or_default());
            match Said::of(line.message().unwrap_or_default()) {
                Some(Said::Kept { identity, event, is_alone }) => {
                    found.push((Kept { id, at, event }, identity, is_alone));
                }
                Some(Said::Settled { identity }) => _ = settled.insert(identity),
                None => {}
            }
        }
    }
    // Pages come stream by stream.
    found.sort_by(|(one, ..), (other, ..)| (one.at, &one.id).cmp(&(other.at, &other.id)));
    let mut seen = BTreeSet::new();
    found.retain(|(_, identity, is_alone)| (*is_alone || !settled.contains(identity)) && seen.insert(identity.clone()));
    Ok(Some(found.into_iter().map(|(kept, ..)| kept).collect()))
}

/// What chooses the lines; an endpoint may not know it and give every line.
fn pattern() -> String {
    let messages = [MESSAGE, UNCONFIRMED, SETTLED].map(|message| format!("$.message = \"{message}\""));
    format!("{{ {} }}", messages.join(" || "))
}

/// What a line says of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// It is here, and nowhere else if it is alone.
    Kept { identity: String, event: String, is_alone: bool },
    /// What may have been alone is in the journal.
    Settled { identity: String },
}

impl Said {
    fn of(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let text = |field: &str| line[field].as_str().map(str::to_owned);
        let message = line["message"].as_str()?;
        if message == SETTLED {
            return Some(Self::Settled { identity: text(IDENTITY)? });
        }
        let event = text(EVENT).filter(|_| [MESSAGE, UNCONFIRMED].contains(&message))?;
        // An earlier deployment's line has no identity but its event.
        let identity = text(IDENTITY).unwrap_or_else(|| event.clone());
        Some(Self::Kept { identity, event, is_alone: message == MESSAGE })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use runtime_fixture::fake::{self, Answer};

    #[test]
    fn only_a_line_of_these_names_keeps_an_event() {
        let line = |message: &str| json!({"level": "ERROR", "message": message, "event": "{}"}).to_string();
        let kept = |is_alone| Some(Said::Kept { identity: "{}".into(), event: "{}".into(), is_alone });
        assert_eq!(Said::of(&line(MESSAGE)), kept(true));
        assert_eq!(Said::of(&line(UNCONFIRMED)), kept(false));
        for other in [line("other").as_str(), "START RequestId: 1", "[]", ""] {
            assert_eq!(Said::of(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn every_page_is_read_and_an_event_found_once_unless_it_is_in_the_journal() {
        let line = |name: &str, at: i64, message: &str| {
            let line = json!({"message": message, "identity": name, "event": format!("event {name}")});
            json!({"eventId": format!("{name}{at}"), "timestamp": at, "message": line.to_string()})
        };
        let connection = Connection::to_fake(&fake::start(move |operation, body| {
            assert_eq!(operation, "FilterLogEvents");
            let asked: Value = serde_json::from_str(body).unwrap();
            let page = match asked["nextToken"].as_str() {
                None => json!({"events": [line("c", 3, MESSAGE), line("a", 1, UNCONFIRMED)], "nextToken": "1"}),
                Some("1") => json!({"events": [], "nextToken": "2"}),
                _ => json!({"events": [line("b", 2, UNCONFIRMED), line("a", 4, MESSAGE), line("b", 5, SETTLED)]}),
            };
            Answer(200, page.to_string())
        }));
        let found = lines(&connection, &Environment::default(), Timestamp::now()).await.unwrap().unwrap();
        let found: Vec<_> = found.iter().map(|kept| (kept.id.as_str(), kept.event.as_str())).collect();
        assert_eq!(found, [("a1", "event a"), ("c3", "event c")]);
    }
}
