//! What a user is told of themselves, and of nobody else.

use std::collections::BTreeSet;

use super::*;
use store::journal::Journal;

const NOW: &str = "2026-12-01T00:30:20Z";
const USER: &str = "a#b@example.com";

/// Calls of a user around the turn of a month, and another's whose address begins this one's.
fn events() -> Vec<Event> {
    let mut events = Vec::new();
    for (n, at) in [
        "2026-09-01T10:00:00Z",
        "2026-11-30T10:15:00Z",
        "2026-11-30T23:59:59.999Z",
        "2026-12-01T00:00:00Z",
        "2026-12-01T00:27:00Z",
        "2026-12-01T00:29:30Z",
        "2026-12-01T00:30:10Z",
    ]
    .into_iter()
    .enumerate()
    {
        events.push(call(USER, &format!("r{n}"), at));
        events.push(call("a", &format!("other{n}"), at));
    }
    events.push(refusal(USER, "refused", "2026-11-30T10:16:00Z"));
    events
}

#[tokio::test]
async fn a_users_statistics_add_up_wherever_the_watermark_stands() {
    for set_through in ["2026-12-01T00:28", "2026-11-30T23:59", "2026-11-30T23:58", "2026-11-30T23:10"] {
        let world = World::new(events(), set_through).await;
        world.set_quota(USER, 5).await;
        let answer = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
        let all_time =
            json!({ "apiCalls": 7, "firstSeen": "2026-09-01T10:00:00.000Z", "lastSeen": "2026-12-01T00:30:10.000Z" });
        assert_eq!(answer["allTime"], all_time, "{set_through}");
        let period = json!({
            "start": "2026-12-01T00:00:00.000Z", "end": "2027-01-01T00:00:00.000Z", "used": 4, "limit": 5, "remaining": 1,
        });
        assert_eq!(answer["period"], period, "{set_through}");
        assert_eq!(
            answer["byKey"],
            json!([{ "apiKeyId": format!("k of {USER}"), "apiKeyName": "production", "apiCalls": 7 }])
        );
        assert_eq!(answer["byPath"], json!([{ "method": "GET", "path": "/v1/deadlines", "apiCalls": 7 }]));
        assert_eq!(
            answer["byDay"],
            json!([{ "date": "2026-11-30", "apiCalls": 2 }, { "date": "2026-12-01", "apiCalls": 4 }])
        );
        assert_eq!((&answer["rateLimited"], &answer["authFailures"]), (&json!(1), &json!(0)));
        let recent: Vec<_> =
            answer["recent"].as_array().unwrap().iter().map(|call| call["requestId"].as_str().unwrap()).collect();
        assert_eq!(recent, ["r6", "r5", "r4", "r3", "r2", "r1"], "{set_through}");
    }
}

#[tokio::test]
async fn an_unknown_user_has_zeros_and_the_default_quota() {
    let world = World::new(events(), "2026-12-01T00:28").await;
    let answer = world.ok(Who::Admin, USER_STATS, &[("email", "nobody@example.com")], NOW).await;
    assert_eq!((&answer["allTime"]["apiCalls"], &answer["allTime"]["firstSeen"]), (&json!(0), &Value::Null));
    let period = &answer["period"];
    assert_eq!((&period["used"], &period["limit"], &period["remaining"]), (&json!(0), &json!(10_000), &json!(10_000)));
}

#[tokio::test]
async fn the_latest_twenty_calls_are_found_however_old_they_are() {
    let at = |n: usize| format!("2026-11-{:02}T{:02}:{:02}:07Z", 1 + n / 4, n % 24, n * 7 % 60);
    let events: Vec<_> = (0..80).map(|n| call(USER, &format!("{n}"), &at(n))).collect();
    let mut newest: Vec<_> = events.iter().map(|event| (event.timestamp, event.request_id.clone())).collect();
    newest.sort();
    let newest: Vec<_> = newest.into_iter().rev().take(20).map(|(_, id)| json!(id)).collect();
    let world = World::new(events, "2026-12-01T00:28").await;
    let answer = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
    let recent: Vec<_> = answer["recent"].as_array().unwrap().iter().map(|call| call["requestId"].clone()).collect();
    assert_eq!(recent, newest);
}

#[tokio::test]
async fn failures_with_a_users_keys_are_the_users_and_other_failures_are_not() {
    let mut events = events();
    for (n, at) in ["2026-11-30T10:15:00Z", "2026-12-01T00:27:00Z", "2026-12-01T00:30:10Z"].into_iter().enumerate() {
        events.push(failure(Some("k_own"), &format!("own{n}"), at));
        events.push(failure(Some("k_other"), &format!("other's{n}"), at));
        events.push(failure(None, &format!("unknown{n}"), at));
    }
    // A key that the table no longer has is known from calls.
    events.push(failure(Some(&format!("k of {USER}")), "deleted", "2026-12-01T00:28:00Z"));
    let world = World::new(events, "2026-12-01T00:28").await;
    world.add_key("k_own", USER).await;
    world.add_key("k_other", "a").await;
    let stats = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
    assert_eq!(stats["authFailures"], 4);
    let own = world.ok(Who::User(USER), REALTIME, &[], NOW).await;
    assert_eq!(own["current"]["authFailures"], 1);
    let everybodys = world.ok(Who::Admin, REALTIME, &[], NOW).await;
    assert_eq!(everybodys["current"]["authFailures"], 3);
}

#[tokio::test]
async fn calls_that_are_still_in_the_journal_count_once() {
    let world = World::new(events(), "2026-12-01T00:28").await;
    let [_, usage, _] = tables(&world.store);
    let journal = Journal::new(usage);
    // One is nowhere else, one is in a block behind the watermark by now.
    journal.put(&call(USER, "waiting", "2026-12-01T00:20:00Z")).await.unwrap();
    journal.put(&call(USER, "r6", "2026-12-01T00:30:10Z")).await.unwrap();
    let answer = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
    assert_eq!((&answer["allTime"]["apiCalls"], &answer["period"]["used"]), (&json!(8), &json!(5)));
    assert_eq!(answer["recent"][3]["requestId"], "waiting");
}

#[tokio::test]
async fn no_answer_to_a_user_names_anybody_else() {
    let world = World::new(events(), "2026-12-01T00:28").await;
    let answers = [
        world.ok(Who::User("c@example.com"), REALTIME, &[], NOW).await,
        world.ok(Who::User("c@example.com"), TIMESERIES, &[], NOW).await,
        world.ok(Who::User("c@example.com"), USER_STATS, &[], NOW).await,
    ];
    for answer in &answers {
        assert!(!answer.to_string().contains(USER) && !answer.to_string().contains("Example"), "{answer}");
    }
    let own = world.ok(Who::User(USER), REALTIME, &[], NOW).await;
    for minute in ["current", "lastMinute"] {
        assert_eq!((&own[minute]["apiCalls"], &own[minute]["uniqueUsers"]), (&json!(1), &json!(1)));
        assert_eq!((&own[minute]["topUsers"], &own[minute]["topCompanies"]), (&json!([]), &json!([])));
    }
    let everybodys = world.ok(Who::Admin, REALTIME, &[], NOW).await;
    let top: BTreeSet<_> =
        everybodys["current"]["topUsers"].as_array().unwrap().iter().map(|top| top["userEmail"].to_string()).collect();
    assert_eq!(top, BTreeSet::from(["\"a\"".to_owned(), format!("\"{USER}\"")]));
    assert_eq!(everybodys["current"]["topCompanies"], json!([{ "companyName": "Example", "apiCalls": 2 }]));
}
