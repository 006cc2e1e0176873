//! The deadlines, loaded into their table by every deploy of the API.
//!
//! Invariant: afterwards the table holds exactly what the rules say, and nothing that did not change was written.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::table::{PK, SK};
use contract::{Environment, name};
use deadlines::Deadline;
use store::table::{Item, Table, TableError, text};
use xtask::Failure;

use crate::Connection;
use crate::aws::dynamodb::table;
use crate::aws::error::{failed_to, table_failed_to};
use crate::console::observer::Observer;

/// How often what the table does not take is offered again; each time the store waits for a second or so.
const ROUNDS: u32 = 20;

/// An item by its two keys; every attribute is a string.
type Items = BTreeMap<(String, String), BTreeMap<String, String>>;

/// What has to be written.
#[derive(Debug, PartialEq, Eq)]
struct Changes {
    put: Items,
    delete: Vec<(String, String)>,
}

/// Makes the table say what the rules say.
///
/// # Errors
/// When the table cannot be read or written.
pub async fn load(connection: &Connection, env: &Environment, observer: &dyn Observer) -> Result<()> {
    let table = table(connection, name::deadlines_table(env));
    let Changes { put, delete } = changes(wanted(&deadlines::all()), &stored(&table).await?);
    if put.is_empty() && delete.is_empty() {
        return Ok(());
    }
    let (n_put, n_delete) = (put.len(), delete.len());
    let items: Vec<Item> = put.into_iter().map(item).collect();
    let written = patiently(async || {
        table.delete_all(delete.iter().cloned()).await?;
        table.put_all(items.iter().cloned()).await
    });
    written.await.map_err(|error| {
        let failure = table_failed_to(format!("write to {}", table.name()))(error);
        failure.context(
            Failure::new("the deadlines are not all written")
                .hint("run the same command again: it writes what is missing"),
        )
    })?;
    observer.note(&format!("deadlines: {n_put} written, {n_delete} removed"));
    Ok(())
}

/// Offers again what a throttled table did not take: the store itself waits little, because functions have no time.
async fn patiently(write: impl AsyncFn() -> Result<(), TableError>) -> Result<(), TableError> {
    for _ in 1..ROUNDS {
        match write().await {
            Err(TableError::Unprocessed { .. }) => {}
            done => return done,
        }
    }
    write().await
}

fn wanted(deadlines: &[Deadline]) -> Items {
    let attributes =
        |deadline: &Deadline| deadline.attributes().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    deadlines.iter().map(|deadline| ((deadline.partition(), deadline.sort()), attributes(deadline))).collect()
}

fn changes(wanted: Items, stored: &Items) -> Changes {
    let delete = stored.keys().filter(|key| !wanted.contains_key(*key)).cloned().collect();
    let put = wanted.into_iter().filter(|(key, attributes)| stored.get(key) != Some(attributes)).collect();
    Changes { put, delete }
}

/// Everything in the table: some hundred items, read to the last so that those of a rule that is gone are found.
async fn stored(table: &Table) -> Result<Items> {
    let scan = table.client().scan().table_name(table.name()).consistent_read(true);
    let found: Result<Vec<Item>, _> = scan.into_paginator().items().send().collect().await;
    Ok(found.map_err(failed_to(format!("read {}", table.name())))?.into_iter().map(read).collect())
}

fn read(item: Item) -> ((String, String), BTreeMap<String, String>) {
    // What is not a string is nothing that we wrote, so it differs from what is wanted and is written anew.
    let strings = item.into_iter().filter_map(|(name, value)| match value {
        AttributeValue::S(text) => Some((name, text)),
        _ => None,
    });
    let mut attributes: BTreeMap<String, String> = strings.collect();
    let mut key = |name: &str| attributes.remove(name).unwrap_or_default();
    ((key(PK), key(SK)), attributes)
}

fn item(((partition, sort), attributes): ((String, String), BTreeMap<String, String>)) -> Item {
    let key = [(PK.to_owned(), partition), (SK.to_owned(), sort)];
    key.into_iter().chain(attributes).map(|(name, value)| (name, text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_data_set_writes_nothing() {
        let all = wanted(&deadlines::all());
        assert!(!all.is_empty());
        assert_eq!(changes(all.clone(), &all), Changes { put: Items::new(), delete: Vec::new() });
    }

    #[test]
    fn what_changed_is_written_and_what_no_rule_says_is_removed() {
        let all = wanted(&deadlines::all());
        let mut stored = all.clone();
        let key = stored.keys().next().unwrap().clone();
        stored.get_mut(&key).unwrap().insert("name".into(), "old".into());
        let gone = ("AU#1999".to_owned(), "1999-01-01#gone".to_owned());
        stored.insert(gone.clone(), BTreeMap::new());
        let Changes { put, delete } = changes(all, &stored);
        assert_eq!(put.keys().collect::<Vec<_>>(), [&key]);
        assert_eq!(delete, [gone]);
    }

    #[test]
    fn an_item_read_back_is_what_was_wanted() {
        let all = wanted(&deadlines::all());
        for (key, attributes) in &all {
            let wanted = (key.clone(), attributes.clone());
            assert_eq!(read(item(wanted.clone())), wanted);
        }
    }
}
