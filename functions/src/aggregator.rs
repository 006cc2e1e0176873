//! The real-time aggregator: once a minute it sets the windows of the minutes that are over, and publishes them.
//!
//! Invariant: windows are set from blocks and from each other's parts, so a run that comes twice, late or not at all
//! for a while gives the same numbers in the end; nothing that a window holds keeps the next from being set.

mod alerts;
mod anomalies;
mod backlog;
mod due;
mod run;
mod run_outs;
mod totals;
mod uncounted;
mod watch;
mod watches;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use contract::limit::MINUTES_DAYS;
use contract::plan::Plans;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use metering::window::{Day, Hour, Minute};
use serde::Serialize;
use serde_json::Value;

use self::due::{DueHours, Whose};
use self::run::Run;
use self::watches::Watches;
use crate::alerts_topic::AlertsTopic;
use crate::metrics::Metrics;
use crate::status_source::{StatusSource, delivered};
use store::anomalies::Anomalies;
use store::answer_lines::AnswerLines;
use store::blocks::{Blocks, Mark};
use store::failed_windows::FailedWindows;
use store::journal::Journal;
use store::keys::Keys;
use store::notices::Notices;
use store::table::{Table, TableError};
use store::uncounted::UncountedSpans;
use store::watermark::Watermark;
use store::windows::{Span, Windows};

/// How long after its end a minute is still left to readers of blocks: far more than clocks of Lambda differ.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// Minutes folded before the watermark moves, so that catching up survives a time-out.
const STEP: i64 = 60;

/// The aggregator's stores.
#[derive(Clone, Debug)]
pub struct Aggregator {
    /// Where blocks and marks are.
    pub blocks: Blocks,
    /// Where windows are.
    pub windows: Windows,
    /// Up to where windows are set.
    pub watermark: Watermark,
    /// Events that were not on the stream.
    pub journal: Journal,
    /// What could not be written, to be tried again.
    pub failed: FailedWindows,
    /// What users were told of their quotas.
    pub notices: Notices,
    /// Spans of which windows were set long afterwards.
    pub uncounted: UncountedSpans,
    /// Anomalies that were found.
    pub anomalies: Anomalies,
    /// What this process follows to find them.
    pub watches: Arc<Mutex<Watches>>,
    /// Days on which nothing is an anomaly.
    pub holidays: Vec<Date>,
    /// Where figures are published.
    pub metrics: Metrics,
    /// The plans that are told apart.
    pub plans: Plans,
    /// Lines of the access log that were delivered.
    pub lines: AnswerLines,
    /// Where it is said what calls were answered, if that is to be known.
    pub status_source: Option<StatusSource>,
    /// Where it is set what users may call. Without it nobody is told that a quota will run out.
    pub keys: Option<Keys>,
    /// The hour in which this process has looked for quotas that will run out.
    pub foreseen_in: Arc<Mutex<Option<Hour>>>,
    /// Where alerts are sent. Without it they wait for a run that has it.
    pub topic: Option<AlertsTopic>,
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunUntil {
    /// To the minutes that are over.
    Settled,
    /// To this very minute, days included: the stream is empty and goes.
    Now,
}

/// An event that could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum HandlingError {
    /// A table could not be read or written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Lines of the access log that cannot be read.
    #[error("a delivery of CloudWatch Logs cannot be read: {0}")]
    Delivery(#[from] serde_json::Error),
}

/// What a run has reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The minute up to which windows are set.
    pub watermark: Minute,
    /// Whether nothing is left to be folded up to there.
    pub done: bool,
}

impl Aggregator {
    /// An aggregator of these tables, which does not know what calls were answered and has no plans and no topic.
    pub fn new(analytics: Table, usage: Table, metrics: Metrics) -> Self {
        Self {
            lines: AnswerLines::new(analytics.clone()),
            blocks: Blocks::new(analytics.clone()),
            windows: Windows::new(analytics.clone(), usage.clone()),
            watermark: Watermark::new(analytics.clone()),
            failed: FailedWindows::new(analytics.clone()),
            uncounted: UncountedSpans::new(analytics.clone()),
            anomalies: Anomalies::new(analytics),
            watches: Arc::default(),
            holidays: Vec::new(),
            journal: Journal::new(usage.clone()),
            notices: Notices::new(usage),
            metrics,
            plans: Plans::default(),
            status_source: None,
            keys: None,
            foreseen_in: Arc::default(),
            topic: None,
        }
    }

    /// Keeps the lines of the access log that an event delivers; any other event starts a run, and `{"close": true}`, which
    /// the rollback sends, one that goes to the present.
    ///
    /// # Errors
    /// When lines cannot be read or kept, or a run fails.
    pub async fn handle(&self, event: &Value, clock: impl Fn() -> Timestamp) -> Result<Option<Reached>, HandlingError> {
        if let Some(lines) = delivered(event)? {
            self.lines.keep(lines).await?;
            return Ok(None);
        }
        let until = if event["close"] == true { RunUntil::Now } else { RunUntil::Settled };
        // Boxed, because the compiler lays out no future as deep as this one inside others.
        Ok(Some(Box::pin(self.run(until, clock)).await?))
    }

    /// One run.
    ///
    /// # Errors
    /// When nothing can be read or written at all, or the journal cannot be moved. What has been set stays right, and
    /// the next run does the rest.
    pub async fn run(&self, until: RunUntil, clock: impl Fn() -> Timestamp) -> Result<Reached, TableError> {
        // Before the journal is read, so that all it has of the minutes that are over by now is there.
        let now = clock();
        let drained = if until == RunUntil::Settled { self.drain(&clock).await } else { Ok(false) };
        let over = last_settled(now);
        let mut watermark = self.begin(now).await?;
        let (target, marks) = self.target(until, now, watermark).await?;
        let waiting = self.failed.list().await?;
        let mut run = Run::new(self, now, self.resume(watermark, target, matches!(drained, Ok(true))).await?);
        let mut again: BTreeSet<Minute> = run.partly_known(watermark, target).await?.into_iter().collect();
        again.extend(marks.iter().map(|mark| mark.minute).filter(|minute| *minute <= watermark));
        let is_revision = !again.is_empty() || !waiting.is_empty();
        if is_revision {
            self.watermark.revise().await?;
        }
        run.step(&Vec::from_iter(again), watermark, watermark).await?;
        while watermark < target {
            let to = target.min(watermark.plus(STEP));
            run.step(&watermark.plus(1).through(to).collect::<Vec<_>>(), watermark, to).await?;
            if !self.watermark.advance(to).await? {
                self.watermark.revise().await?;
            }
            watermark = to;
        }
        if until == RunUntil::Now {
            self.watermark.close(target).await?;
            run.set_hours(DueHours::from([(target.hour(), Whose::Everybody)]), target).await?;
        }
        self.clear(&marks, over).await?;
        // Last, so that what fails for good holds up nothing.
        run.retry(&waiting, watermark).await?;
        if is_revision {
            self.watermark.revise().await?;
        }
        self.conclude(run, watermark, now).await;
        drained?;
        let left = self.blocks.marks().await?;
        Ok(Reached { watermark, done: !left.iter().any(|mark| mark.minute <= over) })
    }

    /// The minute that a run goes to, and the marks there are then.
    async fn target(
        &self,
        until: RunUntil,
        now: Timestamp,
        watermark: Minute,
    ) -> Result<(Minute, Vec<Mark>), TableError> {
        let (over, marks) = (last_settled(now), self.blocks.marks().await?);
        if until == RunUntil::Settled {
            return Ok((over.max(watermark), marks));
        }
        // Clocks that ran ahead have left marks after the present minute.
        let target = marks.iter().map(|mark| mark.minute).fold(Minute::of(now).max(watermark), Minute::max);
        // The present minute may go on, and what is committed in it then is in turn: it has to be folded again.
        self.blocks.mark(over.plus(1).through(target)).await?;
        Ok((target, self.blocks.marks().await?))
    }

    /// Takes away the marks of minutes up to one.
    async fn clear(&self, marks: &[Mark], through: Minute) -> Result<(), TableError> {
        for mark in marks.iter().filter(|mark| mark.minute <= through) {
            self.blocks.clear(mark).await?;
        }
        Ok(())
    }

    async fn begin(&self, now: Timestamp) -> Result<Minute, TableError> {
        let first = Minute::of(now).plus(-1);
        match self.watermark.read().await {
            Ok(Some(minute)) => return Ok(minute),
            Ok(None) => self.watermark.begin(first).await?,
            Err(cause @ TableError::Malformed { .. }) => self.restore_watermark(&cause, now).await?,
            Err(error) => return Err(error),
        }
        Ok(self.watermark.read().await?.unwrap_or(first))
    }

    /// Sets a watermark that cannot be read by the windows: they are set up to a step ahead of it, and where there are
    /// none, by how long minutes are kept. One that is too low changes no figure, because what it leaves open is read
    /// from blocks, and folded again.
    async fn restore_watermark(&self, cause: &TableError, now: Timestamp) -> Result<(), TableError> {
        let mut day = Day::of(now);
        let oldest = day.plus(-i64::from(MINUTES_DAYS));
        let mut last_set = None;
        while last_set.is_none() && day > oldest {
            let (first, last) = (day.first_hour().first_minute(), day.last_hour().last_minute());
            let totals = self.windows.readable_totals(Span::Minute(first), Span::Minute(last)).await?;
            last_set = totals.last().map(|(span, _)| span.first_minute());
            day = day.plus(-1);
        }
        let minute = last_set.map_or(oldest.first_hour().first_minute(), |minute| minute.plus(-STEP));
        tracing::error!(%cause, %minute, "the watermark cannot be read and is set anew");
        self.watermark.restore(minute).await
    }

    /// Sends alerts, looks for anomalies, and publishes what is left to the next run.
    async fn conclude(&self, run: Run<'_>, watermark: Minute, now: Timestamp) {
        let windows = run.failures();
        let mut alerts = run.into_alerts();
        alerts.extend(self.foresee_run_outs(watermark, now).await);
        let unsent = self.send_alerts(alerts, now).await;
        let look = self.look_for_anomalies(watermark, now).await;
        let alerts = unsent + look.unsent;
        if let Err(cause) = self.metrics.publish_left(Minute::of(now), windows, alerts, look.found).await {
            tracing::error!(cause, windows, alerts, "what is left to the next run is not published");
        }
    }
}

/// The last minute in which nothing is committed in turn any more.
fn last_settled(now: Timestamp) -> Minute {
    Minute::of(now.checked_sub(GRACE).unwrap_or(now)).plus(-1)
}

#[cfg(test)]
mod tests;
