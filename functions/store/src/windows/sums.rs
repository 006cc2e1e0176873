//! The parts of windows that are a bucket's, summed: the minutes of an hour, the hours of a day.
//!
//! Invariant: each subject is counted once in each part, by the usage with the most events, and of those the one that knows
//! most answers, whichever items it is in.

use std::collections::{BTreeMap, BTreeSet};

use contract::table::SK;
use metering::fold::UsageBySubject;
use metering::subject::{Bucket, Subject};
use metering::usage::Usage;
use metering::window::{Hour, Minute};

use super::parts::{Parts, USAGES, Whole, levels, place_of};
use super::{USAGE, Windows, pack};
use crate::table::{Consistency, Item, Sort, TableError, string};

/// The sort keys of packs lie between these; those of rows of single subjects, as parts were kept before, behind.
const PACKS: (&str, &str) = ("#", "4");
const ROWS: (&str, &str) = ("key:", "user;");

/// The parts of a window, put together.
#[derive(Default)]
struct Sums {
    fold: UsageBySubject,
    /// The levels at which there are packs of a part, by its place.
    levels: BTreeMap<u8, BTreeSet<u8>>,
    /// Parts of which a subject may have several usages.
    doubtful: BTreeSet<u8>,
    /// The usages of these, each the newest.
    newest: BTreeMap<(Subject, u8), Usage>,
}

impl Windows {
    /// The minutes of a bucket in the hour of `last`, up to `last`, by subject and summed.
    ///
    /// # Errors
    /// When a query fails or an item cannot be read.
    pub async fn hour_of_minutes(&self, last: Minute, bucket: Bucket) -> Result<UsageBySubject, TableError> {
        self.sum(Parts { whole: Whole::Hour(last.hour()), bucket }, place_of(last.of_hour())).await
    }

    /// The hours of a bucket in the day of `last`, up to `last`, by subject and summed.
    ///
    /// # Errors
    /// When a query fails or an item cannot be read.
    pub async fn day_of_hours(&self, last: Hour, bucket: Bucket) -> Result<UsageBySubject, TableError> {
        self.sum(Parts { whole: Whole::Day(last.day()), bucket }, place_of(last.of_day())).await
    }

    async fn sum(&self, parts: Parts, last: u8) -> Result<UsageBySubject, TableError> {
        let pk = parts.partition();
        let pages = |(from, to): (&str, &str)| {
            self.analytics.pages(&pk, Sort::Between(from.into(), to.into()), Consistency::Strong)
        };
        let mut sums = Sums::default();
        let mut rows = pages(ROWS);
        while let Some(page) = rows.next().await? {
            for item in page {
                let (place, subject) = (self.place(&item)?, self.subject(&item)?);
                sums.doubtful.insert(place);
                if place <= last {
                    sums.add(place, subject, self.analytics.json(&item, USAGE)?);
                }
            }
        }
        let mut packs = pages(PACKS);
        while let Some(page) = packs.next().await? {
            for item in page {
                let place = self.place(&item)?;
                if sums.takes(place, &item) && place <= last {
                    let usages = pack::usages(self.analytics.bytes(&item, USAGES)?);
                    let usages = usages.ok_or_else(|| self.analytics.malformed(&item, USAGES))?;
                    usages.into_iter().for_each(|(subject, usage)| sums.add(place, subject, usage));
                }
            }
        }
        Ok(sums.into_fold())
    }
}

impl Sums {
    /// Whether an item's usages are to be added. The items of whole buckets come first; a finer one that they have not
    /// announced has been written since, and would be added to what it replaces.
    fn takes(&mut self, place: u8, item: &Item) -> bool {
        let level = string(item, SK).find('#').unwrap_or_default() as u8;
        let has_usages = item.contains_key(USAGES);
        if level > 0 {
            return has_usages && self.levels.get(&place).is_some_and(|levels| levels.contains(&level));
        }
        let announced = self.levels.entry(place).or_default();
        announced.extend(levels(item));
        if announced.len() + usize::from(has_usages) > 1 {
            self.doubtful.insert(place);
        }
        has_usages
    }

    fn add(&mut self, place: u8, subject: Subject, usage: Usage) {
        if !self.doubtful.contains(&place) {
            return self.fold.add_part(place, subject, &usage);
        }
        let known = self.newest.entry((subject, place)).or_default();
        if known.is_older_than(&usage) {
            *known = usage;
        }
    }

    fn into_fold(mut self) -> UsageBySubject {
        for ((subject, place), usage) in self.newest {
            self.fold.add_part(place, subject, &usage);
        }
        self.fold
    }
}
