//! How far counting is: the watermark, journals that wait, records that failed.
//!
//! Invariant: a table that is not there is not an error; the stack that has it is not deployed.

use anyhow::Result;
use aws_sdk_dynamodb::types::Select;
use contract::table::{PK, SK};
use contract::{Environment, name};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use metering::window::Minute;
use store::failures::Failures;
use store::table::{CONCURRENCY, text};
use store::watermark::Watermark;

use crate::Connection;
use crate::aws::dynamodb::table;
use crate::aws::error::{found, table_found};
use crate::system::journal::{Behind, Waiting, waiting};

/// The minute up to which windows are set.
///
/// # Errors
/// When the table cannot be read.
pub async fn watermark(connection: &Connection, env: &Environment) -> Result<Option<Minute>> {
    let watermark = Watermark::new(table(connection, name::analytics_table(env)));
    Ok(table_found(watermark.read().await, "read the watermark")?.flatten())
}

/// Entries of the journal that the analytics table does not have yet.
///
/// # Errors
/// When the table cannot be read.
pub async fn pending(connection: &Connection, env: &Environment) -> Result<Option<u64>> {
    let Some(Waiting { entries, behind_gates }) = waiting(connection, env).await? else { return Ok(None) };
    let usage = name::usage_table(env);
    let counts = behind_gates.into_iter().map(|behind| count(connection, &usage, behind));
    let counts: Vec<_> = counts.collect();
    let counts: Vec<_> = futures::stream::iter(counts).buffer_unordered(CONCURRENCY).try_collect().await?;
    Ok(Some(entries.len() as u64 + counts.into_iter().flatten().sum::<u64>()))
}

/// Records that arrived since an instant and could not be counted.
///
/// # Errors
/// When the table cannot be read.
pub async fn failed(connection: &Connection, env: &Environment, since: Timestamp) -> Result<Option<u64>> {
    let failures = Failures::new(table(connection, name::analytics_table(env)));
    table_found(failures.count_since(since).await, "count the failed records")
}

/// Entries of the usage table behind a gate.
async fn count(connection: &Connection, table_name: &str, behind: Behind) -> Result<Option<u64>> {
    let query = connection.dynamodb().query().table_name(table_name).select(Select::Count);
    let query = query
        .key_condition_expression("#partition = :partition AND begins_with(#sort, :sort)")
        .expression_attribute_names("#partition", PK)
        .expression_attribute_names("#sort", SK)
        .expression_attribute_values(":partition", text(behind.partition))
        .expression_attribute_values(":sort", text(behind.prefix));
    let pages: Result<Vec<_>, _> = query.into_paginator().send().try_collect().await;
    let pages = found(pages, format!("count items of {table_name}"))?;
    Ok(pages.map(|pages| pages.iter().map(|page| u64::try_from(page.count()).unwrap_or_default()).sum()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use contract::table::{ERRORS, PENDING};
    use dynamodb_fixture::Fixture;

    use super::*;

    async fn put(fixture: &Fixture, table_name: String, attributes: &[(&str, &str)]) {
        let put = attributes.iter().fold(fixture.client.put_item().table_name(table_name), |put, (name, value)| {
            put.item(*name, AttributeValue::S((*value).to_owned()))
        });
        put.send().await.unwrap();
    }

    /// A gate as the authorizer's transaction leaves it.
    async fn put_gate(fixture: &Fixture, user: &str, used: u64, pending: Option<&str>) {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let put = fixture.client.put_item().table_name(fixture.usage_table());
        let put = put.item(PK, text(user)).item(SK, text("2026-11#GATE"));
        let put = put.item("used", AttributeValue::N(used.to_string()));
        let put = pending.into_iter().fold(put, |put, bucket| put.item(PENDING, text(bucket)));
        put.send().await.unwrap();
    }

    #[tokio::test]
    async fn figures_are_those_of_the_tables() {
        let fixture = Fixture::start().await;
        let (connection, env) = (Connection::to_local(&fixture.endpoint_url), Environment::default());
        let now: Timestamp = "2026-11-24T10:15:31Z".parse().unwrap();
        assert_eq!(watermark(&connection, &env).await.unwrap(), None);
        assert_eq!(pending(&connection, &env).await.unwrap(), Some(0));

        let minute = ("minute", "2026-11-24T10:14");
        put(&fixture, fixture.analytics_table(), &[("PK", "STATE"), ("SK", "WATERMARK"), minute]).await;
        for sort in ["2026-11-24T09:15:30.999Z#s#1", "2026-11-24T09:15:31.000Z#s#2", "2026-11-24T10:15:00.000Z#s#3"] {
            put(&fixture, fixture.analytics_table(), &[("PK", ERRORS), ("SK", sort)]).await;
        }
        // What the authorizer keeps by itself, with and without a gate of its month; the gate alone leads to the rest.
        for (user, sort, pending) in [
            ("USER#a@b.au", "2026-11#CALL#1", None),
            ("USER#a@b.au", "2026-11#CALL#2", None),
            ("USER#a@b.au", "2026-11#CALL#3", Some("0")),
            ("USER#a@b.au", "2026-11#DAY#24", None),
            ("USER#a@b.au", "2026-10#CALL#4", Some("0")),
            ("USER#b@b.au", "2026-11#CALL#5", Some("7")),
        ] {
            let item = [("PK", user), ("SK", sort)].into_iter().chain(pending.map(|bucket| ("pending", bucket)));
            put(&fixture, fixture.usage_table(), &item.collect::<Vec<_>>()).await;
        }
        put_gate(&fixture, "USER#a@b.au", 3, Some("0")).await;
        put_gate(&fixture, "USER#c@b.au", 2, None).await;

        assert_eq!(watermark(&connection, &env).await.unwrap(), Some(minute.1.parse().unwrap()));
        assert_eq!(pending(&connection, &env).await.unwrap(), Some(5));
        let hour_ago = now - jiff::SignedDuration::from_hours(1);
        assert_eq!(failed(&connection, &env, hour_ago).await.unwrap(), Some(2));
    }

    #[tokio::test]
    async fn a_table_that_is_not_deployed_is_a_gap_and_no_error() {
        let fixture = Fixture::start().await;
        let (connection, env) = (Connection::to_local(&fixture.endpoint_url), "other".parse().unwrap());
        assert_eq!(watermark(&connection, &env).await.unwrap(), None);
        assert_eq!(pending(&connection, &env).await.unwrap(), None);
        assert_eq!(failed(&connection, &env, Timestamp::now()).await.unwrap(), None);
    }
}
