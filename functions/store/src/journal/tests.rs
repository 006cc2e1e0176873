//! The journal against a DynamoDB in this process.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
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
        entries.extend(journal.pending(bucket, 1_000).await.unwrap().entries);
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
    let all = Pending { entries, ..Pending::default() };
    journal.remove(&all).await.unwrap();
    journal.remove(&all).await.unwrap();
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
async fn events_that_differ_in_anything_of_their_identity_never_share_an_entry() {
    let (_fixture, _table, journal) = journal().await;
    let mut later = event("API_CALL", Some("a@example.com"), "1");
    later.timestamp = "2026-11-24T10:16:30.123Z".parse().unwrap();
    let events = [
        event("API_CALL", Some("a@example.com"), "1"),
        event("API_CALL", Some("b@example.com"), "1"),
        event("API_RATE_LIMITED", Some("a@example.com"), "1"),
        event("API_CALL", Some("a@example.com"), "1#API_RATE_LIMITED"),
        event("API_CALL", Some("a@example.com"), "1#API_CALL"),
        later,
    ];
    for event in &events {
        journal.put(event).await.unwrap();
    }
    let entries = pending(&journal).await;
    assert_eq!(entries.len(), events.len());
    assert!(events.iter().all(|event| entries.iter().any(|entry| entry.event == *event)));
}

#[tokio::test]
async fn more_entries_than_one_request_reads_are_all_found() {
    let (_fixture, table, journal) = journal().await;
    let events: Vec<_> = (0..250).map(|n| event("API_CALL", Some("a@example.com"), &n.to_string())).collect();
    table.put_all(events.iter().map(item_by_itself)).await.unwrap();
    assert_eq!(pending(&journal).await.len(), events.len());
    let bucket = Bucket::of_event(&events[0]);
    let (some, all) = (journal.pending(bucket, 10).await.unwrap(), journal.pending(bucket, 1_000).await.unwrap());
    assert_eq!((some.entries.len(), some.is_cut, all.is_cut), (10, true, false));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_holds_up_no_other() {
    let (_fixture, table, journal) = journal().await;
    let mut broken = item_by_itself(&event("API_CALL", Some("a@example.com"), "1"));
    broken.insert(EVENT.into(), text("{"));
    table.put_all([broken, item_by_itself(&event("API_CALL", Some("a@example.com"), "2"))]).await.unwrap();
    assert_eq!(pending(&journal).await.len(), 1);
}

/// Lets a call pass a gate, as the authorizer does.
async fn pass(table: &Table, call: &Event) {
    let gate = QuotaGate::of(call.user_email.as_ref().unwrap(), Month::of(call.timestamp));
    let update = QuotaGates::new(table.clone()).part(&gate, Bucket::of_event(call), 100).unwrap();
    let put = Put::builder().table_name(table.name()).set_item(Some(item_of(call))).build().unwrap();
    let transaction = table.client().transact_write_items();
    let transaction = transaction.transact_items(TransactWriteItem::builder().update(update).build());
    transaction.transact_items(TransactWriteItem::builder().put(put).build()).send().await.unwrap();
}

#[tokio::test]
async fn a_gate_leads_to_an_item_that_cannot_be_read_until_it_can() {
    let (_fixture, table, journal) = journal().await;
    let calls = ["1", "2"].map(|id| event("API_CALL", Some("a@example.com"), id));
    for call in &calls {
        pass(&table, call).await;
    }
    let mut broken = item_of(&calls[0]);
    broken.insert(EVENT.into(), text("{"));
    table.put_all([broken]).await.unwrap();
    let bucket = Bucket::of_event(&calls[0]);
    let readable = journal.pending(bucket, 1_000).await.unwrap();
    assert_eq!((readable.entries.len(), readable.gates.len(), readable.is_cut), (1, 0, false));
    journal.remove(&readable).await.unwrap();
    table.put_all([item_of(&calls[0])]).await.unwrap();
    let mended = journal.pending(bucket, 1_000).await.unwrap();
    assert_eq!((&mended.entries[0].event, mended.gates.len()), (&calls[0], 1));
}

#[tokio::test]
async fn of_many_gates_no_more_calls_are_taken_than_asked_for_and_in_the_end_all_of_them() {
    let (_fixture, table, journal) = journal().await;
    let users: Vec<String> = (0..).map(|n| format!("{n}@example.com")).filter(|user| is_first(user)).take(40).collect();
    for (user, id) in users.iter().flat_map(|user| ["1", "2", "3"].map(|id| (user, id))) {
        pass(&table, &event("API_CALL", Some(user), id)).await;
    }
    let bucket = Bucket::all().next().unwrap();
    let (mut taken, mut gates) = (0, 0);
    loop {
        let some = journal.pending(bucket, 50).await.unwrap();
        if some.is_empty() {
            break;
        }
        assert!(some.entries.len() <= 50);
        journal.remove(&some).await.unwrap();
        (taken, gates) = (taken + some.entries.len(), gates + some.gates.len());
    }
    assert_eq!((taken, gates), (120, 40));
}

fn is_first(user: &str) -> bool {
    Some(Bucket::of_event(&event("API_CALL", Some(user), "1"))) == Bucket::all().next()
}

#[tokio::test]
async fn calls_behind_a_gate_are_found_by_it_until_none_is_left_and_none_has_passed_since() {
    let (_fixture, table, journal) = journal().await;
    let call = |id: &str| event("API_CALL", Some("a@example.com"), id);
    let bucket = Bucket::of_event(&call("1"));
    for id in ["1", "2", "3"] {
        pass(&table, &call(id)).await;
    }
    let some = journal.pending(bucket, 2).await.unwrap();
    assert_eq!((some.entries.len(), some.gates.len(), some.is_cut), (2, 0, true));
    journal.remove(&some).await.unwrap();
    let rest = journal.pending(bucket, 1_000).await.unwrap();
    assert_eq!((rest.entries.len(), rest.gates.len(), rest.is_cut), (1, 1, false));
    pass(&table, &call("4")).await;
    journal.remove(&rest).await.unwrap();
    let last = journal.pending(bucket, 1_000).await.unwrap();
    assert_eq!((last.entries.len(), &last.entries[0].event), (1, &call("4")));
    journal.remove(&last).await.unwrap();
    assert!(journal.pending(bucket, 1_000).await.unwrap().is_empty());
}
