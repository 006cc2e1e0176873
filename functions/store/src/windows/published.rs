//! What was published of a minute's figures, beside its total, and the claim of what was not.
//!
//! Invariant: of two runs that publish one minute each claims what the other has not, and never both the same.

use aws_sdk_dynamodb::types::AttributeValue;
use contract::limit::RETENTION_DAYS;
use contract::table::{PK, SK, TTL};
use metering::figures::Figures;
use metering::window::Minute;

use super::{Span, Windows};
use crate::blocks::after_days;
use crate::table::{Consistency, Sort, TableError, json, number, readable, text, unless_condition_failed};

/// Attribute that holds the figures.
const PUBLISHED: &str = "published";

/// What was published of a minute, as it was read.
#[derive(Clone, Debug)]
pub struct Published {
    pub figures: Figures,
    stored: AttributeValue,
}

impl Windows {
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

    /// What has been published of the minutes from one to another of the same day, as far as it can be read.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn figures(&self, first: Minute, last: Minute) -> Result<Vec<Figures>, TableError> {
        let [(pk, from), (_, to)] = [first, last].map(|minute| Span::Minute(minute).key());
        let items = self.analytics.query(&pk, Sort::Between(from, to), Consistency::Eventual).await?;
        let items = items.iter().filter(|item| item.contains_key(PUBLISHED));
        items.filter_map(|item| readable(self.analytics.json(item, PUBLISHED)).transpose()).collect()
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
            .expression_attribute_values(":ttl", number(after_days(minute.start(), RETENTION_DAYS)));
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
