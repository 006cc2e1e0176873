//! The journal against a DynamoDB in this process.

use dynamodb_fixture::Fixture;
use serde_json::json;

use super::*;
use crate::table::{Consistency, Sort};

fn event(kind: &str, user: Option<&str>, id: &str) -> Event {
    let mut event = json!({ "eventType": kind, "requestId": id, "timestamp": "2026-11-24T10:15:30.123Z" });
    if let Some(user) = user {
        event["userEmail"] = json!(user);
    }
    serde_json::from_value(event).unwrap()
}

async fn journal() -> (Fixture, Table, Journal) {
    let fixture = Fixture::start().await;
    let table = Table::new(fixture.client.clone(), fixture.usage_table());
    (fixture, table.clone(), Journal::new(table))
}

async fn pending(journal: &Journal) -> Vec<Entry> {
    let mut entries = Vec::new();
    for bucket in Bucket::all() {
        entries.extend(journal.pending(bucket, 1_000).await.unwrap());
    }
    entries
}

#[tokio::test]
async fn what_is_kept_is_pending_once_until_it_is_removed() {
    let (_fixture, _table, journal) = journal().await;
    let events = [
        event("API_CALL", Some("a#b@example.com"), "1"),
        event("API_RATE_LIMITED", Some("a#b@example.com"), "1"),
        event("API_AUTH_FAILED", None, "2"),
    ];
    for event in events.iter().chain(&events) {
        journal.put(event).await.unwrap();
    }
    let entries = pending(&journal).await;
    assert_eq!(entries.len(), events.len());
    assert!(events.iter().all(|event| entries.iter().any(|entry| entry.event == *event)));
    journal.remove(&entries).await.unwrap();
    journal.remove(&entries).await.unwrap();
    assert_eq!(pending(&journal).await, []);
}

#[tokio::test]
async fn entries_lie_in_their_users_month_and_under_the_keys_of_the_design() {
    let (_fixture, table, journal) = journal().await;
    let event = event("API_CALL", Some("a@example.com"), "r-1");
    journal.put(&event).await.unwrap();
    let items = table.query("USER#a@example.com", Sort::Prefix("2026-11#".into()), Consistency::Strong).await.unwrap();
    assert_eq!(string(&items[0], SK), "2026-11#CALL#2026-11-24T10:15:30.123Z#r-1");
    assert_eq!(entry_of(&items[0]), Some(event));
}

#[tokio::test]
async fn more_entries_than_one_request_reads_are_all_found() {
    let (_fixture, table, journal) = journal().await;
    let events: Vec<_> = (0..250).map(|n| event("API_CALL", Some("a@example.com"), &n.to_string())).collect();
    table.put_all(events.iter().map(item_of)).await.unwrap();
    assert_eq!(pending(&journal).await.len(), events.len());
    let bucket = Bucket::of_event(&events[0]);
    assert_eq!(journal.pending(bucket, 10).await.unwrap().len(), 10);
}

#[tokio::test]
async fn an_item_that_cannot_be_read_holds_up_no_other() {
    let (_fixture, table, journal) = journal().await;
    let mut broken = item_of(&event("API_CALL", Some("a@example.com"), "1"));
    broken.insert(EVENT.into(), text("{"));
    table.put_all([broken, item_of(&event("API_CALL", Some("a@example.com"), "2"))]).await.unwrap();
    assert_eq!(pending(&journal).await.len(), 1);
}
