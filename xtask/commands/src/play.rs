//! `play`: a known history on the local system.
//!
//! Invariant: events take the way that they would have taken: over the stream, or, where they are too old for it, in the
//! blocks that its consumer would have made of them; the system's own aggregator counts them.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_sdk_lambda::primitives::Blob;
use contract::limit::MAX_EVENT_AGE_DAYS;
use contract::{Environment, Function, name};
use jiff::{SignedDuration, Timestamp};
use metering::batch::Batch;
use metering::block::Block;
use metering::event::{Event, EventType};
use metering::window::Minute;
use played::{Act, Script};
use serde_json::{Value, json};
use store::blocks::Blocks;
use store::table::Table;
use xtask::cli;
use xtask::{Failure, Printer};

use cloud::Connection;
use cloud::aws::error::{failed_to, table_failed_to};
use cloud::console::observer::Lines;
use cloud::console::reporter::Reporter;
use cloud::pricing::number::thousands;

/// Minutes that one run of the aggregator is given: it ends well within its time.
const MINUTES_OF_A_RUN: usize = 200;
/// Records of one request (Kinesis API Reference, "PutRecords").
const RECORDS: usize = 500;
/// How long the last events may take to be counted.
const LIMIT: Duration = Duration::from_secs(300);

/// The tables and the stream that are played on.
struct Stage<'a> {
    connection: &'a Connection,
    env: &'a Environment,
    blocks: Blocks,
}

/// The command.
///
/// # Errors
/// When it is not the local system, or that does not take or count the events.
pub async fn run(args: &cli::Play, printer: &Printer) -> Result<()> {
    let (connection, env) = (Connection::open(&args.cloud).await?, &args.cloud.env.env);
    if !connection.is_local() {
        return Err(Failure::usage("a history is played on the local system alone").hint("add --local").into());
    }
    let script = Script { calls: args.calls, days: args.days, seed: args.seed, end: Timestamp::now() };
    let acts = script.acts();
    let blocks = Blocks::new(Table::new(connection.dynamodb(), name::analytics_table(env)));
    let stage = Stage { connection: &connection, env, blocks };
    stage.play(&acts, script.end, &Reporter::full(printer, None)).await?;
    show(&acts, script, args.json, printer);
    Ok(())
}

impl Stage<'_> {
    async fn play(&self, acts: &[Act], end: Timestamp, reporter: &Reporter) -> Result<()> {
        let live = Lines::new(reporter, "play");
        // An hour for the way to the stream.
        let oldest = end - SignedDuration::from_hours(24 * i64::from(MAX_EVENT_AGE_DAYS) - 1);
        let minutes: Vec<&[Act]> = acts.chunk_by(|one, next| minute_of(one) == minute_of(next)).collect();
        let mut played = 0;
        for minutes in minutes.chunks(MINUTES_OF_A_RUN) {
            let (old, recent): (Vec<Event>, Vec<Event>) = minutes
                .iter()
                .flat_map(|minute| minute.iter().map(|act| act.event.clone()))
                .partition(|event| event.timestamp < oldest);
            self.commit(old).await?;
            self.produce(&recent).await?;
            self.count().await?;
            played += minutes.iter().map(|minute| minute.len() as u64).sum::<u64>();
            let line = format!("{} of {} events", thousands(played), thousands(acts.len() as u64));
            reporter.without_terminal(&line);
            live.show(vec![line]);
        }
        live.show(vec!["waiting until everything is counted".into()]);
        self.settle().await
    }

    /// Puts events where the consumer of the stream would have put them.
    async fn commit(&self, events: Vec<Event>) -> Result<()> {
        let batch = Batch { blocks: Block::of(events), failed: Vec::new() };
        self.blocks.commit(&batch, Timestamp::now).await.map_err(table_failed_to("write blocks of calls"))
    }

    async fn produce(&self, events: &[Event]) -> Result<()> {
        let stream = name::stream(self.env);
        for events in events.chunks(RECORDS) {
            let mut left: Vec<&Event> = events.iter().collect();
            let began = Instant::now();
            while !left.is_empty() {
                let records = left.iter().map(|event| {
                    let entry = PutRecordsRequestEntry::builder().data(event.to_json().into());
                    entry.partition_key(event.partition_key()).build()
                });
                let records = records.collect::<Result<_, _>>().context("a record of ours is one")?;
                let request = self.connection.kinesis().put_records().stream_name(&stream).set_records(Some(records));
                let answer = request.send().await.map_err(failed_to("put records on the stream"))?;
                let refused = answer.records().iter().map(|record| record.error_code().is_some());
                left = left.into_iter().zip(refused).filter(|(_, refused)| *refused).map(|(event, _)| event).collect();
                if began.elapsed() > LIMIT {
                    return Err(Failure::new(format!("{stream} does not take the events: it is throttled")).into());
                }
            }
        }
        Ok(())
    }

    /// A run of the aggregator, beside those that come each minute.
    async fn count(&self) -> Result<bool> {
        let aggregator = Function::RealtimeAggregator.physical_name(self.env);
        let invoke = self.connection.lambda().invoke().function_name(&aggregator).payload(Blob::new("{}"));
        let answer = invoke.send().await.map_err(failed_to(format!("invoke {aggregator}")))?;
        let body = answer.payload().map_or(&[][..], Blob::as_ref);
        let said: Value = serde_json::from_slice(body).with_context(|| format!("the answer of {aggregator}"))?;
        match answer.function_error() {
            Some(kind) => Err(Failure::new(format!("{aggregator} failed ({kind}): {said}")).into()),
            None => Ok(said["done"] == true),
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

fn show(acts: &[Act], script: Script, as_json: bool, printer: &Printer) {
    let of = |kind| acts.iter().filter(|act| act.event.event_type == kind).count();
    let (calls, failures, refusals) = (of(EventType::Call), of(EventType::AuthFailed), of(EventType::RateLimited));
    let users = acts.iter().filter_map(|act| act.event.user_email.as_ref()).collect::<BTreeSet<_>>().len();
    let Script { days, seed, .. } = script;
    if as_json {
        printer.json(&json!({
            "days": days, "seed": seed, "apiCalls": calls, "authFailures": failures, "rateLimited": refusals,
            "users": users,
        }));
    } else {
        printer.data(format!(
            "{calls} calls of {users} users in {days} days, {failures} failed authentications and {refusals} calls over \
             a quota are counted"
        ));
    }
}
