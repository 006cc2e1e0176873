//! Who has called in an hour and a day: listed as their minutes are set, and again when they are over, by when in them.
//!
//! Invariant: whoever calls in a part of a window is listed under that part or an earlier one, and, once the window is
//! over, under that or a later one as well: so the lists tell of any part to which they begin or end. Lists only grow, by
//! items that are named by what they hold: who lists a part again, or beside another, may name somebody twice, and loses
//! nobody.

use std::collections::BTreeMap;

use contract::limit::{MINUTES_DAYS, RETENTION_DAYS};
use contract::table::{PK, SK, TTL};
use metering::user_set::{ByPart, Ends, Listed, Packed, UserSet};
use metering::window::Minute;
use serde::{Deserialize, Serialize};

use super::{Span, Windows};
use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, TableError, binary, compact_json, number, readable, string, text};

/// Attribute that holds callers.
const CALLERS: &str = "callers";
/// Attribute that holds how many callers each part has.
const COUNTS: &str = "counts";
/// Sort key of the counts: where every read of a list begins or ends.
const COUNTED: &str = "!";
/// Minutes of a part of an hour that is over: all zones' days begin between two of them.
const QUARTER: u8 = 15;
/// What sorts behind all names of items.
const LAST: char = '~';

/// From which end of a window its callers are listed once it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Each under the part of their first call: the list tells of all parts up to one.
    First,
    /// Each under the part of their last call: it tells of all parts from one on.
    Last,
}

impl Windows {
    /// Lists the callers of a minute whom the lists of its hour and its day do not name up to it; returns how many these
    /// name then, or nothing where there are no callers.
    ///
    /// # Errors
    /// When a request fails. Some of them may be listed then.
    pub async fn list_callers(&self, minute: Minute, callers: &UserSet) -> Result<Option<Listed>, TableError> {
        if callers.is_empty() {
            return Ok(None);
        }
        let [hour, day] = [Span::Hour(minute.hour()), Span::Day(minute.day())];
        let (of_hour, of_day) = tokio::try_join!(self.list(hour, minute, callers), self.list(day, minute, callers))?;
        Ok(Some(Listed { of_hour, of_day }))
    }

    async fn list(&self, whole: Span, minute: Minute, callers: &UserSet) -> Result<u64, TableError> {
        let (mut listed, mut earlier) = (UserSet::default(), UserSet::default());
        for (part, callers) in self.items(&partition(whole), Sort::All, Consistency::Strong).await? {
            if part <= minute.to_string() {
                earlier.merge(&callers);
            }
            listed.merge(&callers);
        }
        let (new, expires_at) = (callers.without(&earlier), after_days(minute.start(), MINUTES_DAYS));
        let items =
            new.pack().into_iter().map(|packed| item(&partition(whole), &minute.to_string(), packed, expires_at));
        self.analytics.put_all(items).await?;
        listed.merge(&new);
        Ok(listed.count())
    }

    /// The callers of an hour or a day that are listed under its minutes from one to another.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn callers(
        &self,
        whole: Span,
        (first, last): (Minute, Minute),
        consistency: Consistency,
    ) -> Result<Vec<(Minute, UserSet)>, TableError> {
        let between = Sort::Between(first.to_string(), format!("{last}{LAST}"));
        let items = self.items(&partition(whole), between, consistency).await?.into_iter();
        Ok(items.filter_map(|(part, callers)| Some((part.parse().ok()?, callers))).collect())
    }

    /// Lists the callers of an hour or a day that is over from both ends.
    ///
    /// # Errors
    /// When a request fails. Some of them may be listed then, and readers do without the list.
    pub async fn list_ends(&self, whole: Span, Ends { first, last }: &Ends) -> Result<(), TableError> {
        let (partition, expires_at) = (ends(whole), after_days(whole.first_minute().start(), RETENTION_DAYS));
        let listed = self.items(&partition, Sort::All, Consistency::Strong).await?;
        let ends = [(End::First, by_part(whole, first)), (End::Last, by_part(whole, last))];
        let items = ends.iter().flat_map(|(end, by_part)| {
            by_part.iter().flat_map(|(part, callers)| {
                let mut known = UserSet::default();
                let reached = listed.iter().filter(|(name, _)| end.part(name).is_some_and(|at| end.reaches(at, *part)));
                reached.for_each(|(_, callers)| known.merge(callers));
                let new = callers.without(&known).pack().into_iter();
                new.map(|packed| item(&partition, &end.name(*part), packed, expires_at)).collect::<Vec<_>>()
            })
        });
        self.analytics.put_all(items).await?;
        let [first, last] = ends.map(|(_, by_part)| counts(&by_part));
        let counts = [
            (PK, text(partition.clone())),
            (SK, text(COUNTED)),
            (COUNTS, compact_json(&Counts { first, last })),
            (TTL, number(expires_at)),
        ];
        self.analytics.put_all([counts.map(|(name, value)| (name.to_owned(), value)).into()]).await
    }

    /// The callers of an hour or a day that is over up to the end of one of its places, or from its beginning on;
    /// nothing where they are not listed, or the read has missed some.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn callers_at(&self, whole: Span, end: End, place: u8) -> Result<Option<UserSet>, TableError> {
        let (last_part, mut callers, mut counts) = (part(whole, place), UserSet::default(), None);
        let between = match end {
            End::First => Sort::Between(COUNTED.into(), format!("{}{LAST}", end.name(last_part))),
            End::Last => Sort::Between(end.name(last_part), COUNTED.into()),
        };
        for item in self.analytics.query(&ends(whole), between, Consistency::Eventual).await? {
            if string(&item, SK) == COUNTED {
                counts = readable(self.analytics.json::<Counts>(&item, COUNTS))?;
            } else {
                readable(self.analytics.bytes(&item, CALLERS))?.into_iter().for_each(|body| callers.add_packed(body));
            }
        }
        let Some(Counts { first, last }) = counts else { return Ok(None) };
        let by_part = if end == End::First { first } else { last };
        let expected: u64 = by_part.iter().filter(|(at, _)| end.reaches(**at, last_part)).map(|(_, users)| users).sum();
        Ok((callers.count() >= expected).then_some(callers))
    }

    /// The callers that items hold, under their parts.
    async fn items(
        &self,
        partition: &str,
        sort: Sort,
        consistency: Consistency,
    ) -> Result<Vec<(String, UserSet)>, TableError> {
        let mut found = Vec::new();
        for item in self.analytics.query(partition, sort, consistency).await? {
            let (mut callers, key) = (UserSet::default(), string(&item, SK));
            let Some((part, _)) = key.rsplit_once('#') else { continue };
            readable(self.analytics.bytes(&item, CALLERS))?.into_iter().for_each(|body| callers.add_packed(body));
            found.push((part.to_owned(), callers));
        }
        Ok(found)
    }
}

/// How many callers each part has, by both ends.
#[derive(Deserialize, Serialize)]
struct Counts {
    first: BTreeMap<u8, u64>,
    last: BTreeMap<u8, u64>,
}

impl End {
    /// What the names of a part's items begin with: those from the last call on sort before the counts, the others behind.
    fn name(self, part: u8) -> String {
        let before = if self == Self::Last { " " } else { "" };
        format!("{before}{part:02}")
    }

    /// The part of a name, if it is of this end.
    fn part(self, name: &str) -> Option<u8> {
        let part = if self == Self::Last { name.strip_prefix(' ')? } else { name };
        part.parse().ok()
    }

    /// Whether the list that is read for a part has what stands under another.
    const fn reaches(self, other: u8, part: u8) -> bool {
        match self {
            Self::First => other <= part,
            Self::Last => other >= part,
        }
    }
}

fn by_part(whole: Span, by_place: &ByPart) -> ByPart {
    let mut by_part = ByPart::new();
    for (place, callers) in by_place {
        by_part.entry(part(whole, *place)).or_default().merge(callers);
    }
    by_part
}

fn counts(by_part: &ByPart) -> BTreeMap<u8, u64> {
    by_part.iter().map(|(part, callers)| (*part, callers.count())).collect()
}

/// Whether a list from an end of an hour that is over may begin at a minute, or end before it.
pub fn begins_part(minute: Minute) -> bool {
    minute.of_hour() % i64::from(QUARTER) == 0
}

/// The part of a window that is over in which a place is: the quarter of an hour, the hour of a day.
const fn part(whole: Span, place: u8) -> u8 {
    match whole {
        Span::Hour(_) | Span::Minute(_) => place / QUARTER,
        Span::Day(_) => place,
    }
}

fn item(partition: &str, part: &str, Packed { name, body }: Packed, expires_at: i64) -> Item {
    let attributes = [
        (PK, text(partition)),
        (SK, text(format!("{part}#{name}"))),
        (CALLERS, binary(body)),
        (TTL, number(expires_at)),
    ];
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

fn partition(whole: Span) -> String {
    format!("CALLERS#{whole}")
}

fn ends(whole: Span) -> String {
    format!("{}#ENDS", partition(whole))
}
