//! Where windows are kept: minutes and hours packed by bucket, days by user, and totals.
//!
//! Invariant: a window is set from its parts and only ever by one that holds more events, or as many and the answers to
//! as many calls, so that a slow writer cannot undo a faster one.

mod active_users;
mod answered;
mod budget;
mod callers;
mod companies;
mod hourly;
mod kept;
mod minutely;
mod own_parts;
mod pack;
mod parts;
mod published;
mod row;
mod span;
mod sums;
mod totals;
mod users;

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use contract::table::{KEY, SK, USER};
use metering::course::Course;
use metering::fold::UsageBySubject;
use metering::subject::Subject;
use metering::usage::Usage;
use metering::window::{Day, Hour, Minute, Month};

use crate::table::{Consistency, Item, Sort, Table, TableError, compact_json, readable, string, text};
use crate::watermark::Watermark;

use self::kept::Kept;
use self::parts::place_of;
use self::row::{Row, all};

pub use callers::{End, begins_part};
pub use minutely::Counts;
pub use published::Published;
pub use span::Span;
pub use totals::Past;

/// Attribute that names whose a row is.
const SUBJECT: &str = "subject";
/// Attribute that holds what a subject did.
pub(crate) const USAGE: &str = "cell";
/// What stands between the month and the day in the sort key of a user's day.
pub(crate) const DAY: &str = "#DAY#";
/// Attribute that holds how a window came about.
const COURSE: &str = "course";
/// The windows of both tables.
#[derive(Clone, Debug)]
pub struct Windows {
    analytics: Table,
    usage: Table,
    watermark: Watermark,
    kept: Arc<Mutex<Kept>>,
}

/// A user's day, as far as it goes.
#[derive(Clone, Debug)]
pub struct UserDay {
    pub day: Day,
    /// What happened up to [`through`](Self::through).
    pub usage: Usage,
    /// The last minute that the usage covers.
    pub through: Minute,
    /// Its hours, where they are known.
    pub course: Option<Course>,
}

impl UserDay {
    /// Whether it is known that nothing happened in one of its hours.
    pub fn is_silent(&self, hour: Hour) -> bool {
        let has = |course: &Course| course.has(place_of(hour.of_day()));
        hour.last_minute() <= self.through && self.course.as_ref().is_some_and(|course| !has(course))
    }
}

/// A subject's hour.
#[derive(Clone, Debug)]
pub struct UserHour {
    pub hour: Hour,
    /// What happened in it.
    pub usage: Usage,
    /// Its minutes, where they are known.
    pub course: Option<Course>,
}

impl Windows {
    /// The windows of an analytics and a usage table.
    pub fn new(analytics: Table, usage: Table) -> Self {
        Self { watermark: Watermark::new(analytics.clone()), analytics, usage, kept: Arc::default() }
    }

    /// Sets the days of subjects. Days never expire: all time is their sum.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_day(&self, day: Day, through: Minute, fold: &UsageBySubject) -> Result<(), TableError> {
        let rows = fold.usages.iter().map(|(subject, usage)| Row {
            pk: usage_partition(subject),
            sk: sort_of_day(day),
            events: usage.events,
            known: usage.performance.known(),
            attributes: [(USAGE, compact_json(usage)), ("through", text(through.to_string()))]
                .into_iter()
                .chain(course_of(fold, subject))
                .collect(),
            expires_at: None,
        });
        self.set_all(&self.usage, rows.collect()).await
    }

    fn subject(&self, item: &Item) -> Result<Subject, TableError> {
        Subject::parse(&string(item, SUBJECT)).ok_or_else(|| self.analytics.malformed(item, SUBJECT))
    }

    /// How a window came about; nothing where it was set before courses were kept.
    fn course(&self, table: &Table, item: &Item) -> Result<Option<Course>, TableError> {
        item.contains_key(COURSE).then(|| table.json(item, COURSE)).transpose()
    }

    /// The day that an item of the usage table holds, if it holds one.
    ///
    /// # Errors
    /// When it is a day that cannot be read.
    pub fn user_day(&self, item: &Item) -> Result<Option<UserDay>, TableError> {
        let sort = string(item, SK);
        let Some((month, day)) = sort.split_once(DAY) else { return Ok(None) };
        let day = format!("{month}-{day}").parse().map_err(|_| self.usage.malformed(item, SK))?;
        let through = string(item, "through").parse().map_err(|_| self.usage.malformed(item, "through"))?;
        Ok(Some(UserDay {
            day,
            usage: self.usage.json(item, USAGE)?,
            through,
            course: self.course(&self.usage, item)?,
        }))
    }

    /// A subject's days in a month, oldest first, as far as they can be read.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn days(&self, subject: &Subject, month: Month) -> Result<Vec<UserDay>, TableError> {
        let sort = Sort::Prefix(format!("{month}{DAY}"));
        let rows = self.usage.query(&usage_partition(subject), sort, Consistency::Strong).await?;
        let days = rows.iter().filter_map(|item| readable(self.user_day(item)).transpose());
        Ok(days.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    /// Everything the usage table holds of a subject, of one month or of all.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn usage_items(&self, subject: &Subject, month: Option<Month>) -> Result<Vec<Item>, TableError> {
        let sort = month.map_or(Sort::All, |month| Sort::Prefix(format!("{month}#")));
        self.usage.query(&usage_partition(subject), sort, Consistency::Strong).await
    }
}

fn course_of(fold: &UsageBySubject, subject: &Subject) -> Option<(&'static str, AttributeValue)> {
    fold.courses.get(subject).map(|course| (COURSE, course_json(course)))
}

fn course_json(course: &Course) -> AttributeValue {
    compact_json(&course.clone().bounded())
}

/// The sort key of a user's day.
fn sort_of_day(day: Day) -> String {
    format!("{}{DAY}{:02}", day.month(), day.of_month())
}

/// Where the usage table keeps what belongs to a subject.
pub fn usage_partition(subject: &Subject) -> String {
    match subject {
        Subject::User(email) => format!("{USER}{email}"),
        Subject::Key(id) => format!("{KEY}{id}"),
    }
}

#[cfg(test)]
mod tests;
