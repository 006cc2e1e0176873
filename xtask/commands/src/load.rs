//! `load`: calls the API at a steady rate, and compares what was answered with what is counted.
//!
//! Invariant: who is made for it is removed after it, whatever came of the calls; a call is never sent twice.

pub mod callers;
pub mod outcomes;
pub mod reconciliation;
pub mod schedule;
pub mod sender;

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use metering::email::Email;
use serde_json::{Value, json};
use xtask::cli::{self, Json};
use xtask::{Failure, Printer};

use callers::Caller;
use cloud::Connection;
use cloud::console::confirm::Approval;
use cloud::console::interrupt::Interrupts;
use cloud::console::observer::Observer as _;
use cloud::console::reporter::Reporter;
use cloud::pricing::number::thousands;
use cloud::random::random_text;
use cloud::system::api;
use outcomes::{Answers, Outcomes};
use reconciliation::{Counts, Row};
use schedule::Schedule;
use sender::Target;

/// What came of a load.
#[derive(Debug)]
struct Report {
    schedule: Schedule,
    sent: u64,
    outcomes: Outcomes,
    /// None where a second Ctrl-C left them out.
    rows: Option<Vec<Row>>,
}

/// The command.
///
/// # Errors
/// When it is not approved, users cannot be made, or calls are not counted as they were answered.
pub async fn run(args: &cli::Load, printer: &Printer) -> Result<()> {
    let reporter = Reporter::full(printer, args.json);
    let outcome = async {
        let report = load(args, &reporter).await?;
        match args.json {
            None => report.lines().iter().for_each(|line| printer.data(line)),
            Some(Json::Document) => printer.json(&report.to_json()),
            Some(Json::Lines) => reporter.object(json!({"type": "report", "report": report.to_json()})),
        }
        report.verdict()
    };
    let outcome = outcome.await;
    match args.json {
        Some(Json::Lines) => reporter.end(outcome, |()| json!({"ok": true}), |()| ()),
        Some(Json::Document) | None => outcome,
    }
}

async fn load(args: &cli::Load, reporter: &Reporter) -> Result<Report> {
    let (connection, env) = (Connection::open(&args.cloud).await?, &args.cloud.env.env);
    connection.account().await?;
    let api_url = api::url(&connection, env).await?;
    let counts = Counts::find(&connection, env).await?;
    let calls = u64::from(args.rate) * args.duration.as_secs();
    let schedule = Schedule { rate: args.rate, calls, users: args.users, hot: args.hot };
    let what = format!("{} calls, {} a second, to {api_url}", thousands(calls), thousands(args.rate.into()));
    if !connection.is_local() {
        let approval = Approval::from_flag(args.yes);
        approval.obtain(&format!("Make {what}? They are billed and stay counted.")).await?;
    }
    let mut interrupts = Interrupts::listen();
    let run = random_text(8)?.to_ascii_lowercase();
    let callers = callers::make(&connection, env, &run, args.users, &interrupts).await?;
    reporter.note(&format!("{what}, by {} users load-{run}-…@example.invalid", callers.len()));
    let target = Target {
        url: format!("{api_url}/v1/deadlines?country=AU&limit=1"),
        agent: format!("complical-load/{run}"),
        keys: callers.iter().map(|caller| caller.key.key.clone()).collect(),
    };
    let sent = sender::send(schedule, target, &interrupts, reporter).await;
    let last = Timestamp::now();
    callers::remove(&connection, env, &callers).await?;
    reporter.note(&format!("the {} users and their keys are removed", callers.len()));
    let (sent, outcomes) = sent?;
    let answers: Vec<(Email, Answers)> =
        callers.into_iter().map(|Caller { email, .. }| email).zip(outcomes.users.iter().copied()).collect();
    let rows = tokio::select! {
        rows = counts.reconcile(&answers, last, Duration::from_secs(args.wait), reporter) => Some(rows?),
        () = interrupts.come(2) => None,
    };
    Ok(Report { schedule, sent, outcomes, rows })
}

impl Report {
    fn differing(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().flatten().filter(|row| row.differs())
    }

    fn counted(&self) -> Option<u64> {
        self.rows.as_ref().map(|rows| rows.iter().map(|row| row.counted).sum())
    }

    /// Of all users together, calls that have to be counted and calls that may be.
    fn answers(&self) -> Answers {
        self.outcomes.users.iter().fold(Answers::default(), |sum, answers| Answers {
            succeeded: sum.succeeded + answers.succeeded,
            uncertain: sum.uncertain + answers.uncertain,
        })
    }

    fn lines(&self) -> Vec<String> {
        let Answers { succeeded, uncertain } = self.answers();
        let of = if self.sent < self.schedule.calls { format!(" of {}", self.schedule.calls) } else { String::new() };
        let mut lines = vec![format!("{}{of} calls sent", self.sent)];
        lines.extend(self.outcomes.lines());
        lines.push(match self.counted() {
            Some(counted) if uncertain == 0 => format!("{succeeded} succeeded, {counted} counted"),
            Some(counted) => {
                format!("{succeeded} succeeded, {uncertain} may be counted or not, {counted} counted")
            }
            None => "what is counted was not compared".to_owned(),
        });
        lines.extend(self.differing().map(Row::text));
        lines
    }

    fn to_json(&self) -> Value {
        let Schedule { rate, calls, users, hot } = self.schedule;
        let Answers { succeeded, uncertain } = self.answers();
        let mut document = self.outcomes.to_json();
        document["rate"] = rate.into();
        document["calls"] = calls.into();
        document["users"] = users.into();
        document["hotPercent"] = hot.into();
        document["sent"] = self.sent.into();
        document["succeeded"] = succeeded.into();
        document["uncertain"] = uncertain.into();
        document["counted"] = self.counted().into();
        document["differing"] = self.differing().map(Row::to_json).collect();
        document
    }

    fn verdict(&self) -> Result<()> {
        match (self.rows.is_some(), self.differing().count()) {
            (true, 0) => Ok(()),
            (true, n_differing) => {
                Err(Failure::new(format!("calls of {n_differing} users are not counted as they were answered"))
                    .hint("`cargo xtask status` shows how far counting is: what is late is counted later")
                    .hint("`cargo xtask errors list` shows records that could not be counted")
                    .into())
            }
            (false, _) => Err(Failure::new("interrupted: whether every call was counted is unknown").into()),
        }
    }
}
