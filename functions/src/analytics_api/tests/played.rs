//! A known history of four weeks, put through the processor and the aggregator: every figure of every answer beside a
//! count of the events that were played.
//!
//! Invariant: the count knows the events and what was answered to them, and nothing of blocks, windows or usages.

mod breakdowns;
mod overview;

use std::collections::{BTreeMap, BTreeSet};

use ::played::{Act, Script, everybody};
use aws_sdk_dynamodb::config::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use metering::event::EventType;
use metering::number::Latency;
use metering::window::{Month, iso_millis};
use runtime_fixture::GatewayLog;

use super::count::{assert_points, point, points, seen_by};
use super::forecast::{assert_forecast, hours_of};
use super::*;
use crate::access_log::AccessLog;
use crate::aggregator::{Aggregator, RunUntil};
use crate::large_records::LargeRecords;
use crate::metrics::Metrics;
use crate::processor::Processor;
use crate::status_source::StatusSource;
use crate::stream_event::StreamEvent;

/// A Thursday; windows are set a minute and more behind it.
pub(super) const NOW: &str = "2026-11-26T10:15:20Z";
const CALLS: u64 = 600;
const DAYS: u32 = 28;
/// Minutes with events that a run of the aggregator is given: it asks the access log 40 times at most.
const MINUTES_OF_A_RUN: usize = 35;
/// Events in one batch.
const BATCH: usize = 200;

/// What was played, and tables that hold it.
pub(super) struct Played {
    pub(super) world: World,
    acts: Vec<Act>,
    /// The minute up to which windows are set.
    set: Minute,
}

impl Played {
    pub(super) async fn new(seed: u64) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let acts = Script { calls: CALLS, days: DAYS, seed, end: now }.acts();
        let (store, log) = (Store::new().await, GatewayLog::start());
        let [analytics, usage, keys] = tables(&store);
        let nowhere = || Credentials::new("test", "test", None, None, "test");
        let large = LargeRecords::new(Some("http://127.0.0.1:9"), "ap-south-1", nowhere(), "failed".into());
        let processor = Processor::new(Blocks::new(analytics.clone()), Watermark::new(analytics.clone()), large);
        let metrics = Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test");
        let mut aggregator = Aggregator::new(analytics.clone(), usage.clone(), metrics);
        let reader = AccessLog::new(Some(&log.endpoint_url), "ap-south-1", nowhere(), "/the/log".into());
        aggregator.status_source = Some(StatusSource::Poll(reader));
        for act in &acts {
            if let Some(answer) = act.answer {
                log.answered(&act.event.request_id, act.event.timestamp, answer.status, answer.millis);
            }
        }
        let minutes: Vec<&[Act]> = acts.chunk_by(|one, next| minute_of(one) == minute_of(next)).collect();
        let mut set = None;
        for minutes in minutes.chunks(MINUTES_OF_A_RUN) {
            for batch in minutes.concat().chunks(BATCH) {
                processor.process(&batch_of(batch), || now).await.unwrap();
            }
            set = Some(aggregator.run(RunUntil::Settled, || now).await.unwrap().watermark);
        }
        let events = acts.iter().map(|act| act.event.clone()).collect();
        let world = World { api: AnalyticsApi::new(analytics, usage, keys), store, events };
        Self { world, acts, set: set.unwrap() }
    }

    /// What was answered to a call, where windows have it.
    fn answer(&self, call: &Event) -> Option<::played::Answer> {
        let place = self.acts.binary_search_by_key(&(call.timestamp, &call.request_id), |act| {
            (act.event.timestamp, &act.event.request_id)
        });
        place.ok().map(|place| &self.acts[place]).filter(|act| minute_of(act) <= self.set)?.answer
    }

    /// The events of a type that count for someone, from one instant until another.
    fn between(&self, who: Who<'_>, kind: EventType, from: Timestamp, to: Timestamp) -> Vec<&Event> {
        let seen = seen_by(who, &self.world.events).into_iter();
        seen.filter(|event| event.event_type == kind && (from..to).contains(&event.timestamp)).collect()
    }

    /// The calls that count for someone, from one instant until another.
    fn calls_between(&self, who: Who<'_>, from: Timestamp, to: Timestamp) -> Vec<&Event> {
        self.between(who, EventType::Call, from, to)
    }

    /// Those of the range of an answer.
    fn calls(&self, who: Who<'_>, answer: &Value) -> Vec<&Event> {
        let [from, to] = ["from", "to"].map(|edge| answer[edge].as_str().unwrap().parse().unwrap());
        self.calls_between(who, from, to)
    }

    /// Who called most in the last week.
    fn busiest(&self, n: usize) -> Vec<String> {
        let now: Timestamp = NOW.parse().unwrap();
        let mut users = BTreeMap::<String, u64>::new();
        for call in self.calls_between(Who::Admin, now - SignedDuration::from_hours(7 * 24), now) {
            *users.entry(call.user_email.as_ref().unwrap().as_str().to_owned()).or_default() += 1;
        }
        let mut users: Vec<_> = users.into_iter().collect();
        users.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
        users.into_iter().take(n).map(|(email, _)| email).collect()
    }

    /// The answers that are known of some events, with their calls: those of the minutes that windows have.
    fn known<'a>(&'a self, events: &[&Event]) -> BTreeMap<&'a str, &'a Act> {
        let ids: BTreeSet<_> = events.iter().map(|event| event.request_id.as_str()).collect();
        let set = self.acts.iter().filter(|act| act.answer.is_some() && minute_of(act) <= self.set);
        set.map(|act| (act.event.request_id.as_str(), act)).filter(|(id, _)| ids.contains(id)).collect()
    }

    /// A point with what was answered.
    fn answered(&self, mut point: Value, events: &[&Event], from: Timestamp, to: Timestamp) -> Value {
        let known = self.known(events);
        let within = |act: &&&Act| from <= act.event.timestamp && act.event.timestamp < to;
        let answers: Vec<_> = known.values().filter(within).collect();
        let mut statuses = BTreeMap::<String, u64>::new();
        let (mut caller, mut ours) = (0, 0);
        for answer in answers.iter().filter_map(|act| act.answer) {
            *statuses.entry(answer.status.to_string()).or_default() += 1;
            caller += u64::from((400..500).contains(&answer.status));
            ours += u64::from(answer.status >= 500);
        }
        point["statusKnown"] = answers.len().into();
        point["statuses"] = json!(statuses);
        point["faults"]["caller"] = caller.into();
        point["faults"]["ours"] = ours.into();
        point
    }
}

fn minute_of(act: &Act) -> Minute {
    Minute::of(act.event.timestamp)
}

/// Records that arrived as soon as they were made.
fn batch_of(acts: &[Act]) -> StreamEvent {
    let record = |(n, act): (usize, &Act)| {
        json!({"eventID": format!("shardId-000000000000:{n}"), "kinesis": {
            "data": STANDARD.encode(act.event.to_json()), "sequenceNumber": n.to_string(),
            "approximateArrivalTimestamp": act.event.timestamp.as_millisecond() as f64 / 1_000.0,
        }})
    };
    let records: Vec<_> = acts.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

/// The duration that at least so many percent of some do not exceed.
fn exact(millis: &mut [u64], percent: usize) -> Option<f64> {
    millis.sort_unstable();
    millis.get((millis.len() * percent).div_ceil(100).max(1) - 1).map(|millis| *millis as f64)
}

/// Compares a duration with the exact one: within 2 % and the two digits that are told, or null where there is none.
fn assert_near(found: &Value, exact: Option<f64>, context: &str) {
    let is_near = found.as_f64().zip(exact).is_none_or(|(found, exact)| (found - exact).abs() <= exact * 0.02 + 0.005);
    assert!(is_near && found.is_null() == exact.is_none(), "{found} for {exact:?}: {context}");
}

/// Takes response times out of points, having compared them with the exact ones as far as these are known.
fn take_responses(played: &Played, events: &[&Event], answer: &mut Value, expected: &mut [Value], minutes: i64) {
    let known = played.known(events);
    for (point, expected) in answer["timeSeries"].as_array_mut().unwrap().iter_mut().zip(expected) {
        let from: Timestamp = expected["time"].as_str().unwrap().parse().unwrap();
        let to = from + SignedDuration::from_mins(minutes);
        let within = known.values().filter(|act| from <= act.event.timestamp && act.event.timestamp < to);
        let mut millis: Vec<u64> = within.filter_map(|act| act.answer).map(|answer| answer.millis).collect();
        for (percent, name) in [(50, "p50ResponseMs"), (90, "p90ResponseMs"), (99, "p99ResponseMs")] {
            expected.as_object_mut().unwrap().remove(name);
            let found = point.as_object_mut().unwrap().remove(name).unwrap();
            let Some(exact) = exact(&mut millis, percent) else { continue };
            assert_near(&found, Some(exact), &format!("{name} in {expected}"));
        }
    }
}

fn everyone() -> Vec<String> {
    everybody().into_iter().map(|person| person.email).collect()
}

#[tokio::test]
async fn every_figure_of_four_weeks_that_were_played_is_the_counted_one() {
    let played = Played::new(5).await;
    let people = everyone();
    let viewers = people.iter().map(|email| Who::User(email)).chain([Who::Admin]);
    for who in viewers {
        series_are_exact(&played, who).await;
        overview::comparisons_are_exact(&played, who).await;
    }
    breakdowns::are_exact(&played).await;
    breakdowns::weeks_are_exact(&played).await;
    overview::summaries_are_exact(&played).await;
    overview::users_of_days_are_exact(&played).await;
    overview::companies_are_exact(&played).await;
    overview::refusals_are_exact(&played).await;
    for email in &people {
        statistics_are_exact(&played, email).await;
        the_export_is_exact(&played, email).await;
        the_alerts_are_exact(&played, email).await;
        the_forecast_is_the_crates(&played, Who::User(email)).await;
    }
    the_forecast_is_the_crates(&played, Who::Admin).await;
}

async fn series_are_exact(played: &Played, who: Who<'_>) {
    let seen = seen_by(who, &played.world.events);
    for (granularity, minutes, duration, n) in
        [("minute", 1, "3h", 180), ("hour", 60, "7d", 168), ("day", 1_440, "28d", 28)]
    {
        let parameters = [("granularity", granularity), ("duration", duration)];
        let mut answer = played.world.ok(who, TIMESERIES, &parameters, NOW).await;
        let mut expected = points(&seen, minutes, n, NOW);
        for point in &mut expected {
            let from: Timestamp = point["time"].as_str().unwrap().parse().unwrap();
            *point = played.answered(point.take(), &seen, from, from + SignedDuration::from_mins(minutes));
        }
        take_responses(played, &seen, &mut answer, &mut expected, minutes);
        assert_points(&answer, expected, &format!("{granularity} {who:?}"));
    }
    let answer = played.world.ok(who, REALTIME, &[], NOW).await;
    let minute = |ago: i64| {
        let from = Minute::of(NOW.parse().unwrap()).plus(-ago);
        point(&seen, from.start(), from.end())
    };
    for (field, ago) in [("current", 0), ("lastMinute", 1)] {
        for figure in ["apiCalls", "uniqueUsers", "avgLatencyMs", "authFailures", "rateLimited"] {
            assert_eq!(answer[field][figure], minute(ago)[figure], "{field}.{figure} {who:?}");
        }
    }
}

async fn statistics_are_exact(played: &Played, email: &str) {
    let stats = played.world.ok(Who::User(email), USER_STATS, &[], NOW).await;
    let own = seen_by(Who::User(email), &played.world.events);
    let mut calls: Vec<_> = own.iter().filter(|event| event.event_type == EventType::Call).collect();
    calls.sort_by_key(|call| (call.timestamp, &call.request_id));
    let time = |call: Option<&&&Event>| call.map(|call| iso_millis(call.timestamp));
    let all_time = json!({"apiCalls": calls.len(), "firstSeen": time(calls.first()), "lastSeen": time(calls.last())});
    assert_eq!(stats["allTime"], all_time, "{email}");
    let month = Month::of(NOW.parse().unwrap());
    let used = calls.iter().filter(|call| Month::of(call.timestamp) == month).count();
    assert_eq!((&stats["period"]["used"], &stats["period"]["remaining"]), (&json!(used), &json!(10_000 - used)));
    assert_eq!(stats["rateLimited"], own.iter().filter(|event| event.event_type == EventType::RateLimited).count());

    let count = |names: &dyn Fn(&Event) -> Value| {
        let mut counts = BTreeMap::<String, (Value, u64)>::new();
        for call in &calls {
            let named = names(call);
            counts.entry(named.to_string()).or_insert((named, 0)).1 += 1;
        }
        let rows = counts.into_values().map(|(mut row, calls)| {
            row["apiCalls"] = calls.into();
            row.to_string()
        });
        rows.collect::<BTreeSet<_>>()
    };
    let found = |field: &str| stats[field].as_array().unwrap().iter().map(Value::to_string).collect::<BTreeSet<_>>();
    assert_eq!(found("byKey"), count(&|call| json!({"apiKeyId": call.api_key_id, "apiKeyName": call.api_key_name})));
    assert_eq!(found("byPath"), count(&|call| json!({"method": call.method, "path": call.path})));
    assert_eq!(found("byDay"), count(&|call| json!({"date": Day::of(call.timestamp).to_string()})));
    let recent: Vec<_> = calls.iter().rev().take(20).map(|call| call.timestamp).map(iso_millis).collect();
    let shown: Vec<_> = stats["recent"].as_array().unwrap().iter().map(|call| call["time"].as_str().unwrap()).collect();
    assert_eq!(shown, recent, "{email}");
}

/// Nobody comes near their quota by calls alone; a call refused over it says that all of it is used.
async fn the_alerts_are_exact(played: &Played, email: &str) {
    let month = Month::of(NOW.parse().unwrap());
    let is_over = |event: &&Event| event.event_type == EventType::RateLimited && Month::of(event.timestamp) == month;
    let was_refused = seen_by(Who::User(email), &played.world.events).into_iter().any(|event| is_over(&event));
    let expected = if was_refused { vec![50, 80, 90, 95, 100] } else { vec![] };
    let answer = played.world.ok(Who::User(email), Route::Alerts.path(), &[], NOW).await;
    let alerts = answer["alerts"].as_array().unwrap().iter();
    let thresholds: Vec<u64> = alerts.map(|alert| alert["threshold"].as_u64().unwrap()).collect();
    assert_eq!(thresholds, expected, "{email}");
}

/// The hour under way is forecast, from all that are over.
async fn the_forecast_is_the_crates(played: &Played, who: Who<'_>) {
    let answer = played.world.ok(who, Route::Forecast.path(), &[("horizon", "7d")], NOW).await;
    let hours = hours_of(&seen_by(who, &played.world.events), "2026-11-26T10:00:00Z");
    assert_forecast(&answer, &hours, 7 * 24, &format!("{who:?}"));
}

async fn the_export_is_exact(played: &Played, email: &str) {
    let own = seen_by(Who::User(email), &played.world.events);
    let mut calls: Vec<_> = own.into_iter().filter(|event| event.event_type == EventType::Call).collect();
    calls.sort_by_key(|call| (call.timestamp, &call.request_id));
    let row = |call: &Event| {
        let answer = played.answer(call);
        json!({
            "time": iso_millis(call.timestamp), "requestId": call.request_id, "method": call.method, "path": call.path,
            "status": answer.map(|answer| answer.status), "responseMs": answer.map(|answer| answer.millis as f64), "latencyMs": call.latency_ms.map(Latency::as_millis),
            "apiKeyId": call.api_key_id, "apiKeyName": call.api_key_name, "companyName": call.company_name,
            "stage": call.stage, "sourceIp": call.source_ip, "userAgent": call.user_agent,
        })
    };
    let expected: Vec<Value> = calls.into_iter().map(row).collect();
    let (mut rows, mut cursor) = (Vec::<Value>::new(), None::<String>);
    loop {
        let parameters: Vec<_> = match &cursor {
            Some(cursor) => vec![("cursor", cursor.as_str())],
            None => vec![("format", "jsonl")],
        };
        let (_, body, headers) = played.world.text(Who::User(email), Route::Export.path(), &parameters, NOW).await;
        assert_eq!(headers["x-total-calls"].to_str().unwrap(), expected.len().to_string(), "{email}");
        rows.extend(body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        let link = headers.get("link").map(|link| link.to_str().unwrap().to_owned());
        let Some(link) = link else { break };
        cursor = Some(link.trim_start_matches("<?cursor=").trim_end_matches(">; rel=\"next\"").to_owned());
    }
    assert_eq!(rows, expected, "{email}");
}
