//! Calls by minute over days, from hours, which know their minutes: of everybody, and of a user.
//!
//! Invariant: an hour that is not there had no calls, and one that does not know its minutes has them unknown.

use std::collections::BTreeMap;

use metering::course::{CallsByPlace, Course};
use metering::subject::Subject;
use metering::window::{Day, Hour, Minute};

use super::budget::Budget;
use super::hourly::OTHER_BYTES;
use super::totals::TOTAL;
use super::{COURSE, Span, UserHour, Windows};
use crate::table::{Consistency, Sort, TableError, readable, string, value_bytes};
use contract::table::SK;

/// What the hours of everybody cost at most that are read at once, in read units.
pub(super) const UNITS: usize = 1_000;
/// Bytes of items that a read unit buys of a read that sees every write (DynamoDB's read unit).
const UNIT_BYTES: usize = 4 * 1_024;

/// Calls by the first minute of each count; nothing where they are unknown.
pub type Counts = BTreeMap<Minute, Option<u64>>;

impl Windows {
    /// Everybody's calls by minute in the hours from one to another, as far back as [`UNITS`] buy them; and the first
    /// hour that they bought.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn everybodys_minutes(&self, first: Hour, last: Hour) -> Result<(Hour, Counts), TableError> {
        let (mut counts, mut budget) = (Counts::new(), Budget::new(UNITS * UNIT_BYTES));
        let mut end = last;
        while end >= first {
            let month_start = Day::of(end.day().month().start()).first_hour();
            let ((pk, from), (_, to)) = (Span::Hour(first.max(month_start)).key(), Span::Hour(end).key());
            let mut pages = self.analytics.pages(&pk, Sort::Between(from, to), Consistency::Strong).newest_first();
            while let Some(page) = pages.at_most(budget.next().max(1)).await? {
                for item in &page {
                    let Ok(hour) = string(item, SK).parse::<Hour>() else { continue };
                    budget.take(OTHER_BYTES + value_bytes(item, TOTAL) + value_bytes(item, COURSE));
                    let calls = item.contains_key(COURSE).then(|| self.analytics.json::<CallsByPlace>(item, COURSE));
                    let calls = calls.map(readable).transpose()?.flatten();
                    add(&mut counts, hour, calls.as_ref().map(CallsByPlace::iter));
                    end = hour;
                }
                if budget.next() == 0 {
                    return Ok((end, counts));
                }
            }
            end = month_start.plus(-1);
        }
        Ok((first, counts))
    }

    /// Everybody's calls in minutes of an hour, from one to another.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn everybodys_last_minutes(&self, first: Minute, last: Minute) -> Result<Counts, TableError> {
        let totals = self.readable_totals(Span::Minute(first), Span::Minute(last)).await?;
        Ok(totals.into_iter().map(|(span, total)| (span.first_minute(), Some(total.calls))).collect())
    }

    /// A user's calls by minute in the hours of a day from one to another.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn own_minutes(&self, subject: &Subject, first: Hour, last: Hour) -> Result<Counts, TableError> {
        let mut counts = Counts::new();
        for hour in self.hours(subject, &[(first, last)]).await? {
            add(&mut counts, hour.hour, hour.course.as_ref().map(Course::calls));
        }
        Ok(counts)
    }

    /// The minutes of an hour in which there may be calls of its user, and how many: of one that does not know its
    /// minutes where these have expired, from the first to the last, and all calls under the first.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn minutes_of(&self, subject: &Subject, of: &UserHour) -> Result<BTreeMap<Minute, u64>, TableError> {
        let UserHour { hour, usage, course } = of;
        if let Some(course) = course {
            let calls = course.calls().filter(|(_, calls)| *calls > 0);
            return Ok(calls.map(|(place, calls)| (hour.first_minute().plus(place.into()), calls)).collect());
        }
        let minutes = self.minutes(subject, *hour, Consistency::Strong).await?;
        if minutes.iter().map(|(_, usage)| usage.calls).sum::<u64>() >= usage.calls {
            return Ok(minutes.into_iter().map(|(minute, usage)| (minute, usage.calls)).collect());
        }
        let first = usage.first.map_or(hour.first_minute(), Minute::of);
        let last = usage.last.map_or(hour.last_minute(), Minute::of);
        let unknown = first.through(last).map(|minute| (minute, 0));
        Ok(unknown.chain([(first, usage.calls)]).collect())
    }
}

/// Adds the minutes of an hour, of which those without calls are not named.
fn add(counts: &mut Counts, hour: Hour, calls: Option<impl Iterator<Item = (u8, u64)>>) {
    let first = hour.first_minute();
    match calls {
        Some(calls) => counts.extend(calls.map(|(place, calls)| (first.plus(place.into()), Some(calls)))),
        None => counts.extend(first.through(hour.last_minute()).map(|minute| (minute, None))),
    }
}
