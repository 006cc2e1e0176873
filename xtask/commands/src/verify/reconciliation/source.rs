//! The records that are compared: the gateway's access log, the stream, the blocks and windows, the journal.
//!
//! Invariant: each is read as a stranger would, from what is stored, and never from what another of them says.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use contract::access_log::{QUOTA, REQUEST_ID, TIME, WITHIN};
use contract::name;
use contract::table::{CALL, PK, SK};
use futures::future::try_join_all;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use metering::event::{Event, EventType};
use metering::subject::Bucket;
use metering::window::{Minute, iso_millis};
use serde_json::Value;
use store::blocks::Blocks;
use store::table::{CONCURRENCY, Item, present, text};
use store::windows::{Span, Windows};

use super::comparison::{Calls, Sources, gateway_id};
use crate::verify::Deployment;
use cloud::aws::dynamodb::table;
use cloud::aws::error::{failed_to, is_missing, table_failed_to};
use cloud::system::counting::watermark;
use cloud::system::drain::{arrived_at, events_of, read_since, shards};
use cloud::system::journal::{Behind, waiting};

/// Adds the calls that the gateway let through between two minutes, both included, and names the lines of its log that
/// nobody can read.
pub(super) async fn gateway(
    deployment: &Deployment<'_>,
    sources: &mut Sources,
    first: Minute,
    last: Minute,
) -> Result<()> {
    let group = name::access_log(deployment.env);
    let client = deployment.connection.logs();
    let ask = client
        .filter_log_events()
        .log_group_name(&group)
        .filter_pattern(format!("{{ $.{QUOTA} = \"{WITHIN}\" }}"))
        .start_time(first.start().as_millisecond())
        .end_time(last.end().as_millisecond());
    let mut pages = ask.into_paginator().send();
    let mut calls = Calls::default();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(()),
            Err(error) => return Err(failed_to(format!("read {group}"))(error)),
        };
        for event in page.events() {
            let line = event.event_id().unwrap_or_default();
            match serde_json::from_str::<Value>(event.message().unwrap_or_default()) {
                Ok(call) => of_line(&call).into_iter().for_each(|(id, minute)| calls.add(&id, line, minute)),
                Err(_) => sources.unreadable.push(line.to_owned()),
            }
        }
    }
    sources.gateway = Some(calls);
    Ok(())
}

/// The id and minute of a call that was let through.
fn of_line(line: &Value) -> Option<(String, Minute)> {
    let text = |field: &str| line[field].as_str();
    let at = Timestamp::from_millisecond(text(TIME)?.parse().ok()?).ok()?;
    (text(QUOTA)? == WITHIN).then_some((text(REQUEST_ID)?.to_owned(), Minute::of(at)))
}

/// Calls on the stream that arrived since an instant; nothing where there is no stream. Closed shards are read too.
pub(super) async fn stream(deployment: &Deployment<'_>, since: Timestamp) -> Result<Option<Calls>> {
    let Deployment { connection, env, .. } = deployment;
    let Some(shards) = shards(connection, env).await? else { return Ok(None) };
    let events = try_join_all(shards.iter().map(async |shard| {
        let mut events = Vec::new();
        read_since(connection, env, shard, since, |record| {
            // What cannot be counted becomes an item under `ERRORS`, and is not a call.
            events.extend(Event::parse(record.data().as_ref(), arrived_at(&record)));
        })
        .await?;
        anyhow::Ok(events)
    }));
    let mut calls = Calls::default();
    for event in events.await?.into_iter().flatten().filter(is_call) {
        calls.add(gateway_id(&event.request_id), &event.request_id, Minute::of(event.timestamp));
    }
    Ok(Some(calls))
}

/// Adds what is counted: blocks, windows, and the journal on its way into blocks.
pub(super) async fn count(
    deployment: &Deployment<'_>,
    sources: &mut Sources,
    first: Minute,
    last: Minute,
) -> Result<()> {
    // The first batch sets the watermark before its blocks: without one there are no blocks, and perhaps no table.
    if watermark(deployment.connection, deployment.env).await?.is_none() {
        return Ok(());
    }
    let parts = first.through(last).flat_map(|minute| Bucket::all().map(move |bucket| (minute, bucket)));
    let reads = parts.map(|(minute, bucket)| async move {
        anyhow::Ok((minute, events_of(deployment.connection, deployment.env, minute, bucket).await?))
    });
    let blocks: Vec<_> = futures::stream::iter(reads).buffer_unordered(CONCURRENCY).try_collect().await?;
    let mut distinct = BTreeSet::new();
    for (minute, event) in
        blocks.into_iter().flat_map(|(minute, events)| events.into_iter().map(move |event| (minute, event)))
    {
        if is_call(&event) && distinct.insert(event.identity().into_owned()) {
            *sources.blocks.entry(minute).or_default() += 1;
            add_counted(&mut sources.counted, &event.request_id, minute);
        }
    }
    sources.windows = windows(deployment, first, last).await?;
    Ok(())
}

/// A call counts once in each minute that has its id: in two it would be counted twice.
fn add_counted(calls: &mut Calls, id: &str, minute: Minute) {
    calls.add(gateway_id(id), format!("{id} {minute}"), minute);
}

/// Calls in the window of each minute that is set and need not be set again.
async fn windows(deployment: &Deployment<'_>, first: Minute, last: Minute) -> Result<BTreeMap<Minute, u64>> {
    let Some(watermark) = watermark(deployment.connection, deployment.env).await? else { return Ok(BTreeMap::new()) };
    let analytics = table(deployment.connection, name::analytics_table(deployment.env));
    let totals = Windows::new(analytics.clone(), table(deployment.connection, name::usage_table(deployment.env)));
    let late = Blocks::new(analytics).marks().await.map_err(table_failed_to("read which minutes are late"))?;
    let mut windows: BTreeMap<Minute, u64> = first.through(last.min(watermark)).map(|minute| (minute, 0)).collect();
    for day in first.day().through(last.day()) {
        // Rows are kept by day.
        let midnight = Minute::of(day.start());
        let (from, to) = (first.max(midnight), last.min(midnight.plus(24 * 60 - 1)));
        let found = totals.totals(Span::Minute(from), Span::Minute(to)).await;
        for (span, total) in found.map_err(table_failed_to(format!("read the windows of {day}")))? {
            if let Some(window) = windows.get_mut(&span.first_minute()) {
                *window = total.calls;
            }
        }
    }
    late.iter().for_each(|mark| {
        windows.remove(&mark.minute);
    });
    Ok(windows)
}

/// Adds the calls that the journal holds: in synchronous mode all of them, with the stream those it did not take and
/// that are not in blocks yet. Their keys say all that is needed.
pub(super) async fn journal(
    deployment: &Deployment<'_>,
    sources: &mut Sources,
    first: Minute,
    last: Minute,
) -> Result<()> {
    let Some(waiting) = waiting(deployment.connection, deployment.env).await? else { return Ok(()) };
    let (from, to) = (iso_millis(first.start()), iso_millis(last.end()));
    let reads = waiting.behind_gates.iter().map(|behind| behind_gate(deployment, behind, &from, &to));
    let reads: Vec<_> = reads.collect();
    let behind: Vec<Vec<String>> = futures::stream::iter(reads).buffer_unordered(CONCURRENCY).try_collect().await?;
    for (at, id) in waiting.entries.iter().chain(behind.iter().flatten()).filter_map(|sort| of_key(sort)) {
        if (from.as_str()..to.as_str()).contains(&at)
            && let Ok(at) = at.parse::<Timestamp>()
        {
            add_counted(&mut sources.counted, id, Minute::of(at));
        }
    }
    Ok(())
}

/// Sort keys of the entries behind a gate from one instant to before another.
async fn behind_gate(deployment: &Deployment<'_>, behind: &Behind, from: &str, to: &str) -> Result<Vec<String>> {
    let Behind { partition, prefix } = behind;
    let query = deployment.connection.dynamodb().query().table_name(name::usage_table(deployment.env));
    let query = query
        .consistent_read(true)
        .projection_expression("#s")
        // What comes at the last instant itself has its id behind it, and so sorts after it.
        .key_condition_expression("#p = :p AND #s BETWEEN :first AND :last")
        .expression_attribute_names("#p", PK)
        .expression_attribute_names("#s", SK)
        .expression_attribute_values(":p", text(partition))
        .expression_attribute_values(":first", text(format!("{prefix}{from}")))
        .expression_attribute_values(":last", text(format!("{prefix}{to}")));
    let items: Result<Vec<Item>, _> = query.into_paginator().items().send().collect().await;
    let items = items.map_err(failed_to(format!("read the journal of {partition}")))?;
    Ok(items.iter().filter_map(|item| present(item, SK)).collect())
}

/// The instant and the id of a call's entry: `2026-11#CALL#2026-11-24T10:15:30.123Z#3f0c…`. Other events, and a call
/// whose id has a `#`, have their type behind.
fn of_key(sort: &str) -> Option<(&str, &str)> {
    let (at, id) = sort.split_once(CALL)?.1.split_once('#')?;
    match id.rsplit_once('#') {
        None => Some((at, id)),
        Some((id, kind)) => (kind == "API_CALL").then_some((at, id)),
    }
}

fn is_call(event: &Event) -> bool {
    event.event_type == EventType::Call
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_call_that_was_let_through_is_one_of_the_gateways() {
        let line = |quota: &str| json!({"requestId": "r-1", "time": "1763979330123", "quota": quota, "status": "200"});
        let minute: Minute = "2025-11-24T10:15".parse().unwrap();
        assert_eq!(of_line(&line("within")), Some(("r-1".to_owned(), minute)));
        // Over the quota; refused by a key, by the gateway, or decided by the pool of users.
        assert_eq!(of_line(&line("exceeded")), None);
        assert_eq!(of_line(&line("-")), None);
        assert_eq!(of_line(&json!({"requestId": "r-1"})), None);
    }

    #[test]
    fn a_key_of_the_journal_says_when_and_which_call() {
        let at = "2026-11-24T10:15:30.123Z";
        assert_eq!(of_key(&format!("2026-11#CALL#{at}#r-1")), Some((at, "r-1")));
        assert_eq!(of_key(&format!("2026-11#CALL#{at}#r#1#API_CALL")), Some((at, "r#1")));
        assert_eq!(of_key(&format!("2026-11#CALL#{at}#r-1#API_RATE_LIMITED")), None);
        assert_eq!(of_key("2026-11#DAY#24"), None);
    }
}
