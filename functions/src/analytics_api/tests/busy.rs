//! A busy minute, whose blocks are read by their digests, against a plain count of its events.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::SignedDuration;
use metering::event::EventType;
use metering::number::Latency;
use metering::window::iso_millis;

use super::count::{point, seen_by};
use super::*;

const NOW: &str = "2026-12-01T00:10:50Z";
/// Users, of whom the first calls most and the last least.
const USERS: u64 = 40;

fn user(n: u64) -> String {
    format!("user{n}#😀@example.com")
}

/// Events of the current minute and the last one; a user changes the company in between.
fn events(count: u64) -> Vec<Event> {
    let now: Timestamp = NOW.parse().unwrap();
    let event = |n: u64| {
        let random = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33;
        let at = (now - SignedDuration::from_millis((random % 105_000).cast_signed())).to_string();
        let (user, id) = (user(random * n % USERS * (random % 7) / 6), format!("r{n}"));
        let mut event = match n % 12 {
            0 => failure(None, &id, &at),
            1 => failure(Some(&user), &id, &at),
            2 => refusal(&user, &id, &at),
            _ => call(&user, &id, &at),
        };
        if event.event_type == EventType::Call {
            event.company_name = Some(format!("Company {}", user.len() as u64 + random % 11 / 10).into());
            event.api_key_id = Some(format!("k{}", random % 3).into());
            event.path = Some(format!("/v1/{}", random % 5).into());
        }
        event.latency_ms = Latency::of_millis((random % 4_000) as f64 / 8.0).filter(|_| !random.is_multiple_of(9));
        event
    };
    (0..count).map(event).collect()
}

fn of_minute<'a>(events: &[&'a Event], minute: Minute) -> Vec<&'a Event> {
    events.iter().filter(|event| Minute::of(event.timestamp) == minute).copied().collect()
}

fn calls<'a>(events: &[&'a Event]) -> Vec<&'a Event> {
    events.iter().filter(|event| event.event_type == EventType::Call).copied().collect()
}

/// How often each name occurs: the most frequent first, then by name.
fn frequent(names: impl IntoIterator<Item = String>) -> Vec<(String, u64)> {
    let mut counts = BTreeMap::<String, u64>::new();
    names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

fn text_of(name: Option<&impl ToString>) -> String {
    name.map(ToString::to_string).unwrap_or_default()
}

fn assert_minute(answer: &Value, events: &[&Event], minute: Minute, what: &str) {
    let expected = point(events, minute.start(), minute.end());
    for figure in ["apiCalls", "uniqueUsers", "avgLatencyMs", "authFailures", "rateLimited"] {
        assert_eq!(answer[figure], expected[figure], "{figure} {what}");
    }
    let calls = calls(&of_minute(events, minute));
    let mut latencies: Vec<f64> =
        calls.iter().filter_map(|call| call.latency_ms).map(|latency| latency.as_micros() as f64 / 1_000.0).collect();
    latencies.sort_by(f64::total_cmp);
    for (figure, percent) in [("p50LatencyMs", 50), ("p99LatencyMs", 99)] {
        let rank = (latencies.len() * percent).div_ceil(100);
        let value = rank.checked_sub(1).map_or(0.0, |place| (latencies[place] * 100.0).round() / 100.0);
        assert_eq!(answer[figure], json!(value), "{figure} {what}");
    }
}

fn assert_lists(answer: &Value, events: &[&Event], minute: Minute) {
    let calls = calls(&of_minute(events, minute));
    let mut company_of = BTreeMap::<String, String>::new();
    for call in &calls {
        let company = company_of.entry(text_of(call.user_email.as_ref())).or_default();
        *company = text_of(call.company_name.as_ref().map(|name| name.as_str()).as_ref()).max(std::mem::take(company));
    }
    let users = frequent(calls.iter().map(|call| text_of(call.user_email.as_ref())));
    let companies = frequent(calls.iter().map(|call| company_of[&text_of(call.user_email.as_ref())].clone()));
    let list = |name: &str, of: Vec<(String, u64)>| -> Value {
        of.into_iter().take(10).map(|(value, calls)| json!({ name: value, "apiCalls": calls })).collect()
    };
    assert_eq!(answer["topUsers"], list("userEmail", users));
    assert_eq!(answer["topCompanies"], list("companyName", companies));
}

fn assert_user_stats(answer: &Value, events: &[&Event], who: &str) {
    let mut calls = calls(events);
    calls.sort_by_key(|call| Reverse(call.timestamp));
    let seen = |call: Option<&&Event>| json!(call.map(|call| iso_millis(call.timestamp)));
    assert_eq!(answer["allTime"]["apiCalls"], calls.len(), "{who}");
    assert_eq!(answer["allTime"]["firstSeen"], seen(calls.last()), "{who}");
    assert_eq!(answer["allTime"]["lastSeen"], seen(calls.first()), "{who}");
    let counts = |list: &str, name: &str| -> BTreeMap<String, u64> {
        let entries = answer[list].as_array().unwrap().iter();
        entries.map(|entry| (entry[name].as_str().unwrap().into(), entry["apiCalls"].as_u64().unwrap())).collect()
    };
    let keys = frequent(calls.iter().map(|call| call.key().unwrap().0.to_owned()));
    assert_eq!(counts("byKey", "apiKeyId"), keys.into_iter().collect(), "{who}");
    let paths = frequent(calls.iter().map(|call| text_of(call.path.as_ref().map(|path| path.as_str()).as_ref())));
    assert_eq!(counts("byPath", "path"), paths.into_iter().collect(), "{who}");
    let times: Vec<_> = answer["recent"].as_array().unwrap().iter().map(|call| call["time"].clone()).collect();
    let latest: Vec<_> = calls.iter().take(20).map(|call| json!(iso_millis(call.timestamp))).collect();
    assert_eq!(times, latest, "{who}");
    for (figure, kind) in [("rateLimited", EventType::RateLimited), ("authFailures", EventType::AuthFailed)] {
        assert_eq!(answer[figure], events.iter().filter(|event| event.event_type == kind).count(), "{figure} {who}");
    }
}

#[tokio::test]
async fn a_busy_minute_is_exact_at_the_first_look_and_at_each_that_follows() {
    let mut world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let all = events(2_400);
    // The second half comes in between, and some of the first once more, cut elsewhere.
    let batches = all[..1_200].chunks(300).chain(all[1_200..].chunks(400)).chain(all[300..1_100].chunks(270));
    for (n, batch) in batches.enumerate() {
        world.commit(batch.to_vec()).await;
        world.events.extend(batch.iter().cloned());
        if n < 3 {
            continue;
        }
        let current = Minute::of(NOW.parse().unwrap());
        let everybody = seen_by(Who::Admin, &world.events);
        let answer = world.ok(Who::Admin, REALTIME, &[], NOW).await;
        for (field, minute) in [("current", current), ("lastMinute", current.plus(-1))] {
            assert_minute(&answer[field], &everybody, minute, field);
            assert_lists(&answer[field], &everybody, minute);
        }
        for who in [0, 1, 7, 39].map(user) {
            let is_own = |event: &&&Event| event.person().map(|email| email.as_str()) == Some(who.as_str());
            let own: Vec<_> = everybody.iter().filter(is_own).copied().collect();
            let answer = world.ok(Who::User(&who), REALTIME, &[], NOW).await;
            assert_minute(&answer["current"], &own, current, &who);
            assert_user_stats(&world.ok(Who::User(&who), USER_STATS, &[], NOW).await, &own, &who);
        }
    }
    let [analytics, ..] = tables(&world.store);
    let items = world.store.client().scan().table_name(analytics.name()).send().await.unwrap().items.unwrap();
    let digests = items.iter().filter(|item| item.contains_key("digest")).count();
    assert!(digests > 30, "{digests} digests");
}
