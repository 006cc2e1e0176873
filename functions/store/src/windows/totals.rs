//! Totals: what all users did in a minute, an hour or a day.
//!
//! Invariant: the totals of consecutive windows of one kind are read by one query, of one partition.

use contract::table::SK;
use metering::course::Course;
use metering::total::Total;
use metering::user_set::Listed;
use serde::Deserialize;

use super::{COURSE, Row, Span, Windows, course_json};
use crate::table::{Consistency, Item, Sort, TableError, compact_json, readable, string};

/// Attribute that holds the sums over all subjects.
pub(super) const TOTAL: &str = "total";

/// A window that is over, as far as it tells of its parts.
#[derive(Clone, Debug)]
pub struct Past {
    pub span: Span,
    /// How it came about; nothing where it was set before courses were kept.
    pub course: Option<Course>,
    /// Users with at least one call.
    pub users: u64,
    /// How many callers of it are listed; nothing where those of some part are not.
    pub listed: Option<Listed>,
}

/// What is read of a total beside its course.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Counted {
    users: u64,
    listed: Option<Listed>,
}

impl Windows {
    /// Sets a total, with its course where it was put together from parts.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn set_total(&self, span: Span, total: &Total, course: Option<&Course>) -> Result<(), TableError> {
        let (pk, sk) = span.key();
        let attributes = [(TOTAL, compact_json(total))]
            .into_iter()
            .chain(course.map(|course| (COURSE, course_json(course))))
            .collect();
        let (events, known) = (total.events, total.known());
        let row = Row { pk, sk, events, known, attributes, expires_at: span.expires_at() };
        self.set(&self.analytics, &row).await
    }

    /// The totals from one window to another of the same kind and, for minutes, the same day, or, for hours, month.
    ///
    /// # Errors
    /// When the query fails or a row cannot be read.
    pub async fn totals(&self, first: Span, last: Span) -> Result<Vec<(Span, Total)>, TableError> {
        self.totals_as_read(first, last).await?.into_iter().collect()
    }

    /// The totals that [`totals`](Self::totals) finds, as far as they can be read: for answers, not for windows that
    /// are made of them.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn readable_totals(&self, first: Span, last: Span) -> Result<Vec<(Span, Total)>, TableError> {
        let totals = self.totals_as_read(first, last).await?;
        totals.into_iter().filter_map(|total| readable(total).transpose()).collect()
    }

    async fn totals_as_read(
        &self,
        first: Span,
        last: Span,
    ) -> Result<Vec<Result<(Span, Total), TableError>>, TableError> {
        let ((pk, from), (_, to)) = (first.key(), last.key());
        let items = self.analytics.query(&pk, Sort::Between(from, to), Consistency::Strong).await?;
        // A minute in which nothing happened holds no more than what was published of it.
        let items = items.iter().filter(|item| item.contains_key(TOTAL));
        Ok(items.map(|item| Ok((self.span(item)?, self.analytics.json(item, TOTAL)?))).collect())
    }

    /// Some hours or days, by the window, as [`totals`](Self::totals) finds them.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn past(&self, first: Span, last: Span) -> Result<Vec<Past>, TableError> {
        let ((pk, from), (_, to)) = (first.key(), last.key());
        let items = self.analytics.query(&pk, Sort::Between(from, to), Consistency::Strong).await?;
        let past = |item: &Item| {
            let (span, course) = (self.span(item)?, self.course(&self.analytics, item)?);
            let Counted { users, listed } = readable(self.analytics.json(item, TOTAL))?.unwrap_or_default();
            Ok(Past { span, course, users, listed })
        };
        items.iter().filter_map(|item| readable(past(item)).transpose()).collect()
    }

    fn span(&self, item: &Item) -> Result<Span, TableError> {
        string(item, SK).parse().map_err(|_| self.analytics.malformed(item, SK))
    }
}
