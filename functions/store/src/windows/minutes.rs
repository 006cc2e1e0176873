//! Minutes of subjects: packed by bucket and range, so that a busy minute of many is a few items.
//!
//! Invariant: of several usages of a subject and minute the one with the most events holds, and of those the one that
//! knows most answers, whichever item it is in. A minute that is split says so in the item of the whole bucket before
//! anything is in the finer ones.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::limit::MINUTES_DAYS;
use contract::table::{PK, SK, TTL};
use metering::fold::UsageBySubject;
use metering::subject::{Bucket, Range, Subject};
use metering::usage::Usage;
use metering::window::{Hour, Minute};

use super::pack::{self, Pack, Packs};
use super::{Row, USAGE, Windows, all};
use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, TableError, binary, number, readable, string, text};

/// Attribute of a pack that holds its usages.
const USAGES: &str = "cells";
/// Attribute of the item of a whole bucket: the levels at which there are packs of it.
const LEVELS: &str = "levels";
/// What DynamoDB says of an item that it does not take for what it holds: it is too large, say.
const REFUSED: &str = "ValidationException";
/// The sort keys of packs lie between these; those of rows of single subjects, as minutes were kept before, behind.
const PACKS: (&str, &str) = ("#", "4");
const ROWS: (&str, &str) = ("key:", "user;");

/// The minutes of an hour, put together.
#[derive(Default)]
struct Sums {
    fold: UsageBySubject,
    /// The levels at which there are packs of a minute, by its place.
    levels: BTreeMap<u8, BTreeSet<u8>>,
    /// Minutes of which a subject may have several usages.
    doubtful: BTreeSet<u8>,
    /// The usages of these, each the one with the most events.
    newest: BTreeMap<(Subject, u8), Usage>,
}

impl Windows {
    /// Sets the usages of a minute. Each item is tried, so that one that is refused holds up no other.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_minute(&self, minute: Minute, fold: &UsageBySubject) -> Result<(), TableError> {
        let mut buckets = BTreeMap::<Bucket, Vec<_>>::new();
        for (subject, usage) in &fold.usages {
            buckets.entry(subject.bucket()).or_default().push((subject, usage));
        }
        let mut done = Ok(());
        for (bucket, usages) in buckets {
            let set = self.set_packs(minute, bucket, Packs::of(usages)).await;
            done = done.and(set);
        }
        done
    }

    async fn set_packs(&self, minute: Minute, bucket: Bucket, Packs { level, packs }: Packs) -> Result<(), TableError> {
        self.announce(minute, bucket, level).await?;
        all(packs.iter().map(|(range, pack)| self.set_pack(minute, bucket, range, pack))).await
    }

    /// Sets a pack. Where it is refused for what it holds, each subject is given an item of its own.
    async fn set_pack(&self, minute: Minute, bucket: Bucket, range: &Range, pack: &Pack) -> Result<(), TableError> {
        match self.set(&self.analytics, row(minute, bucket, range, pack)).await {
            Err(error) if error.code() == Some(REFUSED) && pack.len() > 1 => {
                let Packs { level, packs } = pack.split(Range::LEVELS);
                self.announce(minute, bucket, level).await?;
                all(packs.iter().map(|(range, pack)| self.set(&self.analytics, row(minute, bucket, range, pack)))).await
            }
            set => set,
        }
    }

    /// Has readers look for packs of a level. Those of the whole bucket are found anyway.
    async fn announce(&self, minute: Minute, bucket: Bucket, level: u8) -> Result<(), TableError> {
        if level == 0 {
            return Ok(());
        }
        let request = self.analytics.client().update_item().table_name(self.analytics.name());
        let request = request
            .key(PK, text(partition(minute.hour(), bucket)))
            .key(SK, text(sort(&Range::default(), minute)))
            .update_expression("SET #ttl = :ttl ADD #levels :level")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#levels", LEVELS)
            .expression_attribute_values(":ttl", number(after_days(minute.start(), MINUTES_DAYS)))
            .expression_attribute_values(":level", AttributeValue::Ns(vec![level.to_string()]));
        request.send().await.map(drop).map_err(|error| self.analytics.failed("UpdateItem", &error))
    }

    /// A subject's minutes in an hour, oldest first, as far as they can be read.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn minutes(
        &self,
        subject: &Subject,
        hour: Hour,
        consistency: Consistency,
    ) -> Result<Vec<(Minute, Usage)>, TableError> {
        let pk = partition(hour, subject.bucket());
        let packs_of =
            async |range: Range| self.analytics.query(&pk, Sort::Prefix(format!("{range}#")), consistency).await;
        let (packs, rows) = tokio::try_join!(packs_of(Range::default()), self.rows_of(&pk, subject, consistency))?;
        let levels: BTreeSet<u8> = packs.iter().flat_map(levels).filter(|level| *level > 0).collect();
        let mut usages = Newest::default();
        rows.into_iter().for_each(|(place, usage)| usages.add(place, usage));
        self.add_own(&mut usages, subject, &packs)?;
        for level in levels {
            self.add_own(&mut usages, subject, &packs_of(subject.range(level)).await?)?;
        }
        let minute = |(place, usage): (u8, Usage)| (hour.first_minute().plus(place.into()), usage);
        Ok(usages.usages.into_iter().map(minute).collect())
    }

    fn add_own(&self, usages: &mut Newest, subject: &Subject, packs: &[Item]) -> Result<(), TableError> {
        let own = |item: &Item| {
            let usage = pack::usage_of(subject, self.analytics.bytes(item, USAGES)?);
            Ok((self.place(item)?, usage.ok_or_else(|| self.analytics.malformed(item, USAGES))?))
        };
        for item in packs.iter().filter(|item| item.contains_key(USAGES)) {
            if let Some((place, Some(usage))) = readable(own(item))? {
                usages.add(place, usage);
            }
        }
        Ok(())
    }

    /// The minutes of a bucket in the hour of `last`, up to `last`, by subject and summed.
    ///
    /// # Errors
    /// When a query fails or an item cannot be read.
    pub async fn hour_of_minutes(&self, last: Minute, bucket: Bucket) -> Result<UsageBySubject, TableError> {
        let (pk, last) = (partition(last.hour(), bucket), last.of_hour());
        let between = |(from, to): (&str, &str)| Sort::Between(from.into(), to.into());
        let rows = self.analytics.query(&pk, between(ROWS), Consistency::Strong).await?;
        let mut sums = Sums::default();
        for item in &rows {
            sums.doubtful.insert(self.place(item)?);
        }
        for item in rows {
            let (place, subject) = (self.place(&item)?, self.subject(&item)?);
            if i64::from(place) <= last {
                sums.add(place, subject, self.analytics.json(&item, USAGE)?);
            }
        }
        let mut pages = self.analytics.pages(&pk, between(PACKS), Consistency::Strong);
        while let Some(page) = pages.next().await? {
            for item in page {
                let place = self.place(&item)?;
                if sums.takes(place, &item) && i64::from(place) <= last {
                    let usages = pack::usages(self.analytics.bytes(&item, USAGES)?);
                    let usages = usages.ok_or_else(|| self.analytics.malformed(&item, USAGES))?;
                    usages.into_iter().for_each(|(subject, usage)| sums.add(place, subject, usage));
                }
            }
        }
        Ok(sums.into_fold())
    }

    /// Which minute of its hour, or hour of its day, an item is about: the end of its sort key.
    pub(super) fn place(&self, item: &Item) -> Result<u8, TableError> {
        let place = string(item, SK).rsplit_once('#').and_then(|(_, place)| place.parse().ok());
        place.ok_or_else(|| self.analytics.malformed(item, SK))
    }
}

/// Usages of one subject by their place.
#[derive(Default)]
struct Newest {
    usages: BTreeMap<u8, Usage>,
}

impl Newest {
    fn add(&mut self, place: u8, usage: Usage) {
        let known = self.usages.entry(place).or_default();
        if known.is_older_than(&usage) {
            *known = usage;
        }
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

fn partition(hour: Hour, bucket: Bucket) -> String {
    format!("MINUTE#{hour}#{bucket}")
}

fn sort(range: &Range, minute: Minute) -> String {
    format!("{range}#{:02}", minute.of_hour())
}

fn row(minute: Minute, bucket: Bucket, range: &Range, pack: &Pack) -> Row {
    Row {
        pk: partition(minute.hour(), bucket),
        sk: sort(range, minute),
        events: pack.events(),
        known: pack.known(),
        attributes: vec![(USAGES, binary(pack.body()))],
        expires_at: Some(after_days(minute.start(), MINUTES_DAYS)),
    }
}

/// The levels that the item of a whole bucket names.
fn levels(item: &Item) -> impl Iterator<Item = u8> + '_ {
    let levels = item.get(LEVELS).and_then(|levels| levels.as_ns().ok());
    levels.into_iter().flatten().filter_map(|level| level.parse().ok())
}
