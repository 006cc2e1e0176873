//! Calls by hour over weeks, from days, which know their hours: of everybody, of a subject, of a company.
//!
//! Invariant: whatever days hold, reading them costs no more than [`UNITS`] read units; what these do not buy is left
//! out, the oldest first.

use std::collections::BTreeMap;

use contract::table::SK;
use metering::course::CallsByPlace;
use metering::hourly::{DayCalls, Hourly};
use metering::subject::Subject;
use metering::window::{Day, Hour};
use serde::Deserialize;

use super::budget::Budget;
use super::totals::TOTAL;
use super::{COURSE, Counts, DAY, Span, USAGE, Windows, sort_of_day, usage_partition};
use crate::reads::all;
use crate::table::{Consistency, Item, Sort, Table, TableError, readable, string, value_bytes};

/// What the days of one reader cost at most, in read units.
pub(super) const UNITS: usize = 200;
/// Bytes of items that a read unit buys where the last moments may be missing (DynamoDB's read unit is 4 KB for a read
/// that sees every write, and half as much for one that need not).
const UNIT_BYTES: usize = 8 * 1_024;
/// Bytes of an item beside its window: keys, counts and names of attributes.
pub(super) const OTHER_BYTES: usize = 300;

/// What a window says of its calls: nothing else of it is read.
#[derive(Deserialize)]
struct Calls {
    calls: u64,
}

/// Days as they are read, newest first.
struct Reading {
    days: BTreeMap<Day, DayCalls>,
    /// The first day of which everything was read.
    oldest: Day,
    budget: Budget,
}

impl Windows {
    /// Everybody's calls from one day to another.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn everybodys_hours(&self, first: Day, last: Day) -> Result<Hourly, TableError> {
        let ((pk, from), (_, to)) = (Span::Day(first).key(), Span::Day(last).key());
        let mut reading = Reading::new(first, UNITS * UNIT_BYTES);
        let day = |item: &Item| string(item, SK).parse().ok();
        reading.read(&self.analytics, (&pk, Sort::Between(from, to)), TOTAL, day).await?;
        Ok(reading.hourly())
    }

    /// The calls of some subjects together, from one day to another.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn own_hours(&self, subjects: &[Subject], first: Day, last: Day) -> Result<Hourly, TableError> {
        let budget = UNITS * UNIT_BYTES / subjects.len().max(1);
        let parts = all(subjects.iter().map(|subject| self.hours_of(subject, (first, last), budget))).await?;
        let mut hourly = Hourly::new(first, []);
        parts.iter().for_each(|part| hourly.merge(part));
        Ok(hourly)
    }

    /// A user's calls by the hour, from one to another.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn own_hours_counted(&self, subject: &Subject, first: Hour, last: Hour) -> Result<Counts, TableError> {
        let hourly = self.hours_of(subject, (first.day(), last.day()), UNITS * UNIT_BYTES).await?;
        Ok(first.through(last).map(|hour| (hour.first_minute(), hourly.calls(hour))).collect())
    }

    async fn hours_of(
        &self,
        subject: &Subject,
        (first, last): (Day, Day),
        budget: usize,
    ) -> Result<Hourly, TableError> {
        let pk = usage_partition(subject);
        let mut reading = Reading::new(first, budget);
        let mut month_end = last;
        // Month by month: what lies between days of two months is not all days.
        while month_end >= first && reading.oldest == first {
            let month_start = Day::of(month_end.month().start());
            let [from, to] = [first.max(month_start), month_end].map(sort_of_day);
            let days = (pk.as_str(), Sort::Between(from, to));
            reading.read(&self.usage, days, USAGE, |item| day_of_sort(&string(item, SK))).await?;
            month_end = month_start.plus(-1);
        }
        Ok(reading.hourly())
    }

    /// The calls of a company's members from one day to another.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn company_hours(&self, company: &str, first: Day, last: Day) -> Result<Hourly, TableError> {
        let day = async |day: Day| {
            let company = self.company(day, company, Consistency::Eventual).await?;
            let hours = company.hours.into_iter();
            let is_known = company.sums.calls == 0 || hours.len() > 0;
            let calls = if is_known { DayCalls::of_hours(hours) } else { DayCalls::without_hours(company.sums.calls) };
            Ok((day, calls))
        };
        Ok(Hourly::new(first, all(first.through(last).map(day)).await?))
    }
}

impl Reading {
    const fn new(first: Day, bytes: usize) -> Self {
        Self { days: BTreeMap::new(), oldest: first, budget: Budget::new(bytes) }
    }

    /// Reads days of a partition, newest first, as long as the budget lasts.
    async fn read(
        &mut self,
        table: &Table,
        (pk, sort): (&str, Sort),
        whole: &'static str,
        day: impl Fn(&Item) -> Option<Day>,
    ) -> Result<(), TableError> {
        let mut pages = table.pages(pk, sort, Consistency::Eventual).newest_first();
        let mut last = None;
        while let Some(page) = pages.at_most(self.budget.next().max(1)).await? {
            for item in &page {
                let Some(day) = day(item) else { continue };
                self.budget.take(OTHER_BYTES + value_bytes(item, whole) + value_bytes(item, COURSE));
                // A day that cannot be read is unknown.
                self.days.insert(day, readable(calls_of(table, item, whole))?.unwrap_or_default());
                last = Some(day);
            }
            if self.budget.next() == 0 {
                self.oldest = last.unwrap_or(self.oldest);
                break;
            }
        }
        Ok(())
    }

    fn hourly(self) -> Hourly {
        Hourly::new(self.oldest, self.days)
    }
}

/// The calls of a day, by the hour where it knows its hours.
fn calls_of(table: &Table, item: &Item, whole: &'static str) -> Result<DayCalls, TableError> {
    if item.contains_key(COURSE) {
        return Ok(DayCalls::of_hours(table.json::<CallsByPlace>(item, COURSE)?.iter()));
    }
    Ok(DayCalls::without_hours(table.json::<Calls>(item, whole)?.calls))
}

fn day_of_sort(sort: &str) -> Option<Day> {
    let (month, day) = sort.split_once(DAY)?;
    format!("{month}-{day}").parse().ok()
}
