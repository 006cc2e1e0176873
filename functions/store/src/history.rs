//! What a subject has done: days, then the open hours' minutes, then the blocks behind the watermark.
//!
//! Invariant: each minute is taken from exactly one of the three, so that nothing is counted twice on the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use metering::event::Event;
use metering::subject::Subject;
use metering::traffic::Traffic;
use metering::usage::Usage;
use metering::window::{Day, Minute, Month};

use crate::journal::entry_of;
use crate::live::Live;
use crate::migration::failures_by_key;
use crate::reads::all;
use crate::table::{Consistency, TableError, readable};
use crate::watermark::Watermark;
use crate::windows::Windows;

/// Reads histories.
#[derive(Clone, Debug)]
pub struct Histories {
    live: Live,
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
    /// What no window covers: of blocks behind the watermark, and of the journal.
    pub live: BTreeMap<Minute, Arc<Traffic>>,
    /// Failed calls that an earlier deployment counted by key, of all time.
    pub failures_by_key: u64,
    /// Up to where windows are set, if they are.
    pub watermark: Option<Minute>,
    /// Whether the blocks behind the watermark are left out, because they are too many for a bounded reader.
    pub is_cut: bool,
}

/// What the usage table holds of a subject.
#[derive(Default)]
struct Stored {
    /// Its days alone.
    history: History,
    /// The last minute that each of them covers.
    through: BTreeMap<Day, Minute>,
    journal: Vec<Event>,
}

/// Bytes of blocks that a bounded reader takes: four read units.
const BLOCK_BYTES: usize = 32 * 1024;
/// With more minutes than these behind the watermark the aggregator is away: a bounded reader reads every block then,
/// because a count without them would fall behind for as long.
pub const AWAY_MINUTES: i64 = 10;

/// The minutes that readers take from blocks: more than two or three only while the aggregator is away, and then all.
pub fn open_minutes(watermark: Minute, now: Timestamp) -> impl Iterator<Item = Minute> + Clone {
    watermark.plus(1).through(Minute::of(now))
}

impl Histories {
    /// Reads from these stores.
    pub const fn new(live: Live, windows: Windows, watermark: Watermark) -> Self {
        Self { live, windows, watermark }
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
        // Windows are read after the watermark, so that they reach at least as far as it says.
        let watermark = self.watermark.read().await?;
        let Stored { mut history, through, journal } = self.stored(subject, month).await?;
        history.watermark = watermark;
        if let Some(watermark) = watermark {
            let is_uncovered = |minute: Minute| {
                month.is_none_or(|month| minute.day().month() == month)
                    && through.get(&minute.day()).is_none_or(|through| minute > *through)
            };
            let current = Minute::of(now);
            let is_settled = |minute: Minute| minute <= watermark || minute > current;
            let minutes = self.minutes(subject, watermark, current, freshness);
            let (minutes, live) = tokio::try_join!(minutes, self.live(subject, watermark, now, freshness))?;
            let minutes = minutes.into_iter().filter(|(minute, _)| is_settled(*minute) && is_uncovered(*minute));
            history.minutes = minutes.collect();
            history.is_cut = live.is_none();
            history.live = live.unwrap_or_default();
            history.live.retain(|minute, traffic| is_uncovered(*minute) && !traffic.is_empty());
        }
        // An entry of the journal is in no window yet, and is its own event where a block has it already.
        for event in journal {
            let traffic = Arc::make_mut(history.live.entry(Minute::of(event.timestamp)).or_default());
            traffic.add_events([&event]);
            traffic.keep([event]);
        }
        Ok(history)
    }

    /// What the usage table holds of a subject.
    async fn stored(&self, subject: &Subject, month: Option<Month>) -> Result<Stored, TableError> {
        let mut stored = Stored::default();
        for item in self.windows.usage_items(subject, month).await? {
            match readable(self.windows.user_day(&item))? {
                Some(Some(day)) => {
                    stored.through.insert(day.day, day.through);
                    stored.history.days.insert(day.day, day.usage);
                }
                Some(None) => match failures_by_key(&item) {
                    Some(failures) => stored.history.failures_by_key += failures,
                    None => stored.journal.extend(entry_of(&item)),
                },
                // The others are worth an answer, and the gate knows the calls of this one.
                None => {}
            }
        }
        Ok(stored)
    }

    /// What blocks behind the watermark hold of a subject; nothing where they are too many for a bounded reader.
    async fn live(
        &self,
        subject: &Subject,
        watermark: Minute,
        now: Timestamp,
        freshness: Freshness,
    ) -> Result<Option<BTreeMap<Minute, Arc<Traffic>>>, TableError> {
        let minutes = open_minutes(watermark, now);
        let is_away = Minute::of(now).since(watermark) > AWAY_MINUTES;
        match freshness {
            Freshness::Windows => Ok(Some(BTreeMap::new())),
            Freshness::Bounded if !is_away => self.live.own_within(subject, minutes, BLOCK_BYTES).await,
            Freshness::Bounded | Freshness::Blocks => self.live.own(subject, minutes, now).await.map(Some),
        }
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
        let hours = all(reads).await?;
        Ok(hours.into_iter().flatten().collect())
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
        for (minute, traffic) in live {
            Arc::make_mut(self.live.entry(minute).or_default()).merge(&traffic);
        }
        self.failures_by_key += failures_by_key;
        self.watermark = self.watermark.min(watermark);
        self.is_cut |= is_cut;
    }

    /// Whether nothing is known of the subject.
    pub fn is_empty(&self) -> bool {
        let usages = self.days.values().chain(self.minutes.values());
        self.live.is_empty() && self.failures_by_key == 0 && usages.map(|usage| usage.events).sum::<u64>() == 0
    }

    /// Whether no window up to the watermark holds a call: the first one, if there is any, is live.
    pub fn is_new(&self) -> bool {
        let minutes = self.minutes.iter().filter(|(minute, _)| Some(**minute) <= self.watermark);
        self.days.values().chain(minutes.map(|(_, usage)| usage)).all(|usage| usage.first.is_none())
    }

    /// Everything in one usage.
    pub fn sum(&self) -> Usage {
        let mut sum = Usage::default();
        for usage in self.days.values().chain(self.minutes.values()) {
            sum.merge(usage);
        }
        self.live.values().for_each(|traffic| sum.merge(&traffic.usage()));
        sum
    }
}
