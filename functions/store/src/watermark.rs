//! The watermark splits time: up to it readers take windows, after it they take blocks.
//!
//! Invariant: it moves only when every window up to it has been set, and never back.

use contract::table::{PK, SK, STATE};
use metering::window::Minute;

use crate::table::{Consistency, Table, TableError, string, text, unless_condition_failed};

const WATERMARK: &str = "WATERMARK";
const MINUTE: &str = "minute";
const CLOSED: &str = "closed";

/// The analytics table's watermark.
#[derive(Clone, Debug)]
pub struct Watermark {
    table: Table,
}

impl Watermark {
    /// The watermark of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// The minute up to which, itself included, everything in turn is in windows.
    ///
    /// # Errors
    /// When the request fails or the item cannot be read.
    pub async fn read(&self) -> Result<Option<Minute>, TableError> {
        self.minute(MINUTE).await
    }

    /// The minute up to which days were set when the stream was last about to go, in the middle of an hour.
    ///
    /// # Errors
    /// When the request fails or the item cannot be read.
    pub async fn closed(&self) -> Result<Option<Minute>, TableError> {
        self.minute(CLOSED).await
    }

    async fn minute(&self, attribute: &'static str) -> Result<Option<Minute>, TableError> {
        let item = self.table.get(STATE, WATERMARK, Consistency::Strong).await?;
        let Some(item) = item.filter(|item| item.contains_key(attribute)) else { return Ok(None) };
        let minute = string(&item, attribute).parse();
        minute.map(Some).map_err(|_| self.table.malformed(&item, attribute))
    }

    /// Moves the watermark forwards, or creates it; it never goes back.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn advance(&self, minute: Minute) -> Result<(), TableError> {
        self.set(MINUTE, minute, "attribute_not_exists(#minute) OR #minute < :minute").await
    }

    /// Creates the watermark where there is none, before the first block is written.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn begin(&self, minute: Minute) -> Result<(), TableError> {
        self.set(MINUTE, minute, "attribute_not_exists(#minute)").await
    }

    /// Takes note that days are about to be set up to a minute in the middle of an hour.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn close(&self, minute: Minute) -> Result<(), TableError> {
        self.set(CLOSED, minute, "attribute_not_exists(#minute) OR #minute < :minute").await
    }

    async fn set(&self, attribute: &str, minute: Minute, condition: &str) -> Result<(), TableError> {
        let request = self.table.client().update_item().table_name(self.table.name());
        let request = request
            .key(PK, text(STATE))
            .key(SK, text(WATERMARK))
            .update_expression("SET #minute = :minute")
            .condition_expression(condition)
            .expression_attribute_names("#minute", attribute)
            .expression_attribute_values(":minute", text(minute.to_string()));
        unless_condition_failed(request.send().await).map(drop).map_err(|error| self.table.failed("UpdateItem", &error))
    }
}
