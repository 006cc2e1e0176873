//! Where windows are kept: minutes and hours of each subject by bucket, days by user, and totals.
//!
//! Invariant: a window is set from its parts and only ever by one that holds more events, or as many and the answers to
//! as many calls, so that a slow writer cannot undo a faster one.

mod companies;
mod minutes;
mod pack;
mod published;
mod span;
mod totals;
mod users;

use aws_sdk_dynamodb::types::AttributeValue;
use contract::limit::HISTORY_DAYS;
use contract::table::{KEY, PK, SK, TTL, USER};
use futures::StreamExt;
use metering::course::Course;
use metering::fold::UsageBySubject;
use metering::subject::{Bucket, Subject};
use metering::usage::Usage;
use metering::window::{Day, Hour, Minute, Month};

use crate::blocks::after_days;
use crate::table::{
    CONCURRENCY, Consistency, Item, Sort, Table, TableError, compact_json, number, readable, string, text,
    unless_condition_failed,
};

pub use published::Published;
pub use span::Span;

/// Attribute that names whose a row is.
const SUBJECT: &str = "subject";
/// Attribute that holds what a subject did.
pub(crate) const USAGE: &str = "cell";
/// What stands between the month and the day in the sort key of a user's day.
pub(crate) const DAY: &str = "#DAY#";
/// Attribute that holds how a window came about.
const COURSE: &str = "course";
/// The condition of a write: it brings more events, or as many and the answers to as many calls.
const GROWS: &str = "attribute_not_exists(#events) OR #events < :events OR \
     (#events = :events AND (attribute_not_exists(#known) OR #known <= :known))";

/// The windows of both tables.
#[derive(Clone, Debug)]
pub struct Windows {
    analytics: Table,
    usage: Table,
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

/// A subject's hour.
#[derive(Clone, Debug)]
pub struct UserHour {
    pub hour: Hour,
    /// What happened in it.
    pub usage: Usage,
    /// Its minutes, where they are known.
    pub course: Option<Course>,
}

/// A write of one row, under the condition that it does not shrink.
struct Row {
    pk: String,
    sk: String,
    events: u64,
    /// Of how many calls it knows the answer.
    known: u64,
    attributes: Vec<(&'static str, AttributeValue)>,
    expires_at: Option<i64>,
}

impl Windows {
    /// The windows of an analytics and a usage table.
    pub const fn new(analytics: Table, usage: Table) -> Self {
        Self { analytics, usage }
    }

    /// Sets the rows of an hour.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_hour(&self, hour: Hour, fold: &UsageBySubject) -> Result<(), TableError> {
        let rows = fold.usages.iter().map(|(subject, usage)| Row {
            pk: format!("HOUR#{}#{}", hour.day(), subject.bucket()),
            sk: format!("{subject}#{:02}", hour.of_day()),
            events: usage.events,
            known: usage.performance.known(),
            attributes: [(SUBJECT, text(subject.to_string())), (USAGE, compact_json(usage))]
                .into_iter()
                .chain(course_of(fold, subject))
                .collect(),
            expires_at: Some(after_days(hour.start(), HISTORY_DAYS)),
        });
        self.set_all(&self.analytics, rows.collect()).await
    }

    /// Sets the days of subjects. Days never expire: all time is their sum.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_day(&self, day: Day, through: Minute, fold: &UsageBySubject) -> Result<(), TableError> {
        let rows = fold.usages.iter().map(|(subject, usage)| Row {
            pk: usage_partition(subject),
            sk: format!("{}{DAY}{:02}", day.month(), day.of_month()),
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

    async fn set_all(&self, table: &Table, rows: Vec<Row>) -> Result<(), TableError> {
        all(rows.into_iter().map(|row| self.set(table, row))).await
    }

    async fn set(&self, table: &Table, row: Row) -> Result<(), TableError> {
        let Row { pk, sk, events, known, attributes, expires_at } = row;
        let mut assignments = vec!["#events = :events, #known = :known".to_owned()];
        let mut request = table.client().update_item().table_name(table.name()).key(PK, text(pk)).key(SK, text(sk));
        let expiry = expires_at.map(|second| (TTL, number(second)));
        for (name, value) in attributes.into_iter().chain(expiry) {
            assignments.push(format!("#{name} = :{name}"));
            request = request
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let request = request
            .update_expression(format!("SET {}", assignments.join(", ")))
            .condition_expression(GROWS)
            .expression_attribute_names("#events", "events")
            .expression_attribute_names("#known", "known")
            .expression_attribute_values(":events", number(events))
            .expression_attribute_values(":known", number(known));
        unless_condition_failed(request.send().await).map(drop).map_err(|error| table.failed("UpdateItem", &error))
    }

    /// The hours of a bucket in the day of `last`, up to `last`, by subject and summed.
    ///
    /// # Errors
    /// When the query fails or a row cannot be read.
    pub async fn day_of_hours(&self, last: Hour, bucket: Bucket) -> Result<UsageBySubject, TableError> {
        let (pk, last) = (format!("HOUR#{}#{bucket}", last.day()), last.of_day());
        let mut pages = self.analytics.pages(&pk, Sort::All, Consistency::Strong);
        let mut fold = UsageBySubject::default();
        while let Some(page) = pages.next().await? {
            for item in page {
                let (place, subject) = (self.place(&item)?, self.subject(&item)?);
                if i64::from(place) <= last {
                    fold.add_part(place, subject, &self.analytics.json(&item, USAGE)?);
                }
            }
        }
        Ok(fold)
    }

    fn subject(&self, item: &Item) -> Result<Subject, TableError> {
        Subject::parse(&string(item, SUBJECT)).ok_or_else(|| self.analytics.malformed(item, SUBJECT))
    }

    /// A subject's hours from one to another of the same day, oldest first, as far as they can be read.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn hours(&self, subject: &Subject, first: Hour, last: Hour) -> Result<Vec<UserHour>, TableError> {
        let day = first.day();
        let (pk, name) = (format!("HOUR#{day}#{}", subject.bucket()), subject.to_string());
        let place = |hour: Hour| format!("{name}#{:02}", hour.of_day());
        let rows = self.analytics.query(&pk, Sort::Between(place(first), place(last)), Consistency::Strong).await?;
        // Another's name may begin with this one's and a `#`.
        let rows: Vec<_> = rows.into_iter().filter(|item| string(item, SUBJECT) == name).collect();
        let hour = |item: &Item| {
            let hour = day.first_hour().plus(self.place(item)?.into());
            Ok(UserHour { hour, usage: self.analytics.json(item, USAGE)?, course: self.course(&self.analytics, item)? })
        };
        rows.iter().filter_map(|item| readable(hour(item)).transpose()).collect()
    }

    /// How a window came about; nothing where it was set before courses were kept.
    fn course(&self, table: &Table, item: &Item) -> Result<Option<Course>, TableError> {
        item.contains_key(COURSE).then(|| table.json(item, COURSE)).transpose()
    }

    async fn rows_of(
        &self,
        pk: &str,
        subject: &Subject,
        consistency: Consistency,
    ) -> Result<Vec<(u8, Usage)>, TableError> {
        let rows = self.own_rows(pk, subject, consistency).await?;
        let usage = |item: &Item| Ok((self.place(item)?, self.analytics.json(item, USAGE)?));
        rows.iter().filter_map(|item| readable(usage(item)).transpose()).collect()
    }

    /// The rows of one subject. Another's name may begin with this one's and a `#`, hence the second look.
    async fn own_rows(&self, pk: &str, subject: &Subject, consistency: Consistency) -> Result<Vec<Item>, TableError> {
        let name = subject.to_string();
        let mut rows = self.analytics.query(pk, Sort::Prefix(format!("{name}#")), consistency).await?;
        rows.retain(|item| string(item, SUBJECT) == name);
        Ok(rows)
    }

    /// The day that an item of the usage table holds, if it holds one.
    ///
    /// # Errors
    /// When it is a day that cannot be read.
    pub fn user_day(&self, item: &Item) -> Result<Option<UserDay>, TableError> {
        let sk = string(item, SK);
        let Some((month, day)) = sk.split_once(DAY) else { return Ok(None) };
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

/// Carries out some writes, each of them whatever comes of the others, and tells of one that failed.
async fn all(writes: impl IntoIterator<Item = impl Future<Output = Result<(), TableError>>>) -> Result<(), TableError> {
    let written: Vec<_> = futures::stream::iter(writes).buffer_unordered(CONCURRENCY).collect().await;
    written.into_iter().collect()
}

fn course_of(fold: &UsageBySubject, subject: &Subject) -> Option<(&'static str, AttributeValue)> {
    fold.courses.get(subject).map(|course| (COURSE, course_json(course)))
}

fn course_json(course: &Course) -> AttributeValue {
    compact_json(&course.clone().bounded())
}

/// Where the usage table keeps what belongs to a subject.
pub fn usage_partition(subject: &Subject) -> String {
    match subject {
        Subject::User(email) => format!("{USER}{email}"),
        Subject::Key(id) => format!("{KEY}{id}"),
    }
}
