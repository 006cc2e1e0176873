//! Parts of windows, the minutes of an hour and the hours of a day: packed by bucket and range, so that a busy one of many
//! subjects is a few items.
//!
//! Invariant: a part that is split says so in the item of the whole bucket before anything is in the finer ones.

use std::collections::BTreeMap;
use std::fmt::Display;

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::limit::{MINUTES_DAYS, RETENTION_DAYS};
use contract::table::{PK, SK, TTL};
use metering::fold::UsageBySubject;
use metering::subject::{Bucket, Range, Subject};
use metering::window::{Day, Hour, Minute};

use super::pack::{Pack, Packs, Size};
use super::{Row, Windows, all};
use crate::blocks::after_days;
use crate::table::{Item, TableError, binary, number, string, text};

/// Attribute of a pack that holds its usages.
pub(super) const USAGES: &str = "cells";
/// Attribute of the item of a whole bucket: the levels at which there are packs of it.
const LEVELS: &str = "levels";
/// What DynamoDB says of an item that it does not take for what it holds: it is too large, say.
const REFUSED: &str = "ValidationException";

/// A window that is kept by its parts as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whole {
    /// By its minutes.
    Hour(Hour),
    /// By its hours.
    Day(Day),
}

/// The parts of one bucket in a window.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) whole: Whole,
    pub(super) bucket: Bucket,
}

impl Windows {
    /// Sets the usages of a minute. Each item is tried, so that one that is refused holds up no other.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_minute(&self, minute: Minute, fold: &UsageBySubject) -> Result<(), TableError> {
        self.set_parts(Whole::Hour(minute.hour()), place_of(minute.of_hour()), fold, |_| true).await
    }

    /// Sets the usages of an hour. `fold` has everybody's, and what holds a subject that is `wanted` is written.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_hour(
        &self,
        hour: Hour,
        fold: &UsageBySubject,
        wanted: impl Fn(&Subject) -> bool,
    ) -> Result<(), TableError> {
        self.set_parts(Whole::Day(hour.day()), place_of(hour.of_day()), fold, wanted).await
    }

    async fn set_parts(
        &self,
        whole: Whole,
        place: u8,
        fold: &UsageBySubject,
        wanted: impl Fn(&Subject) -> bool,
    ) -> Result<(), TableError> {
        let mut buckets = BTreeMap::<Bucket, Vec<_>>::new();
        for (subject, usage) in &fold.usages {
            buckets.entry(subject.bucket()).or_default().push((subject, usage, fold.courses.get(subject)));
        }
        let mut done = Ok(());
        for (bucket, usages) in buckets {
            let parts = Parts { whole, bucket };
            let mut packs = Packs::of(usages, whole.size());
            packs.packs.retain(|_, pack| pack.subjects().any(&wanted));
            let set = self.set_packs(parts, place, packs).await;
            done = done.and(set);
        }
        done
    }

    async fn set_packs(&self, parts: Parts, place: u8, Packs { level, packs }: Packs) -> Result<(), TableError> {
        self.announce(parts, place, level).await?;
        all(packs.iter().map(|(range, pack)| self.set_pack(parts, place, range, pack))).await
    }

    /// Sets a pack. Where it is refused for what it holds, each subject is given an item of its own.
    async fn set_pack(&self, parts: Parts, place: u8, range: &Range, pack: &Pack) -> Result<(), TableError> {
        match self.set(&self.analytics, &parts.row(place, range, pack)).await {
            Err(error) if error.code() == Some(REFUSED) && pack.len() > 1 => {
                let Packs { level, packs } = pack.split(Range::LEVELS);
                self.announce(parts, place, level).await?;
                let rows: Vec<_> = packs.iter().map(|(range, pack)| parts.row(place, range, pack)).collect();
                all(rows.iter().map(|row| self.set(&self.analytics, row))).await
            }
            set => set,
        }
    }

    /// Has readers look for packs of a level. Those of the whole bucket are found anyway.
    async fn announce(&self, parts: Parts, place: u8, level: u8) -> Result<(), TableError> {
        if level == 0 {
            return Ok(());
        }
        let request = self.analytics.client().update_item().table_name(self.analytics.name());
        let request = request
            .key(PK, text(parts.partition()))
            .key(SK, text(sort(&Range::default(), place)))
            .update_expression("SET #ttl = :ttl ADD #levels :level")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#levels", LEVELS)
            .expression_attribute_values(":ttl", number(parts.whole.expires_at(place)))
            .expression_attribute_values(":level", AttributeValue::Ns(vec![level.to_string()]));
        request.send().await.map(drop).map_err(|error| self.analytics.failed("UpdateItem", &error))
    }

    /// Which minute of its hour, or hour of its day, an item is about: the end of its sort key.
    pub(super) fn place(&self, item: &Item) -> Result<u8, TableError> {
        let place = string(item, SK).rsplit_once('#').and_then(|(_, place)| place.parse().ok());
        place.ok_or_else(|| self.analytics.malformed(item, SK))
    }
}

impl Whole {
    /// How much of it a pack is to hold. Hours are written once an hour and hold their minutes.
    const fn size(self) -> Size {
        match self {
            Self::Hour(_) => Size::OF_MINUTE,
            Self::Day(_) => Size::OF_HOUR,
        }
    }

    /// How many parts it has.
    pub(super) const fn parts(self) -> u8 {
        match self {
            Self::Hour(_) => 60,
            Self::Day(_) => 24,
        }
    }

    /// How many of its parts are over when the watermark is at a minute.
    pub(super) fn settled(self, through: Minute) -> u8 {
        let over = match self {
            Self::Hour(hour) => through.plus(1).since(hour.first_minute()),
            Self::Day(day) => through.plus(1).since(day.first_hour().first_minute()).div_euclid(60),
        };
        u8::try_from(over.clamp(0, self.parts().into())).unwrap_or_default()
    }

    fn expires_at(self, place: u8) -> i64 {
        let place = place.into();
        match self {
            Self::Hour(hour) => after_days(hour.first_minute().plus(place).start(), MINUTES_DAYS),
            Self::Day(day) => after_days(day.first_hour().plus(place).start(), RETENTION_DAYS),
        }
    }
}

impl Parts {
    pub(super) fn partition(self) -> String {
        let Self { whole, bucket } = self;
        match whole {
            Whole::Hour(hour) => format!("MINUTE#{hour}#{bucket}"),
            Whole::Day(day) => format!("HOUR#{day}#{bucket}"),
        }
    }

    fn row(self, place: u8, range: &Range, pack: &Pack) -> Row {
        Row {
            pk: self.partition(),
            sk: sort(range, place),
            events: pack.events(),
            known: pack.known(),
            attributes: vec![(USAGES, binary(pack.body()))],
            expires_at: Some(self.whole.expires_at(place)),
        }
    }
}

/// The sort key of what is a range's or a subject's in a part.
pub(super) fn sort(whose: &impl Display, place: u8) -> String {
    format!("{whose}#{place:02}")
}

/// A minute of its hour, or an hour of its day: both are below 60.
pub(super) fn place_of(part: i64) -> u8 {
    u8::try_from(part).unwrap_or_default()
}

/// The levels that the item of a whole bucket names.
pub(super) fn levels(item: &Item) -> impl Iterator<Item = u8> + '_ {
    let levels = item.get(LEVELS).and_then(|levels| levels.as_ns().ok());
    levels.into_iter().flatten().filter_map(|level| level.parse().ok())
}
