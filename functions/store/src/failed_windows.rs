//! Windows that could not be written: for an operator to find, and for later runs to try again.
//!
//! Invariant: an entry goes only once what it names has been written, and never forgets since when it has been there.

use contract::limit::HISTORY_DAYS;
use contract::table::{FAILED, PK, SK, TTL};
use jiff::Timestamp;
use metering::subject::Bucket;
use metering::window::iso_millis;

use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, Table, TableError, number, string, text};
use crate::windows::Span;

/// Stands in a sort key for the window over all buckets.
const TOTAL: &str = "total";
/// Most characters of a cause that are kept; the log has the whole.
const MAX_CAUSE_CHARS: usize = 1_000;

/// The analytics table's failed windows.
#[derive(Clone, Debug)]
pub struct FailedWindows {
    table: Table,
}

/// What is written as one: a window of the subjects of a bucket, or the total over all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub span: Span,
    /// Whose: a bucket's subjects, or everybody's total.
    pub bucket: Option<Bucket>,
}

impl FailedWindows {
    /// The failed windows of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Every part that waits to be tried again. An entry that names none stays, for a person to look at, and holds up no
    /// other.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn list(&self) -> Result<Vec<Part>, TableError> {
        let items = self.table.query(FAILED, Sort::All, Consistency::Strong).await?;
        let part = |item: &Item| {
            let sort = string(item, SK);
            let part = Part::parse(&sort);
            if part.is_none() {
                tracing::error!(sort, "an entry of failed windows names none");
            }
            part
        };
        Ok(items.iter().filter_map(part).collect())
    }

    /// Takes note that a part could not be written, and why.
    ///
    /// # Errors
    /// When the request fails: then nobody would know, and the run must not go on.
    pub async fn record(&self, part: Part, cause: &TableError, now: Timestamp) -> Result<(), TableError> {
        let cause: String = cause.to_string().chars().take(MAX_CAUSE_CHARS).collect();
        let request = self.table.client().update_item().table_name(self.table.name());
        let request = request
            .key(PK, text(FAILED))
            .key(SK, text(part.sort()))
            .update_expression("SET #cause = :cause, #since = if_not_exists(#since, :now), #tried = :now, #ttl = :ttl")
            .expression_attribute_names("#cause", "cause")
            .expression_attribute_names("#since", "since")
            .expression_attribute_names("#tried", "triedAt")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":cause", text(cause))
            .expression_attribute_values(":now", text(iso_millis(now)))
            .expression_attribute_values(":ttl", number(after_days(now, HISTORY_DAYS)));
        request.send().await.map(drop).map_err(|error| self.table.failed("UpdateItem", &error))
    }

    /// Forgets a part that has been written.
    ///
    /// # Errors
    /// When the request fails; forgetting it again is right then.
    pub async fn forget(&self, part: Part) -> Result<(), TableError> {
        let request = self.table.client().delete_item().table_name(self.table.name());
        let request = request.key(PK, text(FAILED)).key(SK, text(part.sort()));
        request.send().await.map(drop).map_err(|error| self.table.failed("DeleteItem", &error))
    }

    /// The entries as they are, for an operator and for tests.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn items(&self) -> Result<Vec<Item>, TableError> {
        self.table.query(FAILED, Sort::All, Consistency::Strong).await
    }
}

impl Part {
    /// The subjects of a bucket in a window.
    pub const fn of(span: Span, bucket: Bucket) -> Self {
        Self { span, bucket: Some(bucket) }
    }

    /// The total over a window.
    pub const fn total(span: Span) -> Self {
        Self { span, bucket: None }
    }

    fn sort(self) -> String {
        let whose = self.bucket.map_or_else(|| TOTAL.to_owned(), |bucket| bucket.to_string());
        format!("{}#{whose}", self.span)
    }

    fn parse(sort: &str) -> Option<Self> {
        let (span, whose) = sort.split_once('#')?;
        let bucket = match whose {
            TOTAL => None,
            whose => Some(Bucket::all().find(|bucket| bucket.to_string() == whose)?),
        };
        Some(Self { span: span.parse().ok()?, bucket })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_from_the_key_that_it_is_written_under() {
        let spans = ["2026-11-24T10:15", "2026-11-24T10", "2026-11-24"].map(|text| text.parse::<Span>().unwrap());
        for span in spans {
            for part in Bucket::all().map(|bucket| Part::of(span, bucket)).chain([Part::total(span)]) {
                assert_eq!(Part::parse(&part.sort()), Some(part), "{}", part.sort());
            }
        }
        assert_eq!(["", "2026-11-24", "2026-11-24#9", "x#0"].map(Part::parse), [None; 4]);
    }
}
