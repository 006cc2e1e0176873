//! The real-time aggregator: once a minute it sets the windows of the minutes that are over, and publishes them.
//!
//! Invariant: windows are set from blocks and from each other's parts, so a run that comes twice, late or not at all
//! for a while gives the same numbers in the end.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use metering::batch::Batch;
use metering::block::Block;
use metering::figures::{Commits, Figures};
use metering::fold::{Distinct, Fold};
use metering::subject::{Bucket, Subject};
use metering::total::Total;
use metering::window::{Day, Hour, Minute};
use serde::Serialize;

use crate::metrics::{Metrics, News};
use store::blocks::Blocks;
use store::journal::Journal;
use store::table::{CONCURRENCY, Consistency, Table, TableError};
use store::watermark::Watermark;
use store::windows::{Span, Windows};

/// How long after its end a minute is still left to readers of blocks: far more than clocks of Lambda differ.
const GRACE: SignedDuration = SignedDuration::from_secs(10);
/// Minutes folded before the watermark moves, so that catching up survives a time-out.
const STEP: i64 = 60;
/// Entries of the journal that a run moves from each bucket.
const JOURNAL_LIMIT: usize = 1_000;

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
    /// Where figures are published.
    pub metrics: Metrics,
}

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To the minutes that are over.
    Over,
    /// To this very minute, days included: the stream is empty and goes.
    Close,
}

/// What a run has reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The minute up to which windows are set.
    pub watermark: Minute,
    /// Whether nothing is left to be folded up to there.
    pub done: bool,
}

/// Subjects whose rows have to be set.
#[derive(Clone, Debug)]
enum Whose {
    Everybody,
    These(BTreeSet<Subject>),
}

/// Hours to be set, and for whom.
type DueHours = BTreeMap<Hour, Whose>;

impl Aggregator {
    /// An aggregator of these tables.
    pub fn new(analytics: Table, usage: Table, metrics: Metrics) -> Self {
        Self {
            blocks: Blocks::new(analytics.clone()),
            windows: Windows::new(analytics.clone(), usage.clone()),
            watermark: Watermark::new(analytics),
            journal: Journal::new(usage),
            metrics,
        }
    }

    /// One run.
    ///
    /// # Errors
    /// When a request fails. What has been set stays right, and the next run does the rest.
    pub async fn run(&self, reach: Reach, clock: impl Fn() -> Timestamp) -> Result<Reached, TableError> {
        if reach == Reach::Over {
            self.drain(&clock).await?;
        }
        let now = clock();
        let over = last_settled(now);
        let mut watermark = self.begin(now).await?;
        let mut marks = self.blocks.marks().await?;
        let target = match reach {
            Reach::Over => over.max(watermark),
            // Clocks that ran ahead have left marks after the present minute.
            Reach::Close => marks.iter().map(|mark| mark.minute).fold(Minute::of(now).max(watermark), Minute::max),
        };
        if reach == Reach::Close {
            // The present minute may go on, and what is committed in it then is in turn: it has to be folded again.
            self.blocks.mark(over.plus(1).through(target)).await?;
            marks = self.blocks.marks().await?;
        }
        let closed = self.watermark.closed().await?;
        let late: Vec<Minute> = marks.iter().map(|mark| mark.minute).filter(|minute| *minute <= watermark).collect();
        self.step(&late, watermark, watermark, closed).await?;
        while watermark < target {
            let to = target.min(watermark.plus(STEP));
            self.step(&watermark.plus(1).through(to).collect::<Vec<_>>(), watermark, to, closed).await?;
            self.watermark.advance(to).await?;
            watermark = to;
        }
        if reach == Reach::Close {
            self.watermark.close(target).await?;
            self.set_hours(DueHours::from([(target.hour(), Whose::Everybody)]), target).await?;
        }
        for mark in marks.iter().filter(|mark| mark.minute <= over) {
            self.blocks.clear(mark).await?;
        }
        let left = self.blocks.marks().await?;
        Ok(Reached { watermark, done: !left.iter().any(|mark| mark.minute <= over) })
    }

    /// Moves what the journal holds into blocks. Each leaves a mark where it is out of turn, so nothing waits.
    async fn drain(&self, clock: &impl Fn() -> Timestamp) -> Result<(), TableError> {
        for bucket in Bucket::all() {
            let pending = self.journal.pending(bucket, JOURNAL_LIMIT).await?;
            if pending.is_empty() {
                continue;
            }
            let blocks = Block::of(pending.entries.iter().map(|entry| entry.event.clone()));
            self.blocks.commit(&Batch { blocks, failed: Vec::new() }, clock).await?;
            // Before windows have them: a reader may miss them for moments, but never sees them twice.
            self.journal.remove(&pending).await?;
            tracing::info!(entries = pending.entries.len(), "moved from the journal into blocks");
        }
        Ok(())
    }

    async fn begin(&self, now: Timestamp) -> Result<Minute, TableError> {
        if let Some(minute) = self.watermark.read().await? {
            return Ok(minute);
        }
        let first = Minute::of(now).plus(-1);
        self.watermark.begin(first).await?;
        Ok(self.watermark.read().await?.unwrap_or(first))
    }

    /// Folds some minutes, then the hours and days that these changed or that are over between two watermarks.
    async fn step(
        &self,
        minutes: &[Minute],
        before: Minute,
        after: Minute,
        closed: Option<Minute>,
    ) -> Result<(), TableError> {
        // Days go as far as the last hour that is over, or to where they were closed within an hour.
        let through = closed.map_or(last_over(after), |closed| closed.max(last_over(after)));
        let mut due = DueHours::new();
        let mut news = Vec::new();
        let folds = minutes.iter().map(|minute| self.fold_minute(*minute));
        let folded: Vec<_> = futures::stream::iter(folds).buffered(4).try_collect().await?;
        for (minute, (subjects, new)) in minutes.iter().zip(folded) {
            news.extend(new);
            if *minute <= through && !subjects.is_empty() {
                match due.entry(minute.hour()).or_insert_with(|| Whose::These(BTreeSet::new())) {
                    Whose::These(these) => these.extend(subjects),
                    Whose::Everybody => {}
                }
            }
        }
        for hour in before.plus(1).hour().through(after.plus(1).hour().plus(-1)) {
            due.insert(hour, Whose::Everybody);
        }
        self.set_hours(due, through).await?;
        if !news.is_empty()
            && let Err(cause) = self.metrics.publish(&news).await
        {
            tracing::error!(cause, minutes = news.len(), "metrics not published");
        }
        Ok(())
    }

    /// Sets the rows of a minute; returns whose they are, and what is new to be published.
    async fn fold_minute(&self, minute: Minute) -> Result<(Vec<Subject>, Option<News>), TableError> {
        let reads = Bucket::all().map(|bucket| self.blocks.read(minute, bucket, Consistency::Strong));
        let blocks: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENCY).try_collect().await?;
        let mut commits = Commits::default();
        let mut distinct = Distinct::default();
        for block in blocks.into_iter().flatten() {
            block.events.iter().for_each(|event| commits.note(event, block.committed_at));
            distinct.extend(block.events);
        }
        let fold = distinct.fold();
        let total = Total::of(&fold);
        if !fold.is_empty() {
            self.windows.set_minute(minute, &fold).await?;
            self.windows.set_total(Span::Minute(minute), &total).await?;
        }
        let figures = Figures::of(&total, &commits, self.blocks.failures(minute).await?);
        let before = self.windows.claim(minute, &figures).await?;
        let news = before.map(|before| News {
            minute,
            figures: figures.since(&before),
            ages: commits.ages_after(before.committed_ms),
        });
        Ok((fold.cells.into_keys().collect(), news))
    }

    /// Sets hours from their minutes, then their days from their hours, each as far as `through`.
    async fn set_hours(&self, due: DueHours, through: Minute) -> Result<(), TableError> {
        let mut days: BTreeMap<Day, BTreeSet<Subject>> = BTreeMap::new();
        for (hour, whose) in due {
            let mut fold = self.hour(hour.last_minute().min(through)).await?;
            if fold.is_empty() {
                continue;
            }
            self.windows.set_total(Span::Hour(hour), &Total::of(&fold)).await?;
            if let Whose::These(these) = whose {
                fold.cells.retain(|subject, _| these.contains(subject));
            }
            self.windows.set_hour(hour, &fold).await?;
            days.entry(hour.day()).or_default().extend(fold.cells.into_keys());
        }
        for (day, subjects) in days {
            let through = through.min(day.last_hour().last_minute());
            let mut fold = self.day(through.hour()).await?;
            self.windows.set_total(Span::Day(day), &Total::of(&fold)).await?;
            fold.cells.retain(|subject, _| subjects.contains(subject));
            self.windows.set_day(day, through, &fold).await?;
        }
        Ok(())
    }

    async fn hour(&self, last: Minute) -> Result<Fold, TableError> {
        let parts = Bucket::all().map(|bucket| self.windows.hour_of_minutes(last, bucket));
        self.sum(parts, (Span::Minute(last.hour().first_minute()), Span::Minute(last))).await
    }

    async fn day(&self, last: Hour) -> Result<Fold, TableError> {
        let parts = Bucket::all().map(|bucket| self.windows.day_of_hours(last, bucket));
        self.sum(parts, (Span::Hour(last.day().first_hour()), Span::Hour(last))).await
    }

    /// The cells of some parts, and what belongs to no subject from the totals of a range.
    async fn sum<F>(&self, parts: impl Iterator<Item = F>, (first, last): (Span, Span)) -> Result<Fold, TableError>
    where
        F: Future<Output = Result<Fold, TableError>>,
    {
        let parts: Vec<_> = futures::stream::iter(parts).buffered(CONCURRENCY).try_collect().await?;
        let mut fold = Fold::default();
        parts.iter().for_each(|part| fold.merge(part));
        for (_, total) in self.windows.totals(first, last).await? {
            fold.unattributed.merge(&total.unattributed);
        }
        Ok(fold)
    }
}

/// The last minute in which nothing is committed in turn any more.
fn last_settled(now: Timestamp) -> Minute {
    Minute::of(now.checked_sub(GRACE).unwrap_or(now)).plus(-1)
}

/// The last minute of the last hour that is over when the watermark stands at a minute.
fn last_over(watermark: Minute) -> Minute {
    watermark.plus(1).hour().first_minute().plus(-1)
}

#[cfg(test)]
mod tests;
