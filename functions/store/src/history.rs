//! What a subject has done: days, then the open hours' minutes, then the blocks behind the watermark.
//!
//! Invariant: each minute is taken from exactly one of the three, so that nothing is counted twice on the way.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use metering::cell::Cell;
use metering::event::Event;
use metering::fold::Distinct;
use metering::subject::Subject;
use metering::window::{Day, Minute, Month};

use crate::blocks::Blocks;
use crate::journal::entry_of;
use crate::migration::failures_by_key;
use crate::table::{CONCURRENCY, TableError};
use crate::watermark::Watermark;
use crate::windows::Windows;

/// Reads histories.
#[derive(Clone, Debug)]
pub struct Histories {
    blocks: Blocks,
    windows: Windows,
    watermark: Watermark,
}

/// How close to the present a history is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Up to the watermark: a minute or two ago, at the price of two queries.
    Windows,
    /// Up to the last block: a second ago, at the price of reading the bucket's latest minutes.
    Blocks,
}

/// A subject's history.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Days, each as far as it was set.
    pub days: BTreeMap<Day, Cell>,
    /// Minutes that no day covers, from windows.
    pub minutes: BTreeMap<Minute, Cell>,
    /// Events that no window covers: of blocks behind the watermark, and of the journal.
    pub live: Distinct,
    /// Failed calls that an earlier deployment counted by key, of all time.
    pub failures_by_key: u64,
}

/// The minutes that readers take from blocks: more than two or three only while the aggregator is away, and then all.
pub fn open_minutes(watermark: Minute, now: Timestamp) -> impl Iterator<Item = Minute> + Clone {
    watermark.plus(1).through(Minute::of(now))
}

impl Histories {
    /// Reads from these stores.
    pub const fn new(blocks: Blocks, windows: Windows, watermark: Watermark) -> Self {
        Self { blocks, windows, watermark }
    }

    /// The history of a subject: of one month, or of all time.
    ///
    /// # Errors
    /// When a request fails or an item cannot be read.
    pub async fn read(
        &self,
        subject: &Subject,
        month: Option<Month>,
        now: Timestamp,
        reach: Reach,
    ) -> Result<History, TableError> {
        // Windows are read after the watermark, so that they reach at least as far as it says.
        let watermark = self.watermark.read().await?;
        let mut history = History::default();
        let mut covered = BTreeMap::new();
        let mut journal = Vec::new();
        for item in self.windows.usage_items(subject, month).await? {
            match self.windows.user_day(&item) {
                Ok(Some(day)) => {
                    covered.insert(day.day, day.through);
                    history.days.insert(day.day, day.cell);
                }
                Ok(None) => match failures_by_key(&item) {
                    Some(failures) => history.failures_by_key += failures,
                    None => journal.extend(entry_of(&item)),
                },
                // The others are worth an answer, and the gate knows the calls of this one.
                Err(cause) => tracing::error!(%cause, "a day cannot be read and is left out"),
            }
        }
        if let Some(watermark) = watermark {
            let wanted = |minute: Minute| {
                month.is_none_or(|month| minute.day().month() == month)
                    && covered.get(&minute.day()).is_none_or(|through| minute > *through)
            };
            let current = Minute::of(now);
            let live = async {
                match reach {
                    Reach::Windows => Ok(Distinct::default()),
                    Reach::Blocks => self.events_of(subject, open_minutes(watermark, now)).await,
                }
            };
            let (minutes, live) = tokio::try_join!(self.minutes(subject, watermark, current), live)?;
            let settled = |minute: Minute| minute <= watermark || minute > current;
            history.minutes = minutes.into_iter().filter(|(minute, _)| settled(*minute) && wanted(*minute)).collect();
            history.live = live;
            history.live.retain(|event| wanted(Minute::of(event.timestamp)));
        }
        // An entry of the journal is in no window yet, and is its own event where a block has it already.
        history.live.extend(journal);
        Ok(history)
    }

    /// The windows of the hours that no day covers yet, up to the hour after the present one: clocks may run ahead.
    async fn minutes(
        &self,
        subject: &Subject,
        watermark: Minute,
        current: Minute,
    ) -> Result<Vec<(Minute, Cell)>, TableError> {
        let hours = watermark.plus(1).hour().through(current.hour().plus(1));
        let reads = hours.map(|hour| self.windows.minutes(subject, hour));
        let hours: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENCY).try_collect().await?;
        Ok(hours.into_iter().flatten().collect())
    }

    /// A subject's distinct events in the blocks of some minutes. Those of others are let go as they are read.
    ///
    /// # Errors
    /// When a query fails or a block cannot be read.
    pub async fn events_of(
        &self,
        subject: &Subject,
        minutes: impl IntoIterator<Item = Minute>,
    ) -> Result<Distinct, TableError> {
        let opened = minutes.into_iter().map(|minute| self.blocks.open(minute, subject.bucket()));
        let mut opened = futures::stream::iter(opened).buffered(CONCURRENCY);
        let mut events = Distinct::default();
        while let Some(mut blocks) = opened.try_next().await? {
            while let Some(block) = blocks.next().await? {
                events.extend(block.events.into_iter().filter(|event| Subject::of(event).as_ref() == Some(subject)));
            }
        }
        Ok(events)
    }

    /// The watermark these histories are split by.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn watermark(&self) -> Result<Option<Minute>, TableError> {
        self.watermark.read().await
    }
}

impl History {
    /// Adds what happened under another spelling of the subject's name.
    pub fn merge(&mut self, other: Self) {
        let Self { days, minutes, live, failures_by_key } = other;
        days.iter().for_each(|(day, cell)| self.days.entry(*day).or_default().merge(cell));
        minutes.iter().for_each(|(minute, cell)| self.minutes.entry(*minute).or_default().merge(cell));
        self.live.extend(live.events().cloned());
        self.failures_by_key += failures_by_key;
    }

    /// Whether nothing is known of the subject.
    pub fn is_empty(&self) -> bool {
        let cells = self.days.values().chain(self.minutes.values());
        self.live.is_empty() && self.failures_by_key == 0 && cells.map(|cell| cell.events).sum::<u64>() == 0
    }

    /// Everything in one cell.
    pub fn sum(&self) -> Cell {
        let mut sum = Cell::default();
        for cell in self.days.values().chain(self.minutes.values()) {
            sum.merge(cell);
        }
        for event in self.live.events() {
            sum.add(event);
        }
        sum
    }

    /// The latest events first, as far as blocks were read.
    pub fn recent(&self) -> Vec<&Event> {
        let mut events: Vec<_> = self.live.events().collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.timestamp));
        events
    }
}
