//! The watermark splits time: up to it readers take windows, after it they take blocks.
//!
//! Invariant: it moves only when every window up to it has been set, and never back, unless nobody can read it.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use contract::table::{PK, SK, STATE};
use metering::window::Minute;

use crate::table::{Consistency, Item, Table, TableError, string, text, unless_condition_failed};

const WATERMARK: &str = "WATERMARK";
const MINUTE: &str = "minute";
const CLOSED: &str = "closed";
const REVISION: &str = "revision";

/// Up to where windows are set, and which windows these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The minute up to which, itself included, everything in turn is in windows.
    pub through: Minute,
    /// Another before and after every change of one of them.
    pub revision: String,
}

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
        self.minute(&self.item().await?, MINUTE)
    }

    /// The minute up to which days were set when the stream was last about to go, in the middle of an hour.
    ///
    /// # Errors
    /// When the request fails or the item cannot be read.
    pub async fn closed(&self) -> Result<Option<Minute>, TableError> {
        self.minute(&self.item().await?, CLOSED)
    }

    /// Up to where windows are set, and under which revision.
    ///
    /// # Errors
    /// When the request fails or the item cannot be read.
    pub async fn settled(&self) -> Result<Option<Settled>, TableError> {
        let item = self.item().await?;
        let revision = string(&item, REVISION);
        Ok(self.minute(&item, MINUTE)?.map(|through| Settled { through, revision }))
    }

    /// Has readers forget what they have kept of windows up to the watermark: before one of them is set again, and after.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn revise(&self) -> Result<(), TableError> {
        self.sent(with_revision(self.update("SET #revision = :revision"))).await.map(drop)
    }

    async fn item(&self) -> Result<Item, TableError> {
        Ok(self.table.get(STATE, WATERMARK, Consistency::Strong).await?.unwrap_or_default())
    }

    fn minute(&self, item: &Item, attribute: &'static str) -> Result<Option<Minute>, TableError> {
        let minute = item.contains_key(attribute).then(|| string(item, attribute).parse());
        minute.transpose().map_err(|_| self.table.malformed(item, attribute))
    }

    /// Moves the watermark forwards, or creates it; it never goes back. Whether it was not there yet: where another run was
    /// faster, readers had windows before this one set them again.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn advance(&self, minute: Minute) -> Result<bool, TableError> {
        self.set(MINUTE, minute, "attribute_not_exists(#minute) OR #minute < :minute").await
    }

    /// Creates the watermark where there is none, before the first block is written.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn begin(&self, minute: Minute) -> Result<(), TableError> {
        self.sent(self.anew(minute).condition_expression("attribute_not_exists(#minute)")).await.map(drop)
    }

    /// Takes note that days are about to be set up to a minute in the middle of an hour.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn close(&self, minute: Minute) -> Result<(), TableError> {
        self.set(CLOSED, minute, "attribute_not_exists(#minute) OR #minute < :minute").await.map(drop)
    }

    /// Sets a watermark that cannot be read anew; where another has been faster, nothing is done.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn restore(&self, minute: Minute) -> Result<(), TableError> {
        let item = self.item().await?;
        if string(&item, MINUTE).parse::<Minute>().is_ok() {
            return Ok(());
        }
        let Some(damaged) = item.get(MINUTE) else { return self.begin(minute).await };
        let request = self.anew(minute).condition_expression("#minute = :damaged");
        self.sent(request.expression_attribute_values(":damaged", damaged.clone())).await.map(drop)
    }

    async fn set(&self, attribute: &str, minute: Minute, condition: &str) -> Result<bool, TableError> {
        let request = with_minute(self.update("SET #minute = :minute"), attribute, minute);
        self.sent(request.condition_expression(condition)).await
    }

    /// Sets the minute, of which no reader has kept anything yet.
    fn anew(&self, minute: Minute) -> UpdateItemFluentBuilder {
        let request = self.update("SET #minute = :minute, #revision = :revision");
        with_revision(with_minute(request, MINUTE, minute))
    }

    fn update(&self, expression: &str) -> UpdateItemFluentBuilder {
        let request = self.table.client().update_item().table_name(self.table.name());
        request.key(PK, text(STATE)).key(SK, text(WATERMARK)).update_expression(expression)
    }

    /// Whether its condition held.
    async fn sent(&self, update: UpdateItemFluentBuilder) -> Result<bool, TableError> {
        let sent = unless_condition_failed(update.send().await);
        Ok(sent.map_err(|error| self.table.failed("UpdateItem", &error))?.is_some())
    }
}

fn with_minute(update: UpdateItemFluentBuilder, attribute: &str, minute: Minute) -> UpdateItemFluentBuilder {
    update
        .expression_attribute_names("#minute", attribute)
        .expression_attribute_values(":minute", text(minute.to_string()))
}

/// Chosen by chance, so that one is never there again, whatever was lost or damaged between.
fn with_revision(update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
    let revision = getrandom::u64().map_or_else(|error| error.to_string(), |revision| format!("{revision:016x}"));
    update.expression_attribute_names("#revision", REVISION).expression_attribute_values(":revision", text(revision))
}
