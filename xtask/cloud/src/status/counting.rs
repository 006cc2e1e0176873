//! How far counting is: the watermark, journals that wait, records that failed.
//!
//! Invariant: a table that is not there is no error; the stack that has it is not deployed.

use anyhow::Result;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use contract::{Environment, limit, name, table};
use futures::future::try_join_all;
use jiff::Timestamp;
use metering::window::{Minute, iso_millis};

use crate::Connection;
use crate::aws_error::{failed_to, is_missing};

/// Partition of the records that could not be counted.
pub const ERRORS: &str = "ERRORS";

/// The minute up to which windows are set.
///
/// # Errors
/// When the table cannot be read.
pub async fn watermark(connection: &Connection, env: &Environment) -> Result<Option<Minute>> {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let client = connection.dynamodb();
    let get = client.get_item().table_name(name::analytics_table(env)).consistent_read(true);
    let got = get.key(table::PK, text("STATE")).key(table::SK, text("WATERMARK")).send().await;
    let answer = match got {
        Ok(answer) => answer,
        Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
        Err(error) => return Err(failed_to("read the watermark")(error)),
    };
    let minute = answer.item().and_then(|item| item.get("minute")?.as_s().ok());
    Ok(minute.and_then(|minute| minute.parse().ok()))
}

/// Journals that the analytics table does not have yet.
///
/// # Errors
/// When the table cannot be read.
pub async fn pending(connection: &Connection, env: &Environment) -> Result<Option<u64>> {
    let usage = name::usage_table(env);
    let buckets = (0..limit::BUCKETS).map(async |bucket| {
        let key = Key { partition: table::PENDING, value: bucket.to_string(), since: None };
        count(connection, &usage, Some(table::PENDING_JOURNALS), key).await
    });
    let counts: Option<Vec<u64>> = try_join_all(buckets).await?.into_iter().collect();
    Ok(counts.map(|counts| counts.iter().sum()))
}

/// Records that arrived since an instant and could not be counted.
///
/// # Errors
/// When the table cannot be read.
pub async fn failed(connection: &Connection, env: &Environment, since: Timestamp) -> Result<Option<u64>> {
    let key = Key { partition: table::PK, value: ERRORS.to_owned(), since: Some(iso_millis(since)) };
    count(connection, &name::analytics_table(env), None, key).await
}

/// Which items.
struct Key {
    partition: &'static str,
    value: String,
    /// The least sort key.
    since: Option<String>,
}

async fn count(connection: &Connection, table_name: &str, index: Option<&str>, key: Key) -> Result<Option<u64>> {
    let Key { partition, value, since } = key;
    let condition =
        if since.is_some() { "#partition = :partition AND #sort >= :since" } else { "#partition = :partition" };
    let mut query = connection
        .dynamodb()
        .query()
        .table_name(table_name)
        .set_index_name(index.map(str::to_owned))
        .select(Select::Count)
        .key_condition_expression(condition)
        .expression_attribute_names("#partition", partition)
        .expression_attribute_values(":partition", AttributeValue::S(value));
    if let Some(since) = since {
        query = query
            .expression_attribute_names("#sort", table::SK)
            .expression_attribute_values(":since", AttributeValue::S(since));
    }
    let mut pages = query.into_paginator().send();
    let mut total = 0;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => total += u64::try_from(page.count()).unwrap_or_default(),
            Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
            Err(error) => return Err(failed_to(format!("count items of {table_name}"))(error)),
        }
    }
    Ok(Some(total))
}

#[cfg(test)]
mod tests {
    use dynamodb_fixture::Fixture;

    use super::*;

    async fn put(fixture: &Fixture, table_name: String, attributes: &[(&str, &str)]) {
        let put = attributes.iter().fold(fixture.client.put_item().table_name(table_name), |put, (name, value)| {
            put.item(*name, AttributeValue::S((*value).to_owned()))
        });
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
        for bucket in ["0", "0", "7"].iter().enumerate() {
            let sort = format!("2026-11#CALL#{}", bucket.0);
            put(&fixture, fixture.usage_table(), &[("PK", "USER#a@b.au"), ("SK", &sort), ("pending", bucket.1)]).await;
        }

        assert_eq!(watermark(&connection, &env).await.unwrap(), Some(minute.1.parse().unwrap()));
        assert_eq!(pending(&connection, &env).await.unwrap(), Some(3));
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
