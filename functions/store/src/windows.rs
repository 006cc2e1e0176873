//! Where windows are kept: minutes and hours of each subject by bucket, days by user, and totals.
//!
//! Invariant: a window is set from its parts and only ever by one that holds as many events or more, so that a
//! slow writer cannot undo a faster one.

use std::fmt;
use std::str::FromStr;

use contract::limit::{HISTORY_DAYS, MINUTES_DAYS};
use contract::table::{KEY, PK, SK, TTL, USER};
use futures::StreamExt;
use jiff::Timestamp;
use metering::cell::Cell;
use metering::figures::Figures;
use metering::fold::Fold;
use metering::subject::{Bucket, Subject};
use metering::total::Total;
use metering::window::{Day, Hour, InvalidWindow, Minute, Month};

use crate::blocks::after_days;
use crate::table::{
    CONCURRENCY, Consistency, Item, Sort, Table, TableError, json, number, string, text, unless_condition_failed,
};

/// What was published of a minute, beside its total.
const PUBLISHED: &str = "published";

/// The windows of both tables.
#[derive(Clone, Debug)]
pub struct Windows {
    analytics: Table,
    usage: Table,
}

/// A user's day, as far as it goes.
#[derive(Clone, Debug)]
pub struct UserDay {
    /// The day.
    pub day: Day,
    /// What happened up to [`through`](Self::through).
    pub cell: Cell,
    /// The last minute that the cell covers.
    pub through: Minute,
}

/// A window over all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// One minute.
    Minute(Minute),
    /// One hour.
    Hour(Hour),
    /// One day.
    Day(Day),
}

/// What was published of a minute, as it was read.
#[derive(Clone, Debug)]
pub struct Published {
    /// The figures.
    pub figures: Figures,
    stored: aws_sdk_dynamodb::types::AttributeValue,
}

/// A write of one row, under the condition that it does not shrink.
struct Row {
    pk: String,
    sk: String,
    events: u64,
    attributes: Vec<(&'static str, aws_sdk_dynamodb::types::AttributeValue)>,
    expires_at: Option<i64>,
}

impl Windows {
    /// The windows of an analytics and a usage table.
    pub const fn new(analytics: Table, usage: Table) -> Self {
        Self { analytics, usage }
    }

    /// Sets the rows of a minute.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_minute(&self, minute: Minute, fold: &Fold) -> Result<(), TableError> {
        let rows = fold.cells.iter().map(|(subject, cell)| Row {
            pk: format!("MINUTE#{}#{}", minute.hour(), subject.bucket()),
            sk: format!("{subject}#{:02}", minute.of_hour()),
            events: cell.events,
            attributes: vec![("subject", text(subject.to_string())), ("cell", json(cell))],
            expires_at: Some(after_days(minute.start(), MINUTES_DAYS)),
        });
        self.set_all(&self.analytics, rows.collect()).await
    }

    /// Sets the rows of an hour.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_hour(&self, hour: Hour, fold: &Fold) -> Result<(), TableError> {
        let rows = fold.cells.iter().map(|(subject, cell)| Row {
            pk: format!("HOUR#{}#{}", hour.day(), subject.bucket()),
            sk: format!("{subject}#{:02}", hour.of_day()),
            events: cell.events,
            attributes: vec![("subject", text(subject.to_string())), ("cell", json(cell))],
            expires_at: Some(after_days(hour.start(), HISTORY_DAYS)),
        });
        self.set_all(&self.analytics, rows.collect()).await
    }

    /// Sets the days of subjects. Days never expire: all time is their sum.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_day(&self, day: Day, through: Minute, fold: &Fold) -> Result<(), TableError> {
        let rows = fold.cells.iter().map(|(subject, cell)| Row {
            pk: usage_partition(subject),
            sk: format!("{}#DAY#{:02}", day.month(), day.of_month()),
            events: cell.events,
            attributes: vec![("cell", json(cell)), ("through", text(through.to_string()))],
            expires_at: None,
        });
        self.set_all(&self.usage, rows.collect()).await
    }

    /// Sets a total.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn set_total(&self, span: Span, total: &Total) -> Result<(), TableError> {
        let (pk, sk) = span.key();
        let expires_at = span.expires_at();
        self.set(
            &self.analytics,
            Row { pk, sk, events: total.events, attributes: vec![("total", json(total))], expires_at },
        )
        .await
    }

    /// Tries every row, so that one that is refused holds up no other, and tells of one that failed.
    async fn set_all(&self, table: &Table, rows: Vec<Row>) -> Result<(), TableError> {
        let writes = rows.into_iter().map(|row| self.set(table, row));
        let written: Vec<_> = futures::stream::iter(writes).buffer_unordered(CONCURRENCY).collect().await;
        written.into_iter().collect()
    }

    async fn set(&self, table: &Table, row: Row) -> Result<(), TableError> {
        let Row { pk, sk, events, attributes, expires_at } = row;
        let mut assignments = vec!["#events = :events".to_owned()];
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
            .condition_expression("attribute_not_exists(#events) OR #events <= :events")
            .expression_attribute_names("#events", "events")
            .expression_attribute_values(":events", number(events));
        unless_condition_failed(request.send().await).map(drop).map_err(|error| table.failed("UpdateItem", &error))
    }

    /// The minutes of a bucket in the hour of `last`, up to `last`, by subject and summed.
    ///
    /// # Errors
    /// When the query fails or a row cannot be read.
    pub async fn hour_of_minutes(&self, last: Minute, bucket: Bucket) -> Result<Fold, TableError> {
        self.sum(&format!("MINUTE#{}#{bucket}", last.hour()), last.of_hour()).await
    }

    /// The hours of a bucket in the day of `last`, up to `last`, by subject and summed.
    ///
    /// # Errors
    /// When the query fails or a row cannot be read.
    pub async fn day_of_hours(&self, last: Hour, bucket: Bucket) -> Result<Fold, TableError> {
        self.sum(&format!("HOUR#{}#{bucket}", last.day()), last.of_day()).await
    }

    async fn sum(&self, pk: &str, last: i64) -> Result<Fold, TableError> {
        let mut fold = Fold::default();
        for item in self.analytics.query(pk, Sort::All, Consistency::Strong).await? {
            let subject = Subject::parse(&string(&item, "subject"));
            let subject = subject.ok_or_else(|| self.analytics.malformed(&item, "subject"))?;
            if self.part(&item)? <= last {
                fold.add(subject, &self.analytics.json(&item, "cell")?);
            }
        }
        Ok(fold)
    }

    /// Which minute of its hour, or hour of its day, a row is about: the end of its sort key.
    fn part(&self, item: &Item) -> Result<i64, TableError> {
        let part = string(item, SK).rsplit_once('#').and_then(|(_, part)| part.parse().ok());
        part.ok_or_else(|| self.analytics.malformed(item, SK))
    }

    /// A subject's minutes in an hour, oldest first.
    ///
    /// # Errors
    /// When the query fails or a row cannot be read.
    pub async fn minutes(&self, subject: &Subject, hour: Hour) -> Result<Vec<(Minute, Cell)>, TableError> {
        let rows = self.rows_of(&format!("MINUTE#{hour}#{}", subject.bucket()), subject).await?;
        Ok(rows.into_iter().map(|(n, cell)| (hour.first_minute().plus(n), cell)).collect())
    }

    /// A subject's hours in a day, oldest first.
    ///
    /// # Errors
    /// When the query fails or a row cannot be read.
    pub async fn hours(&self, subject: &Subject, day: Day) -> Result<Vec<(Hour, Cell)>, TableError> {
        let rows = self.rows_of(&format!("HOUR#{day}#{}", subject.bucket()), subject).await?;
        Ok(rows.into_iter().map(|(n, cell)| (day.first_hour().plus(n), cell)).collect())
    }

    /// The rows of one subject. Another's name may begin with this one's and a `#`, hence the second look.
    async fn rows_of(&self, pk: &str, subject: &Subject) -> Result<Vec<(i64, Cell)>, TableError> {
        let name = subject.to_string();
        let rows = self.analytics.query(pk, Sort::Prefix(format!("{name}#")), Consistency::Strong).await?;
        let own = rows.iter().filter(|item| string(item, "subject") == name);
        own.map(|item| Ok((self.part(item)?, self.analytics.json(item, "cell")?))).collect()
    }

    /// The day that an item of the usage table holds, if it holds one.
    ///
    /// # Errors
    /// When it is a day that cannot be read.
    pub fn user_day(&self, item: &Item) -> Result<Option<UserDay>, TableError> {
        let sk = string(item, SK);
        let Some((month, day)) = sk.split_once("#DAY#") else { return Ok(None) };
        let day = format!("{month}-{day}").parse().map_err(|_| self.usage.malformed(item, SK))?;
        let through = string(item, "through").parse().map_err(|_| self.usage.malformed(item, "through"))?;
        Ok(Some(UserDay { day, cell: self.usage.json(item, "cell")?, through }))
    }

    /// Everything the usage table holds of a subject, of one month or of all.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn usage_items(&self, subject: &Subject, month: Option<Month>) -> Result<Vec<Item>, TableError> {
        let sort = month.map_or(Sort::All, |month| Sort::Prefix(format!("{month}#")));
        self.usage.query(&usage_partition(subject), sort, Consistency::Strong).await
    }

    /// The totals from one window to another of the same kind and, for minutes, the same day, or, for hours, month.
    ///
    /// # Errors
    /// When the query fails or a row cannot be read.
    pub async fn totals(&self, first: Span, last: Span) -> Result<Vec<(String, Total)>, TableError> {
        let ((pk, from), (_, to)) = (first.key(), last.key());
        let items = self.analytics.query(&pk, Sort::Between(from, to), Consistency::Strong).await?;
        // A minute in which nothing happened holds no more than what was published of it.
        let items = items.iter().filter(|item| item.contains_key("total"));
        items.map(|item| Ok((string(item, SK), self.analytics.json(item, "total")?))).collect()
    }

    /// What has been published of a minute so far, if anything.
    ///
    /// # Errors
    /// When the request fails or what was published cannot be read.
    pub async fn published(&self, minute: Minute) -> Result<Option<Published>, TableError> {
        let (pk, sk) = Span::Minute(minute).key();
        let item = self.analytics.get(&pk, &sk, Consistency::Strong).await?.unwrap_or_default();
        let Some(stored) = item.get(PUBLISHED).cloned() else { return Ok(None) };
        Ok(Some(Published { figures: self.analytics.json(&item, PUBLISHED)?, stored }))
    }

    /// Claims what has not been published of a minute, `before` being what was: whether it is this run's to publish.
    /// It is another's where that was faster.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn claim(&self, minute: Minute, before: Option<Published>, now: &Figures) -> Result<bool, TableError> {
        if before.as_ref().is_some_and(|before| before.figures == *now) {
            return Ok(false);
        }
        let (pk, sk) = Span::Minute(minute).key();
        let request =
            self.analytics.client().update_item().table_name(self.analytics.name()).key(PK, text(pk)).key(SK, text(sk));
        let request = request
            .update_expression("SET #published = :now, #ttl = if_not_exists(#ttl, :ttl)")
            .expression_attribute_names("#published", PUBLISHED)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":now", json(now))
            .expression_attribute_values(":ttl", number(after_days(minute.start(), HISTORY_DAYS)));
        let request = match before {
            None => request.condition_expression("attribute_not_exists(#published)"),
            Some(before) => request
                .condition_expression("#published = :before")
                .expression_attribute_values(":before", before.stored),
        };
        let claimed = unless_condition_failed(request.send().await);
        Ok(claimed.map_err(|error| self.analytics.failed("UpdateItem", &error))?.is_some())
    }
}

impl Span {
    /// The minute that it is, if it is one.
    pub const fn minute(self) -> Option<Minute> {
        match self {
            Self::Minute(minute) => Some(minute),
            Self::Hour(_) | Self::Day(_) => None,
        }
    }

    fn key(self) -> (String, String) {
        match self {
            Self::Minute(minute) => (format!("TOTAL#MINUTE#{}", minute.day()), minute.to_string()),
            Self::Hour(hour) => (format!("TOTAL#HOUR#{}", hour.day().month()), hour.to_string()),
            Self::Day(day) => ("TOTAL#DAY".into(), day.to_string()),
        }
    }

    fn expires_at(self) -> Option<i64> {
        let start: Timestamp = match self {
            Self::Minute(minute) => minute.start(),
            Self::Hour(hour) => hour.start(),
            Self::Day(_) => return None,
        };
        Some(after_days(start, HISTORY_DAYS))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minute(minute) => minute.fmt(f),
            Self::Hour(hour) => hour.fmt(f),
            Self::Day(day) => day.fmt(f),
        }
    }
}

impl FromStr for Span {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = text.parse().map(Self::Day);
        let hour = |_| text.parse().map(Self::Hour);
        day.or_else(hour).or_else(|_: InvalidWindow| text.parse().map(Self::Minute))
    }
}

/// Where the usage table keeps what belongs to a subject.
pub fn usage_partition(subject: &Subject) -> String {
    match subject {
        Subject::User(email) => format!("{USER}{email}"),
        Subject::Key(id) => format!("{KEY}{id}"),
    }
}
