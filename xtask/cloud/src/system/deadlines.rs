//! The deadlines, loaded into their table by every deploy of the API.
//!
//! Invariant: afterwards the table holds exactly what the rules say, and nothing that did not change was written.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use contract::{Environment, name, table};
use deadlines::Deadline;
use xtask::Failure;

use crate::Connection;
use crate::aws::dynamodb::Item;
use crate::aws::error::failed_to;
use crate::console::observer::Observer;

/// Items in one `BatchWriteItem` (DynamoDB's limit).
const BATCH_ITEMS: usize = 25;
/// How often what a batch left unprocessed is offered again; waits double from 50 ms, to 25 s in all.
const TRIES: u32 = 10;

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
    let table_name = name::deadlines_table(env);
    let Changes { put, delete } = changes(wanted(&deadlines::all()), &stored(connection, &table_name).await?);
    if put.is_empty() && delete.is_empty() {
        return Ok(());
    }
    let (n_put, n_delete) = (put.len(), delete.len());
    let mut requests = Vec::with_capacity(n_put + n_delete);
    for key in delete {
        let delete = DeleteRequest::builder().set_key(Some(key_item(&key))).build()?;
        requests.push(WriteRequest::builder().delete_request(delete).build());
    }
    for (key, attributes) in put {
        let mut item = key_item(&key);
        item.extend(attributes.into_iter().map(|(name, value)| (name, AttributeValue::S(value))));
        requests.push(WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build()?).build());
    }
    for batch in requests.chunks(BATCH_ITEMS) {
        write(connection, &table_name, batch.to_vec()).await?;
    }
    observer.note(&format!("deadlines: {n_put} written, {n_delete} removed"));
    Ok(())
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
async fn stored(connection: &Connection, table_name: &str) -> Result<Items> {
    let scan = connection.dynamodb().scan().table_name(table_name).consistent_read(true);
    let found: Result<Vec<Item>, _> = scan.into_paginator().items().send().collect().await;
    Ok(found.map_err(failed_to(format!("read {table_name}")))?.into_iter().map(read).collect())
}

fn read(item: Item) -> ((String, String), BTreeMap<String, String>) {
    // What is no string is nothing that we wrote, so it differs from what is wanted and is written anew.
    let strings = item.into_iter().filter_map(|(name, value)| match value {
        AttributeValue::S(text) => Some((name, text)),
        _ => None,
    });
    let mut attributes: BTreeMap<String, String> = strings.collect();
    let mut key = |name: &str| attributes.remove(name).unwrap_or_default();
    ((key(table::PK), key(table::SK)), attributes)
}

fn key_item((partition, sort): &(String, String)) -> Item {
    Item::from([
        (table::PK.to_owned(), AttributeValue::S(partition.clone())),
        (table::SK.to_owned(), AttributeValue::S(sort.clone())),
    ])
}

async fn write(connection: &Connection, table_name: &str, mut requests: Vec<WriteRequest>) -> Result<()> {
    let mut wait = Duration::from_millis(50);
    for _ in 0..TRIES {
        let write = connection.dynamodb().batch_write_item().request_items(table_name, requests);
        let answer = write.send().await.map_err(failed_to(format!("write to {table_name}")))?;
        requests = answer.unprocessed_items.and_then(|mut left| left.remove(table_name)).unwrap_or_default();
        if requests.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
    Err(Failure::new(format!("{table_name} is throttled: {} deadlines are not written", requests.len()))
        .hint("run the same command again: it writes what is missing")
        .into())
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
            let mut item = key_item(key);
            item.extend(attributes.iter().map(|(name, value)| (name.clone(), AttributeValue::S(value.clone()))));
            assert_eq!(read(item), (key.clone(), attributes.clone()));
        }
    }
}
