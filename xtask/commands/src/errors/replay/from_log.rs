//! `errors replay --from-log`: events that the authorizer's log alone may have, put on the stream.
//!
//! Invariant: the log stays as it is, so it can be done as often as one likes: an event that is counted already is not
//! counted again.

use anyhow::Result;
use contract::Environment;
use jiff::Timestamp;
use metering::event::Event;
use metering::window::iso_millis;
use serde_json::{Value, json};
use xtask::{Failure, Printer};

use super::{Replayed, ensure_stream, put};
use cloud::Connection;
use cloud::system::undelivered::{self, Kept};

/// What the id of a line of the log begins with; the rest is the line's own.
const LOG: &str = "log:";

/// Puts every event of the log that can still be counted on the stream.
///
/// # Errors
/// When there is no stream or no log, or one of them cannot be used.
pub(super) async fn run(
    connection: &Connection,
    env: &Environment,
    stream: &str,
    as_json: bool,
    printer: &Printer,
) -> Result<()> {
    ensure_stream(connection, stream).await?;
    let now = Timestamp::now();
    let lines = undelivered::lines(connection, env, now).await?.ok_or_else(|| {
        Failure::new(format!("there is no log {}", undelivered::group(env)))
            .hint("the API is not deployed, or nobody has called it yet")
    })?;
    let mut outcomes = Vec::new();
    for line in &lines {
        outcomes.push(replay(connection, stream, line, now).await?);
    }
    let n_put: usize = outcomes.iter().map(|outcome| outcome.put).sum();
    let span = lines.first().zip(lines.last()).map(|(first, last)| (time(first), time(last)));
    if as_json {
        let items: Vec<Value> = outcomes.iter().map(Replayed::to_json).collect();
        let (from, to) = span.unzip();
        let log = json!({"group": undelivered::group(env), "lines": lines.len(), "from": from, "to": to});
        printer.json(&json!({"stream": stream, "replayed": n_put, "items": items, "log": log}));
        return Ok(());
    }
    outcomes.iter().flat_map(Replayed::lines).for_each(|line| printer.data(line));
    let span = span.map_or_else(String::new, |(from, to)| format!(", written from {from} to {to}"));
    printer.say(format!("lines of the log that keep an event: {}{span}", lines.len()));
    printer.say(format!("put on {stream}: {n_put}; what is counted already is not counted again"));
    Ok(())
}

async fn replay(connection: &Connection, stream: &str, line: &Kept, now: Timestamp) -> Result<Replayed> {
    let mut outcome = Replayed { id: format!("{LOG}{}", line.id), put: 0, refused: Vec::new() };
    match Event::parse(line.event.as_bytes(), now) {
        Ok(event) => {
            put(connection, stream, event.partition_key(), line.event.as_bytes()).await?;
            outcome.put = 1;
        }
        Err(reason) => outcome.refused.push(format!("it could not be counted: {reason}")),
    }
    Ok(outcome)
}

fn time(line: &Kept) -> String {
    Timestamp::from_millisecond(line.at).map(iso_millis).unwrap_or_default()
}
