//! What a subject has done: days, then the open hours' minutes, then the blocks behind the watermark.
//!
//! Invariant: each minute is taken from exactly one of the three, so that nothing is counted twice on the way.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use metering::event::Event;
use metering::fold::DistinctEvents;
use metering::subject::Subject;
use metering::usage::Usage;
use metering::window::{Day, Minute, Month};

use crate::blocks::Blocks;
use crate::journal::entry_of;
use crate::migration::failures_by_key;
use crate::table::{CONCURRENCY, Consistency, TableError, readable};
use crate::watermark::Watermark;
use crate::windows::Windows;

/// Reads histories.
#[derive(Clone, Debug)]
pub struct Histories {
    blocks: Blocks,
    windows: Windows,
    watermark: Watermark,
}

/// How much is read for a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Up to the watermark: a minute or two ago.
    Windows,
    /// All of it, up to the last block: a second ago.
    Blocks,
    /// No more than a look at each call may cost, whatever others call: up to the watermark, and beyond it where few
    /// call. What was written in the last moments may be missing.
    Bounded,
}

/// A subject's history.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Days, each as far as it was set.
    pub days: BTreeMap<Day, Usage>,
    /// Minutes that no day covers, from windows.
    pub minutes: BTreeMap<Minute, Usage>,
    /// Events that no window covers: of blocks behind the watermark, and of the journal.
    pub live: DistinctEvents,
    /// Failed calls that an earlier deployment counted by key, of all time.
    pub failures_by_key: u64,
    /// Up to where windows are set, if they are.
    pub watermark: Option<Minute>,
    /// Whether the blocks behind the watermark are left out, because they are too many for a bounded reader.
    pub is_cut: bool,
}

/// Bytes of blocks that a bounded reader takes: four read units.
const BLOCK_BYTES: usize = 32 * 1024;
/// With so many minutes behind the watermark a bounded reader reads every block: the aggregator is away, and a count
/// without them would fall behind for as long.
const AWAY_MINUTES: i64 = 10;

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
        freshness: Freshness,
    ) -> Result<History, TableError> {
        // Windows are read after the watermark, so that they freshness at least as far as it says.
        let watermark = self.watermark.read().await?;
        let mut history = History::default();
        let mut covered = BTreeMap::new();
        let mut journal = Vec::new();
        for item in self.windows.usage_items(subject, month).await? {
            match readable(self.windows.user_day(&item))? {
                Some(Some(day)) => {
                    covered.insert(day.day, day.through);
                    history.days.insert(day.day, day.usage);
                }
                Some(None) => match failures_by_key(&item) {
                    Some(failures) => history.failures_by_key += failures,
                    None => journal.extend(entry_of(&item)),
                },
                // The others are worth an answer, and the gate knows the calls of this one.
                None => {}
            }
        }
        history.watermark = watermark;
        if let Some(watermark) = watermark {
            let wanted = |minute: Minute| {
                month.is_none_or(|month| minute.day().month() == month)
                    && covered.get(&minute.day()).is_none_or(|through| minute > *through)
            };
            let current = Minute::of(now);
            let live = async {
                match freshness {
                    Freshness::Windows => Ok(Some(DistinctEvents::default())),
                    Freshness::Bounded if current.since(watermark) <= AWAY_MINUTES => {
                        self.few_events_of(subject, open_minutes(watermark, now)).await
                    }
                    _ => self.events_of(subject, open_minutes(watermark, now)).await.map(Some),
                }
            };
            let (minutes, live) = tokio::try_join!(self.minutes(subject, watermark, current, freshness), live)?;
            let settled = |minute: Minute| minute <= watermark || minute > current;
            history.minutes = minutes.into_iter().filter(|(minute, _)| settled(*minute) && wanted(*minute)).collect();
            history.is_cut = live.is_none();
            history.live = live.unwrap_or_default();
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
        freshness: Freshness,
    ) -> Result<Vec<(Minute, Usage)>, TableError> {
        let (last, consistency) = match freshness {
            Freshness::Blocks => (current.hour().plus(1), Consistency::Strong),
            Freshness::Windows | Freshness::Bounded => (current.hour(), Consistency::Eventual),
        };
        let hours = watermark.plus(1).hour().through(last);
        let reads = hours.map(|hour| self.windows.minutes(subject, hour, consistency));
        let hours: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENCY).try_collect().await?;
        Ok(hours.into_iter().flatten().collect())
    }

    /// A subject's distinct events in the blocks of some minutes. Those of others are let go as they are read.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn events_of(
        &self,
        subject: &Subject,
        minutes: impl IntoIterator<Item = Minute>,
    ) -> Result<DistinctEvents, TableError> {
        let opened = minutes.into_iter().map(|minute| self.blocks.open(minute, subject.bucket()));
        let mut opened = futures::stream::iter(opened).buffered(CONCURRENCY);
        let mut events = DistinctEvents::default();
        while let Some(mut blocks) = opened.try_next().await? {
            while let Some(block) = blocks.next_readable().await? {
                events.extend(block.events.into_iter().filter(|event| Subject::of(event).as_ref() == Some(subject)));
            }
        }
        Ok(events)
    }

    /// A subject's distinct events in the blocks of some minutes, or nothing where these hold too much.
    async fn few_events_of(
        &self,
        subject: &Subject,
        minutes: impl Iterator<Item = Minute>,
    ) -> Result<Option<DistinctEvents>, TableError> {
        let (mut events, mut budget) = (DistinctEvents::default(), BLOCK_BYTES);
        for minute in minutes {
            let blocks = self.blocks.within(minute, subject.bucket(), &mut budget).await?;
            let Some(blocks) = blocks else { return Ok(None) };
            let found = blocks.into_iter().flat_map(|block| block.events);
            events.extend(found.filter(|event| Subject::of(event).as_ref() == Some(subject)));
        }
        Ok(Some(events))
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
        let Self { days, minutes, live, failures_by_key, watermark, is_cut } = other;
        days.iter().for_each(|(day, usage)| self.days.entry(*day).or_default().merge(usage));
        minutes.iter().for_each(|(minute, usage)| self.minutes.entry(*minute).or_default().merge(usage));
        self.live.extend(live.events().cloned());
        self.failures_by_key += failures_by_key;
        self.watermark = self.watermark.min(watermark);
        self.is_cut |= is_cut;
    }

    /// Whether nothing is known of the subject.
    pub fn is_empty(&self) -> bool {
        let usages = self.days.values().chain(self.minutes.values());
        self.live.is_empty() && self.failures_by_key == 0 && usages.map(|usage| usage.events).sum::<u64>() == 0
    }

    /// Everything in one usage.
    pub fn sum(&self) -> Usage {
        let mut sum = Usage::default();
        for usage in self.days.values().chain(self.minutes.values()) {
            sum.merge(usage);
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
