//! Spans of which windows were set long afterwards, as far as calls of theirs were kept: the stream was not there, or the
//! aggregator away.
//!
//! Invariant: a span is known before windows of it are set, and one that is recorded again stays one.

use contract::limit::RETENTION_DAYS;
use contract::table::{PK, SK, TTL, UNCOUNTED};
use metering::uncounted::Uncounted;

use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, Table, TableError, number, readable, string, text};

/// Attribute that holds the last minute of a span; its first is the sort key.
const LAST: &str = "last";

/// The analytics table's spans.
#[derive(Clone, Debug)]
pub struct UncountedSpans {
    table: Table,
}

impl UncountedSpans {
    /// The spans of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Takes note of a span. One that begins with the same minute is set anew.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn record(&self, span: Uncounted) -> Result<(), TableError> {
        let item = Item::from([
            (PK.into(), text(UNCOUNTED)),
            (SK.into(), text(span.first.to_string())),
            (LAST.into(), text(span.last.to_string())),
            (TTL.into(), number(after_days(span.last.start(), RETENTION_DAYS))),
        ]);
        self.table.put_all([item]).await
    }

    /// The spans that windows which are still kept may lie in, oldest first.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn list(&self) -> Result<Vec<Uncounted>, TableError> {
        let items = self.table.query(UNCOUNTED, Sort::All, Consistency::Strong).await?;
        let minute =
            |item: &Item, attribute| string(item, attribute).parse().map_err(|_| self.table.malformed(item, attribute));
        let span = |item: &Item| Ok(Uncounted { first: minute(item, SK)?, last: minute(item, LAST)? });
        items.iter().filter_map(|item| readable(span(item)).transpose()).collect()
    }
}
