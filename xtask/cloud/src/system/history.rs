//! A known history on the local system: what was called, what was answered, and that it is counted.
//!
//! Invariant: calls are where the stream's consumer would have put them, and answers where the gateway would have; the
//! system's own aggregator makes every figure of them. A history that is played again is the same events, and counts once.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_lambda::primitives::Blob;
use contract::access_log::{CALL_ID, QUOTA, REQUEST_ID, RESPONSE_LATENCY, STATUS, TIME, WITHIN};
use contract::{Environment, Function, name};
use jiff::Timestamp;
use metering::batch::Batch;
use metering::block::Block;
use metering::subject::Bucket;
use metering::window::Minute;
use played::{Act, Answer};
use serde_json::{Value, json};
use store::blocks::Blocks;
use xtask::Failure;

use super::drain::events_of;
use crate::Connection;
use crate::aws::dynamodb::table;
use crate::aws::error::{failed_to, table_failed_to};
use crate::console::observer::Lines;
use crate::console::reporter::Reporter;
use crate::pricing::number::thousands;

/// Minutes that one run of the aggregator is given: it asks the access log for each, which it does forty times at most, the
/// minutes between two runs included.
const MINUTES_OF_A_RUN: usize = 30;
/// Where the lines are in the access log: beside the gateway's own.
const LOG_STREAM: &str = "played";
/// How long the last events may take to be counted.
const LIMIT: Duration = Duration::from_secs(300);

/// The system that a history is played on.
#[derive(Debug)]
pub struct Stage<'a> {
    connection: &'a Connection,
    env: &'a Environment,
    blocks: Blocks,
}

impl<'a> Stage<'a> {
    /// An environment of the local system.
    ///
    /// # Errors
    /// When the connection is to AWS, where every call would be billed.
    pub fn new(connection: &'a Connection, env: &'a Environment) -> Result<Self> {
        if !connection.is_local() {
            return Err(Failure::usage("a history is played on the local system alone").hint("add --local").into());
        }
        Ok(Self { connection, env, blocks: Blocks::new(table(connection, name::analytics_table(env))) })
    }

    /// Plays a history, oldest event first, and has it counted.
    ///
    /// # Errors
    /// When the system does not take or count the events.
    pub async fn play(&self, acts: &[Act], reporter: &Reporter) -> Result<()> {
        let live = Lines::new(reporter, "play");
        let minutes: Vec<&[Act]> = acts.chunk_by(|one, next| minute_of(one) == minute_of(next)).collect();
        self.open_log().await?;
        let mut played = 0;
        for minutes in minutes.chunks(MINUTES_OF_A_RUN) {
            let acts_of_run: Vec<&Act> = minutes.iter().copied().flatten().collect();
            // Answers first: whichever run counts the calls finds them.
            self.log(&acts_of_run).await?;
            self.commit(&acts_of_run).await?;
            self.count().await?;
            played += acts_of_run.len() as u64;
            let line = format!("{} of {} events", thousands(played), thousands(acts.len() as u64));
            reporter.without_terminal(&line);
            live.show(vec![line]);
        }
        live.show(vec!["waiting until everything is counted".into()]);
        self.settle().await
    }

    /// Whether a history was played here to its end: what is committed is counted sooner or later.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn has(&self, acts: &[Act]) -> Result<bool> {
        let Some(last) = acts.last() else { return Ok(true) };
        for bucket in Bucket::all() {
            let events = events_of(self.connection, self.env, minute_of(last), bucket).await?;
            if events.iter().any(|event| event.identity() == last.event.identity()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn open_log(&self) -> Result<()> {
        let group = name::access_log(self.env);
        let create = self.connection.logs().create_log_stream().log_group_name(&group).log_stream_name(LOG_STREAM);
        match create.send().await {
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_resource_already_exists_exception()) =>
            {
                Ok(())
            }
            created => created.map(drop).map_err(failed_to(format!("write to {group}"))),
        }
    }

    /// Writes what the gateway would have written of calls that were answered.
    async fn log(&self, acts: &[&Act]) -> Result<()> {
        let mut lines: Vec<(i64, String)> = acts.iter().filter_map(|act| Some(line_of(act, act.answer?))).collect();
        if lines.is_empty() {
            return Ok(());
        }
        lines.sort();
        let event = |(at, line)| InputLogEvent::builder().timestamp(at).message(line).build();
        let events = lines.into_iter().map(event).collect::<Result<_, _>>().context("a line of ours is one")?;
        let group = name::access_log(self.env);
        let put = self.connection.logs().put_log_events().log_group_name(&group).log_stream_name(LOG_STREAM);
        let put = put.set_log_events(Some(events)).send().await;
        put.map(drop).map_err(failed_to(format!("write to {group}")))
    }

    async fn commit(&self, acts: &[&Act]) -> Result<()> {
        let blocks = Block::of(acts.iter().map(|act| act.event.clone()));
        let batch = Batch { blocks, failed: Vec::new() };
        self.blocks.commit(&batch, Timestamp::now).await.map_err(table_failed_to("write blocks of calls"))
    }

    /// A run of the aggregator, beside those that come each minute.
    async fn count(&self) -> Result<()> {
        let aggregator = Function::RealtimeAggregator.physical_name(self.env);
        let invoke = self.connection.lambda().invoke().function_name(&aggregator).payload(Blob::new("{}"));
        let answer = invoke.send().await.map_err(failed_to(format!("invoke {aggregator}")))?;
        let body = answer.payload().map_or(&[][..], Blob::as_ref);
        let said: Value = serde_json::from_slice(body).with_context(|| format!("the answer of {aggregator}"))?;
        match answer.function_error() {
            Some(kind) => Err(Failure::new(format!("{aggregator} failed ({kind}): {said}")).into()),
            None => Ok(()),
        }
    }

    /// Has everything counted that is over.
    async fn settle(&self) -> Result<()> {
        let (began, last) = (Instant::now(), Minute::of(Timestamp::now()));
        loop {
            let marks = self.blocks.marks().await.map_err(table_failed_to("read what is not counted yet"))?;
            let left = marks.iter().filter(|mark| mark.minute < last).count();
            if left == 0 {
                return Ok(());
            }
            if began.elapsed() > LIMIT {
                return Err(Failure::new(format!("{left} minutes are not counted after {} s", LIMIT.as_secs())).into());
            }
            self.count().await?;
            tokio::time::sleep(self.connection.pause()).await;
        }
    }
}

fn minute_of(act: &Act) -> Minute {
    Minute::of(act.event.timestamp)
}

/// The access log's line of a call, and the instant of it: that of the answer, in milliseconds since 1970.
fn line_of(act: &Act, Answer { status, millis }: Answer) -> (i64, String) {
    let (id, came) = (&act.event.request_id, act.event.timestamp.as_millisecond());
    let line = json!({
        REQUEST_ID: id, CALL_ID: id, TIME: came.to_string(), QUOTA: WITHIN, STATUS: status.to_string(),
        RESPONSE_LATENCY: millis.to_string(),
    });
    (came.saturating_add_unsigned(millis), line.to_string())
}

#[cfg(test)]
mod tests {
    use metering::answer::Answers;
    use played::Script;

    use super::*;

    #[test]
    fn every_answer_of_a_history_is_read_from_its_line_in_the_minute_of_its_call() {
        let script = Script { calls: 300, days: 2, seed: 4, end: "2026-11-26T10:15:00Z".parse().unwrap() };
        for act in script.acts() {
            let Some(answer) = act.answer else { continue };
            let (at, line) = line_of(&act, answer);
            assert_eq!(at - act.event.timestamp.as_millisecond(), answer.millis.cast_signed());
            let mut answers = Answers::default();
            answers.add_line(minute_of(&act), &line);
            let read = answers.to(&act.event.request_id).map(|answer| (answer.status, answer.response_us));
            assert_eq!(read, Some((answer.status, Some(answer.millis * 1_000))), "{line}");
        }
    }
}
