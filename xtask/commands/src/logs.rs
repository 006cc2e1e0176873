//! `logs`: what a function wrote, oldest first, and what it writes now.
//!
//! Invariant: a line is shown once, however often CloudWatch Logs delivers it.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use contract::{Environment, Function};
use jiff::{SignedDuration, Timestamp};
use metering::window::iso_millis;
use serde_json::{Value, json};
use xtask::cli::{self, Json};
use xtask::{Failure, Printer};

use cloud::Connection;
use cloud::aws::error::{failed_to, is_missing};
use cloud::console::watch;
use cloud::console::watch::never_ends;

/// How far behind the newest line the next look begins, in milliseconds: lines of parallel invocations arrive late.
const OVERLAP_MS: i64 = 60_000;

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    id: String,
    /// Milliseconds since 1970.
    at: i64,
    stream: String,
    message: String,
}

/// The lines that were shown and may come again.
#[derive(Debug, Default)]
struct Shown(BTreeMap<String, i64>);

/// Carries `logs` out.
///
/// # Errors
/// When there is no such function, or its log cannot be read.
pub async fn run(args: &cli::Logs, printer: &Printer) -> Result<()> {
    let env = &args.cloud.env.env;
    let group = group(named(&args.function, env)?, env);
    if args.follow && args.json == Some(Json::Document) {
        return Err(never_ends("--follow").into());
    }
    let connection = Connection::open(&args.cloud).await?;
    let since = Timestamp::now() - SignedDuration::from_mins(i64::from(args.since));
    if args.follow {
        return watch::serve(follow(&connection, &group, since.as_millisecond(), args.json, printer)).await;
    }
    let Some(lines) = read(&connection, &group, since.as_millisecond()).await? else {
        return Err(no_log(&group).into());
    };
    if args.json == Some(Json::Document) {
        printer.json(&json!({"logGroup": group, "events": lines.iter().map(Line::to_json).collect::<Vec<_>>()}));
    } else {
        lines.iter().for_each(|line| line.show(args.json, printer));
        printer.say(format!("{} lines of {group} since {}", lines.len(), iso_millis(since)));
    }
    Ok(())
}

/// The function of a name: its binary, its logical id or its physical name, in any case.
///
/// # Errors
/// When no function has it: wrong usage, with the names there are.
pub fn named(name: &str, env: &Environment) -> Result<Function> {
    let is_named = |function: &Function| {
        let names = [function.binary().to_owned(), function.logical_id().to_owned(), function.physical_name(env)];
        names.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let found = Function::ALL.into_iter().find(is_named);
    Ok(found.ok_or_else(|| {
        let known: Vec<&str> = Function::ALL.iter().map(|function| function.binary()).collect();
        Failure::usage(format!("there is no function `{name}`"))
            .hint(format!("the functions are: {}", known.join(", ")))
    })?)
}

fn group(function: Function, env: &Environment) -> String {
    format!("/aws/lambda/{}", function.physical_name(env))
}

fn no_log(group: &str) -> Failure {
    Failure::new(format!("there is no log {group}"))
        .hint("the function is not deployed: `cargo xtask deploy`, with ENABLE_KINESIS_ANALYTICS=true for those of the stream")
}

/// Shows what is there and what comes; ends only with an error.
async fn follow(
    connection: &Connection,
    group: &str,
    mut since: i64,
    json: Option<Json>,
    printer: &Printer,
) -> Result<()> {
    let mut shown = Shown::default();
    printer.say(format!("following {group} until Ctrl-C"));
    loop {
        let Some(lines) = read(connection, group, since).await? else { return Err(no_log(group).into()) };
        let newest = lines.iter().map(|line| line.at).max();
        shown.new_ones(lines).iter().for_each(|line| line.show(json, printer));
        printer.written()?;
        since = newest.map_or(since, |newest| since.max(newest - OVERLAP_MS));
        shown.forget_before(since);
        tokio::time::sleep(connection.pause()).await;
    }
}

/// The lines since an instant, oldest first; nothing where there is no such log.
async fn read(connection: &Connection, group: &str, since_ms: i64) -> Result<Option<Vec<Line>>> {
    let client = connection.logs();
    let ask = client.filter_log_events().log_group_name(group).start_time(since_ms);
    let mut pages = ask.into_paginator().send();
    let mut shown = Shown::default();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => lines.extend(shown.new_ones(page.events().iter().map(Line::of).collect())),
            Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
            Err(error) => return Err(failed_to(format!("read {group}"))(error)),
        }
    }
    // Pages come stream by stream; the sort keeps lines of one millisecond in the order they were written.
    lines.sort_by_key(|line| line.at);
    Ok(Some(lines))
}

impl Line {
    fn of(event: &FilteredLogEvent) -> Self {
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        Self {
            id: text(event.event_id()),
            at: event.timestamp().unwrap_or_default(),
            stream: text(event.log_stream_name()),
            message: text(event.message()).trim_end().to_owned(),
        }
    }

    /// What names the line: its id, else all it is.
    fn identity(&self) -> String {
        let Self { id, at, stream, message } = self;
        if id.is_empty() { format!("{at} {stream} {message}") } else { id.clone() }
    }

    fn time(&self) -> String {
        Timestamp::from_millisecond(self.at).map(iso_millis).unwrap_or_default()
    }

    fn text(&self) -> String {
        // What a function writes may quote a caller: a line must not move the cursor.
        let safe = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c };
        format!("{} {}", self.time(), self.message.chars().map(safe).collect::<String>())
    }

    fn show(&self, json: Option<Json>, printer: &Printer) {
        match json {
            None => printer.data(self.text()),
            Some(_) => {
                let mut object = self.to_json();
                object["type"] = "log".into();
                printer.json_line(&object);
            }
        }
    }

    fn to_json(&self) -> Value {
        // Our functions log JSON: as an object it can be searched.
        let message = serde_json::from_str(&self.message).unwrap_or_else(|_| Value::String(self.message.clone()));
        json!({"time": self.time(), "logStream": self.stream, "message": message})
    }
}

impl Shown {
    fn new_ones(&mut self, lines: Vec<Line>) -> Vec<Line> {
        lines.into_iter().filter(|line| self.0.insert(line.identity(), line.at).is_none()).collect()
    }

    fn forget_before(&mut self, since: i64) {
        self.0.retain(|_, at| *at >= since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, at: i64) -> Line {
        Line { id: id.into(), at, stream: "s".into(), message: "{\"level\":\"INFO\"}".into() }
    }

    #[test]
    fn a_function_answers_to_each_of_its_names() {
        let env = Environment::default();
        for name in ["stream-processor", "StreamProcessor", "streamprocessor", "CompliCal-Kinesis-test-StreamProcessor"]
        {
            assert_eq!(named(name, &env).unwrap(), Function::StreamProcessor, "{name}");
        }
        let group = group(Function::ApiKeyAuthorizer, &env);
        assert_eq!(group, "/aws/lambda/CompliCal-API-test-ApiKeyAuthorizerFunction");
    }

    #[test]
    fn an_unknown_function_is_wrong_usage_and_the_others_are_listed() {
        let error = named("nope", &Environment::default()).unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 2);
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert!(failure.hints()[0].contains("stream-processor, realtime-aggregator"), "{:?}", failure.hints());
    }

    #[test]
    fn a_line_that_comes_again_is_not_new() {
        let mut shown = Shown::default();
        assert_eq!(shown.new_ones(vec![line("a", 1), line("b", 2), line("a", 1)]).len(), 2);
        assert_eq!(shown.new_ones(vec![line("b", 2), line("c", 3)]), [line("c", 3)]);
        shown.forget_before(3);
        assert_eq!(shown.0.len(), 1);
        assert_eq!(
            shown.new_ones(vec![line("", 1), line("", 1)]).len(),
            1,
            "a line without an id is known by what it says"
        );
    }

    #[test]
    fn a_line_of_json_stays_json() {
        let document = line("a", 1_700_000_000_000).to_json();
        assert_eq!(document["message"]["level"], "INFO");
        assert_eq!(document["time"], "2023-11-14T22:13:20.000Z");
        let plain = Line { message: "START".into(), ..line("a", 0) };
        assert_eq!(plain.to_json()["message"], "START");
        let hostile = Line { message: "a\u{1b}[2J\tb".into(), ..line("a", 0) };
        assert!(hostile.text().ends_with("a [2J\tb"), "{}", hostile.text());
    }
}
