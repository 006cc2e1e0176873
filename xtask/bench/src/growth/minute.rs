//! A minute of calls: what it costs to look at it while it is open, to look up a quota, and to fold it.
//!
//! Invariant: calls come through the packaged processor, all of them before the minute is over in which they are made,
//! and every answer is held to what was called before its cost counts.
//!
//! `measure` is longer than others, because a minute is gone through in one order, by the clock.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use contract::Function;
use contract::function::AUTHORIZER_KINESIS_HANDLER;
use contract::variable::HANDLER;
use jiff::{SignedDuration, Timestamp};
use metering::window::Minute;
use runtime_fixture::Batch;
use serde_json::Value;
use xtask::Printer;

use super::row::{Measured, figure};
use super::system::{Cost, Look, Running, System};
use super::traffic::Traffic;
use crate::authorizer;
use crate::core::OneCore;

const REALTIME_OF_ADMIN: Look<'_> = Look { route: "realtime", parameters: &[], is_admin: true };
const REALTIME_OF_USER: Look<'_> = Look { route: "realtime", parameters: &[], is_admin: false };
const USER_STATS: Look<'_> = Look { route: "user-stats", parameters: &[], is_admin: false };
/// How long after its end a minute can be folded, the aggregator's grace and a second more, in seconds.
const FOLDED_AFTER: i64 = 11;
/// How many times as long as a rehearsal says a load may take before its minute is missed.
const SLACK: i32 = 2;
/// Calls by which an authorizer is warm before the one that is measured.
const WARM_CALLS: usize = 20;

/// Measures a traffic.
pub(crate) async fn measure(traffic: Traffic, printer: &Printer) -> Result<Vec<Measured>> {
    let ahead = rehearse().await? * (traffic.calls / Traffic::RISING[0].calls) as i32 * SLACK;
    let system = System::start().await;
    let processor = system.run(Function::StreamProcessor, &[]).await?;
    // Clocks may run ahead, so the load comes before its minute, however long it takes.
    let beginning = next_minute(Timestamp::now() + ahead);
    let mut batches = traffic.batches(beginning, 1).peekable();
    printer.say(format!("growth, {}: {} calls", traffic.name, traffic.calls));
    let counted = deliver(&system, &processor, &mut batches, traffic.calls).await?;
    sleep_until(beginning + SignedDuration::from_secs(FOLDED_AFTER)).await;
    // The load took longer than its minute: without the runs that would have been meanwhile, readers take the aggregator
    // to be away, and look at every minute since.
    let catching_up = system.run(Function::RealtimeAggregator, &[]).await?;
    system.invoke(&catching_up, "{}".into()).await?;
    drop(catching_up);
    let one_core = OneCore::hold();
    let mut figures = Vec::new();
    let mut looks = Vec::new();
    for look in [REALTIME_OF_ADMIN, REALTIME_OF_USER, USER_STATS] {
        let api = system.run(Function::AnalyticsApi, &[]).await?;
        let first = seen(&system, &api, look, counted).await?;
        looks.push((api, look, first));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let all = counted + deliver(&system, &processor, &mut batches, u64::MAX).await?;
    let mut costs = Vec::new();
    for (api, look, first) in looks {
        costs.push((first, seen(&system, &api, look, all).await?));
    }
    let [(admin, again), (user, user_again), (stats, stats_again)] = costs[..] else { unreachable!("three looks") };
    figures.extend([
        figure("`realtime` of an administrator, first: CPU, ms", "300", admin.cpu),
        figure("peak memory, MiB", "96", admin.peak),
        figure("read units", "4,000", admin.read_units),
        figure("the same a second later: CPU, ms", "30", again.cpu),
        figure("read units", "100", again.read_units),
        figure("`realtime` of the user, first: CPU, ms", "60", user.cpu),
        figure("read units", "600", user.read_units),
        figure("the same a second later: CPU, ms", "10", user_again.cpu),
        figure("read units", "30", user_again.read_units),
        figure("`user-stats` of the user, first: CPU, ms", "60", stats.cpu),
        figure("read units", "600", stats.read_units),
        figure("the same a second later: CPU, ms", "10", stats_again.cpu),
        figure("read units", "30", stats_again.read_units),
    ]);
    let look_up = look_up(&system).await?;
    figures.extend([
        figure("the authorizer's look-up of the quota: CPU, ms", "5", look_up.cpu),
        figure("read units", "20", look_up.read_units),
    ]);
    let aggregator = system.run(Function::RealtimeAggregator, &[]).await?;
    sleep_until(beginning + SignedDuration::from_secs(60 + FOLDED_AFTER)).await;
    let (fold, reached) = system.invoke(&aggregator, "{}".into()).await?;
    drop(one_core);
    ensure!(reached["done"] == true, "the aggregator reached {reached}");
    let written = system.endpoint.store.spent().write_units * 1_000.0 / all as f64;
    figures.extend([
        figure("aggregator, that minute: CPU, s", "9; 6 for 100,000 users", fold.cpu / 1e3),
        figure("peak memory, MiB", "300", fold.peak),
        figure("requests", "5,000 for 100,000 users", fold.requests),
        figure("read units", "–", fold.read_units),
        figure("write units", "–", fold.write_units),
        figure("processor and aggregator: write units per 1,000 calls", "–", written),
    ]);
    Ok(figures)
}

/// How long the smallest traffic takes to be counted, which is as long as this machine needs for that.
async fn rehearse() -> Result<SignedDuration> {
    let system = System::start().await;
    let processor = system.run(Function::StreamProcessor, &[]).await?;
    let began = Timestamp::now();
    deliver(&system, &processor, &mut Traffic::RISING[0].batches(began, 0), u64::MAX).await?;
    Ok(Timestamp::now().duration_since(began))
}

/// When the next minute begins that is not an hour's last: with that one the hour is folded as well.
fn next_minute(instant: Timestamp) -> Timestamp {
    let next = Minute::of(instant).plus(1);
    if next == next.hour().last_minute() { next.end() } else { next.start() }
}

async fn sleep_until(instant: Timestamp) {
    let left = instant.duration_since(Timestamp::now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
}

/// Has the processor count batches until so many calls are counted; returns how many were.
pub(super) async fn deliver(
    system: &System,
    processor: &Running,
    batches: &mut impl Iterator<Item = Batch>,
    calls: u64,
) -> Result<u64> {
    let mut counted = 0;
    while counted < calls {
        let Some(batch) = batches.next() else { break };
        counted += batch.event["Records"].as_array().map_or(0, Vec::len) as u64;
        system.invoke(processor, batch.event.to_string()).await?;
    }
    Ok(counted)
}

/// What a look costs that sees every call.
async fn seen(system: &System, api: &Running, look: Look<'_>, calls: u64) -> Result<Cost> {
    let (cost, body) = system.look(api, look).await?.with_context(|| format!("there is no {}", look.route))?;
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let found = match look.route {
        "realtime" => count(&body["current"]["apiCalls"]) + count(&body["lastMinute"]["apiCalls"]),
        _ => count(&body["allTime"]["apiCalls"]),
    };
    // Every tenth call, the first included, is the user's.
    let expected = if look.is_admin { calls } else { calls.div_ceil(10) };
    ensure!(found == expected, "{} shows {found} of {expected} calls", look.route);
    Ok(cost)
}

/// What it costs a warm authorizer to let the user's first call through.
async fn look_up(system: &System) -> Result<Cost> {
    for item in authorizer::items() {
        let table = contract::name::keys_table(&contract::Environment::default());
        system.endpoint.store.metered("PutItem", serde_json::json!({ "TableName": table, "Item": item }));
    }
    let authorizer = system.run(Function::ApiKeyAuthorizer, &[(HANDLER, AUTHORIZER_KINESIS_HANDLER)]).await?;
    let mut calls = (0..).map(|n| (if n < WARM_CALLS { authorizer::OTHER_KEY } else { authorizer::KEY }, n));
    let mut cost = Cost::default();
    for (key, n) in calls.by_ref().take(WARM_CALLS + 1) {
        let (paid, answer) = system.invoke(&authorizer, authorizer::request(key, n).to_string()).await?;
        ensure!(answer.to_string().contains("Allow"), "the authorizer answered {answer}");
        cost = paid;
    }
    Ok(cost)
}
