//! What leads to the calls that wait in the journal: entries that are found by themselves, and gates.
//!
//! Invariant: an entry behind a gate that waits is not named by itself as well, so each is found once.

use std::collections::BTreeSet;

use anyhow::Result;
use contract::{Environment, limit, name, table};
use futures::future::try_join_all;
use store::table::{Item, present, text};

use crate::Connection;
use crate::aws::error::found;

/// What waits, by its keys: these say all that is needed of a call.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    /// Sort keys of the entries that are found by themselves alone.
    pub entries: Vec<String>,
    /// Where the entries behind gates are.
    pub behind_gates: BTreeSet<Behind>,
}

/// Where the entries behind a gate are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Behind {
    /// Their partition.
    pub partition: String,
    /// How their sort keys begin; the instant follows.
    pub prefix: String,
}

/// What waits; nothing where the table is not deployed.
///
/// # Errors
/// When the index cannot be read.
pub async fn waiting(connection: &Connection, env: &Environment) -> Result<Option<Waiting>> {
    let buckets = try_join_all((0..limit::BUCKETS).map(|bucket| keys(connection, env, bucket))).await?;
    let Some(keys) = buckets.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    let keys: Vec<(String, String)> = keys.into_iter().flatten().collect();
    let behind = |(partition, sort): &(String, String)| {
        Some(Behind { partition: partition.clone(), prefix: table::behind_gate(sort)? })
    };
    let behind_gates: BTreeSet<Behind> = keys.iter().filter_map(behind).collect();
    let is_behind = |partition: &str, sort: &str| {
        let month = sort.split_once(table::CALL).map(|(month, _)| format!("{month}{}", table::CALL));
        month.is_some_and(|prefix| behind_gates.contains(&Behind { partition: partition.to_owned(), prefix }))
    };
    let entries = keys
        .into_iter()
        .filter(|(partition, sort)| table::behind_gate(sort).is_none() && !is_behind(partition, sort))
        .map(|(_, sort)| sort)
        .collect();
    Ok(Some(Waiting { entries, behind_gates }))
}

/// Keys of what the index has of a bucket.
async fn keys(connection: &Connection, env: &Environment, bucket: u8) -> Result<Option<Vec<(String, String)>>> {
    let query = connection.dynamodb().query().table_name(name::usage_table(env)).index_name(table::PENDING_JOURNALS);
    let query = query
        .key_condition_expression("#pending = :bucket")
        .expression_attribute_names("#pending", table::PENDING)
        .expression_attribute_values(":bucket", text(bucket.to_string()));
    let items: Result<Vec<Item>, _> = query.into_paginator().items().send().collect().await;
    let Some(items) = found(items, "read what waits in the journal")? else { return Ok(None) };
    Ok(Some(items.iter().filter_map(|item| Some((present(item, table::PK)?, present(item, table::SK)?))).collect()))
}
