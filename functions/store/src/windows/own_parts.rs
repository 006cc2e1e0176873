//! The parts of windows that are one subject's: its minutes in an hour, its hours in a day.
//!
//! Invariant: of several usages of a part the one with the most events holds, and of those the one that knows most
//! answers, whichever pack it is in; a row of an earlier deployment where no pack has the part. What is not set again is
//! read for half, eventually consistent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{MutexGuard, PoisonError};

use contract::limit::MINUTES_DAYS;
use metering::subject::{Range, Subject};
use metering::usage::Usage;
use metering::window::{Hour, Minute};

use super::kept::Kept;
use super::pack::{self, Held};
use super::parts::{Parts, USAGES, Whole, levels, place_of, sort};
use super::{SUBJECT, USAGE, UserHour, Windows};
use crate::reads;
use crate::table::{Consistency, Item, Sort, TableError, readable, string};
use crate::watermark::Settled;

/// How long after its end a part may be set again, in minutes: as long as the minutes are kept that it is made from.
const SETTLED_MINUTES: i64 = MINUTES_DAYS as i64 * 24 * 60;

/// How parts are read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    /// What is settled, where parts are kept for the next look. Read before them, so that it is in them.
    settled: Option<&'a Settled>,
    consistency: Consistency,
}

/// What one subject did, by part.
#[derive(Default)]
struct Newest {
    parts: BTreeMap<u8, Held>,
}

impl Windows {
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
        let settled = match consistency {
            Consistency::Strong => self.watermark.settled().await?,
            Consistency::Eventual => None,
        };
        let reading = Reading { settled: settled.as_ref(), consistency };
        let minutes = self.parts_of(subject, Whole::Hour(hour), (0, 59), reading).await?;
        let minute = |(place, held): (u8, Held)| (hour.first_minute().plus(place.into()), held.usage);
        Ok(minutes.into_iter().map(minute).collect())
    }

    /// A subject's hours in some runs, each from one to another of the same day, in their order, as far as they can be
    /// read.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn hours(&self, subject: &Subject, runs: &[(Hour, Hour)]) -> Result<Vec<UserHour>, TableError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let settled = self.watermark.settled().await?;
        let reading = Reading { settled: settled.as_ref(), consistency: Consistency::Strong };
        let runs = runs.iter().map(async |(first, last)| {
            let (day, places) = (first.day(), (place_of(first.of_day()), place_of(last.of_day())));
            Ok((day.first_hour(), self.parts_of(subject, Whole::Day(day), places, reading).await?))
        });
        let hour = |first: Hour, (place, Held { usage, course }): (u8, Held)| UserHour {
            hour: first.plus(place.into()),
            usage,
            course,
        };
        let days = reads::all(runs).await?.into_iter();
        Ok(days.flat_map(|(first, parts)| parts.into_iter().map(move |part| hour(first, part))).collect())
    }

    /// The parts of a window from one place to another, as they are in the table; those that have not changed since they
    /// were read are not read again.
    async fn parts_of(
        &self,
        subject: &Subject,
        whole: Whole,
        (first, last): (u8, u8),
        Reading { settled, consistency }: Reading<'_>,
    ) -> Result<BTreeMap<u8, Held>, TableError> {
        let Some(settled) = settled else { return self.read_parts(subject, whole, (first, last), consistency).await };
        if whole.settled(settled.through.plus(-SETTLED_MINUTES)) > last {
            return self.read_parts(subject, whole, (first, last), Consistency::Eventual).await;
        }
        let mut known = self.kept().known(subject, whole, &settled.revision, first);
        let mut parts: BTreeMap<_, _> = known.range(first, last);
        if known.next <= last {
            parts.extend(self.read_parts(subject, whole, (known.next, last), consistency).await?);
            known.learn(&parts, whole.settled(settled.through).min(last + 1));
            self.kept().keep(subject, whole, known);
        }
        Ok(parts)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_parts(
        &self,
        subject: &Subject,
        whole: Whole,
        places: (u8, u8),
        consistency: Consistency,
    ) -> Result<BTreeMap<u8, Held>, TableError> {
        let pk = Parts { whole, bucket: subject.bucket() }.partition();
        let packs_of = async |range: Range| self.analytics.query(&pk, between(&range, places), consistency).await;
        let packs = packs_of(Range::default()).await?;
        let levels: BTreeSet<u8> = packs.iter().flat_map(levels).filter(|level| *level > 0).collect();
        let mut newest = Newest::default();
        self.add_own(&mut newest, subject, &packs)?;
        for level in levels {
            self.add_own(&mut newest, subject, &packs_of(subject.range(level)).await?)?;
        }
        let Some(places) = newest.unknown(places) else { return Ok(newest.parts) };
        let row = |item: &Item| Ok((self.place(item)?, self.held(item)?));
        for item in self.own_rows(&pk, subject, places, consistency).await? {
            readable(row(&item))?.into_iter().for_each(|(place, held)| newest.add(place, held));
        }
        Ok(newest.parts)
    }

    /// The rows of one subject, as earlier deployments have set them. Another's name may begin with this one's and a
    /// `#`, hence the second look.
    async fn own_rows(
        &self,
        pk: &str,
        subject: &Subject,
        places: (u8, u8),
        consistency: Consistency,
    ) -> Result<Vec<Item>, TableError> {
        let mut rows = self.analytics.query(pk, between(subject, places), consistency).await?;
        rows.retain(|item| string(item, SUBJECT) == subject.to_string());
        Ok(rows)
    }

    /// What a row of a single subject holds.
    fn held(&self, item: &Item) -> Result<Held, TableError> {
        Ok(Held { usage: self.analytics.json(item, USAGE)?, course: self.course(&self.analytics, item)? })
    }

    fn add_own(&self, newest: &mut Newest, subject: &Subject, packs: &[Item]) -> Result<(), TableError> {
        let own = |item: &Item| {
            let held = pack::held_of(subject, self.analytics.bytes(item, USAGES)?);
            Ok((self.place(item)?, held.ok_or_else(|| self.analytics.malformed(item, USAGES))?))
        };
        for item in packs.iter().filter(|item| item.contains_key(USAGES)) {
            if let Some((place, Some(held))) = readable(own(item))? {
                newest.add(place, held);
            }
        }
        Ok(())
    }
}

impl Newest {
    /// From which place to which there are parts that no pack holds, among some.
    fn unknown(&self, (first, last): (u8, u8)) -> Option<(u8, u8)> {
        let is_unknown = |place: &u8| !self.parts.contains_key(place);
        Some(((first..=last).find(is_unknown)?, (first..=last).rev().find(is_unknown)?))
    }

    fn add(&mut self, place: u8, held: Held) {
        let known = self.parts.entry(place).or_default();
        if known.usage.is_older_than(&held.usage) {
            *known = held;
        }
    }
}

/// The sort keys of what is a subject's or a range's, from one place to another.
fn between(whose: &impl Display, (first, last): (u8, u8)) -> Sort {
    Sort::Between(sort(whose, first), sort(whose, last))
}
