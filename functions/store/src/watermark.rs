//! The watermark splits time: up to it readers take windows, after it they take blocks.
//!
//! Invariant: it moves only when every window up to it has been set, and never back, unless nobody can read it.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
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

    /// Sets a watermark that cannot be read anew; where another has been faster, nothing is done.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn restore(&self, minute: Minute) -> Result<(), TableError> {
        let item = self.table.get(STATE, WATERMARK, Consistency::Strong).await?.unwrap_or_default();
        if string(&item, MINUTE).parse::<Minute>().is_ok() {
            return Ok(());
        }
        let Some(damaged) = item.get(MINUTE) else { return self.begin(minute).await };
        let request = self.update(MINUTE, minute, "#minute = :damaged");
        self.sent(request.expression_attribute_values(":damaged", damaged.clone())).await
    }

    async fn set(&self, attribute: &str, minute: Minute, condition: &str) -> Result<(), TableError> {
        self.sent(self.update(attribute, minute, condition)).await
    }

    fn update(&self, attribute: &str, minute: Minute, condition: &str) -> UpdateItemFluentBuilder {
        let request = self.table.client().update_item().table_name(self.table.name());
        request
            .key(PK, text(STATE))
            .key(SK, text(WATERMARK))
            .update_expression("SET #minute = :minute")
            .condition_expression(condition)
            .expression_attribute_names("#minute", attribute)
            .expression_attribute_values(":minute", text(minute.to_string()))
    }

    async fn sent(&self, update: UpdateItemFluentBuilder) -> Result<(), TableError> {
        unless_condition_failed(update.send().await).map(drop).map_err(|error| self.table.failed("UpdateItem", &error))
    }
}
