//! The parts of a user's answer, and that they add up.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: &str = "2026-12-01T00:00:30Z";

fn call(id: usize, timestamp: &str, key: &str, path: &str) -> Event {
    serde_json::from_value(json!({
        "eventType": "API_CALL", "requestId": id.to_string(), "timestamp": timestamp, "userEmail": "a#b@example.com",
        "apiKeyId": key, "apiKeyName": format!("name of {key}"), "method": "GET", "path": path, "latencyMs": 3,
    }))
    .unwrap()
}

fn answer(events: Vec<Event>, limit: u64) -> Value {
    let events: DistinctEvents = events.into_iter().collect();
    let mut activity = Activity::default();
    for event in events.events() {
        let mut usage = Usage::default();
        usage.add(event);
        activity.add(Day::of(event.timestamp), &usage);
    }
    let email = "a#b@example.com".parse().unwrap();
    let account = Account { user_email: &email, limit, auth_failures: 2, recent: &events };
    serde_json::to_value(activity.answer(&account, NOW.parse().unwrap())).unwrap()
}

#[test]
fn a_user_of_whom_nothing_is_known_has_zeros() {
    let expected = json!({
        "asOf": "2026-12-01T00:00:30.000Z", "userEmail": "a#b@example.com",
        "allTime": { "apiCalls": 0, "firstSeen": null, "lastSeen": null },
        "period": { "start": "2026-12-01T00:00:00.000Z", "end": "2027-01-01T00:00:00.000Z", "used": 0, "limit": 5, "remaining": 5 },
        "byKey": [], "byPath": [], "byDay": [], "recent": [], "rateLimited": 0, "authFailures": 2,
    });
    assert_eq!(answer(Vec::new(), 5), expected);
}

#[test]
fn a_month_counts_from_its_first_instant_and_nothing_remains_below_zero() {
    let answer = answer(
        vec![
            call(1, "2026-11-30T23:59:59.999Z", "k_1", "/v1/deadlines"),
            call(2, "2026-12-01T00:00:00Z", "k_2", "/v1/deadlines"),
            call(3, "2026-12-01T00:00:01Z", "k_2", "/v1/with space"),
        ],
        1,
    );
    assert_eq!((&answer["period"]["used"], &answer["period"]["remaining"]), (&json!(2), &json!(0)));
    let all_time =
        json!({ "apiCalls": 3, "firstSeen": "2026-11-30T23:59:59.999Z", "lastSeen": "2026-12-01T00:00:01.000Z" });
    assert_eq!(answer["allTime"], all_time);
    let by_key = json!([
        { "apiKeyId": "k_2", "apiKeyName": "name of k_2", "apiCalls": 2 },
        { "apiKeyId": "k_1", "apiKeyName": "name of k_1", "apiCalls": 1 },
    ]);
    assert_eq!(answer["byKey"], by_key);
    let by_path = json!([
        { "method": "GET", "path": "/v1/deadlines", "apiCalls": 2 },
        { "method": "GET", "path": "/v1/with space", "apiCalls": 1 },
    ]);
    assert_eq!(answer["byPath"], by_path);
    let by_day = json!([{ "date": "2026-11-30", "apiCalls": 1 }, { "date": "2026-12-01", "apiCalls": 2 }]);
    assert_eq!(answer["byDay"], by_day);
    let newest = json!({ "time": "2026-12-01T00:00:01.000Z", "method": "GET", "path": "/v1/with space", "requestId": "3", "latencyMs": 3.0, "apiKeyId": "k_2" });
    assert_eq!(answer["recent"][0], newest);
}

#[test]
fn days_older_than_ninety_are_in_all_time_only() {
    let answer = answer(vec![call(1, "2026-09-02T23:59:59Z", "k", "/"), call(2, "2026-09-03T00:00:00Z", "k", "/")], 1);
    assert_eq!(answer["allTime"]["apiCalls"], 2);
    assert_eq!(answer["byDay"], json!([{ "date": "2026-09-03", "apiCalls": 1 }]));
}

#[test]
fn refusals_and_failures_are_no_calls() {
    let kind = |kind: &str, id| {
        let mut event = serde_json::to_value(call(id, NOW, "k", "/")).unwrap();
        event["eventType"] = json!(kind);
        serde_json::from_value(event).unwrap()
    };
    let answer = answer(vec![kind("API_RATE_LIMITED", 1), kind("API_AUTH_FAILED", 2), kind("USAGE_THRESHOLD", 3)], 1);
    assert_eq!((&answer["rateLimited"], &answer["authFailures"]), (&json!(1), &json!(3)));
    assert_eq!(
        (&answer["allTime"]["apiCalls"], &answer["recent"], &answer["byDay"]),
        (&json!(0), &json!([]), &json!([]))
    );
}

#[test]
fn an_address_that_nobody_could_have_is_refused_by_name() {
    let email = |value: &str| email([("other", "y"), ("email", value)]);
    assert_eq!(email("A+b#c@Example.com"), Ok(Some("a+b#c@example.com".parse().unwrap())));
    assert_eq!(super::email([("other", "y")]), Ok(None));
    for bad in ["", "x", "user tag@example.com", "\0", &"x".repeat(321)] {
        assert_eq!(email(bad).unwrap_err().field, "email");
    }
}

proptest! {
    #[test]
    fn keys_paths_and_days_each_add_up_to_the_whole(
        calls in prop::collection::vec((0..80_i64, 0..90_u8, 0..90_u8), 0..300),
    ) {
        let now: Timestamp = NOW.parse().unwrap();
        let events = calls.iter().enumerate().map(|(n, (days, key, path))| {
            let at = now - jiff::SignedDuration::from_hours(days * 24);
            call(n, &at.to_string(), &format!("k_{key}"), &format!("/{path}"))
        });
        let answer = answer(events.collect(), 1_000);
        for part in ["byKey", "byPath", "byDay"] {
            let sum: u64 = answer[part].as_array().unwrap().iter().map(|entry| entry["apiCalls"].as_u64().unwrap()).sum();
            prop_assert_eq!(sum, calls.len() as u64, "{}", part);
        }
        prop_assert_eq!(answer["recent"].as_array().unwrap().len(), calls.len().min(RECENT));
        let times: Vec<_> = answer["recent"].as_array().unwrap().iter().map(|call| call["time"].to_string()).collect();
        prop_assert!(times.is_sorted_by(|newer, older| newer >= older));
    }
}
