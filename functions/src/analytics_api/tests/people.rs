//! What a user is told of themselves, and of nobody else.

use std::collections::BTreeSet;

use metering::email::Email;

use super::looking::set_with_courses;
use super::*;
use store::journal::Journal;
use store::migration::migrate;
use store::table::string;

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
async fn a_user_without_calls_has_zeros_and_one_who_does_not_exist_is_404_to_an_admin() {
    let world = World::new(events(), "2026-12-01T00:28").await;
    let (status, body) = world.get(Who::Admin, USER_STATS, &[("email", "nobody@example.com")], NOW).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")), "{body}");
    world.set_quota("item@example.com", 10_000).await;
    world.add_key("k_1", "key@example.com").await;
    let own = world.ok(Who::User("nobody@example.com"), USER_STATS, &[], NOW).await;
    let item = world.ok(Who::Admin, USER_STATS, &[("email", "item@example.com")], NOW).await;
    let key = world.ok(Who::Admin, USER_STATS, &[("email", "key@example.com")], NOW).await;
    for answer in [own, item, key] {
        assert_eq!((&answer["allTime"]["apiCalls"], &answer["allTime"]["firstSeen"]), (&json!(0), &Value::Null));
        let period = &answer["period"];
        let figures = (&period["used"], &period["limit"], &period["remaining"]);
        assert_eq!(figures, (&json!(0), &json!(10_000), &json!(10_000)));
    }
    let called = world.ok(Who::Admin, USER_STATS, &[("email", USER)], NOW).await;
    assert_eq!(called["allTime"]["apiCalls"], 7);
}

#[tokio::test]
async fn calls_under_an_earlier_spelling_of_a_name_are_the_users() {
    let mut events = events();
    let earlier: Vec<_> =
        events.iter().filter(|event| event.user_email == Some(Email::as_stored(USER))).cloned().collect();
    for event in earlier {
        let user_email = Some(Email::as_stored("A#B@Example.com"));
        events.push(Event { request_id: format!("{} earlier", event.request_id), user_email, ..event });
    }
    for set_through in ["2026-12-01T00:28", "2026-11-30T23:10"] {
        let world = World::new(events.clone(), set_through).await;
        let [analytics, usage, keys] = tables(&world.store);
        world.set_quota("A#B@Example.com", 50).await;
        let windows = Windows::new(analytics, usage.clone());
        assert_eq!(migrate(&Keys::new(keys), &usage, &windows).await.unwrap().users, 1);
        let stats = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
        let period = (&stats["period"]["used"], &stats["period"]["limit"]);
        assert_eq!((&stats["allTime"]["apiCalls"], period), (&json!(14), (&json!(8), &json!(50))), "{set_through}");
        assert_eq!((&stats["rateLimited"], stats["recent"].as_array().unwrap().len()), (&json!(2), 12));
        let series = world.ok(Who::User(USER), TIMESERIES, &[("granularity", "day"), ("duration", "7d")], NOW).await;
        let days: Vec<_> = series["timeSeries"].as_array().unwrap().iter().map(|day| &day["apiCalls"]).collect();
        assert_eq!(days[5..], [&json!(4), &json!(8)], "{set_through}");
    }
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
async fn the_latest_calls_are_found_for_little_where_minutes_have_expired() {
    let at = |n: usize| format!("2026-11-20T{:02}:{:02}:07Z", n / 2, n % 2 * 59);
    for expired_before in [30, 60] {
        let world =
            World::new((0..30).map(|n| call(USER, &format!("{n}"), &at(n))).collect(), "2026-12-01T00:28").await;
        set_with_courses(&world, "2026-12-01T00:28".parse().unwrap()).await;
        let [analytics, ..] = tables(&world.store);
        let items = world.store.client().scan().table_name(analytics.name()).send().await.unwrap().items.unwrap();
        let keys = items.iter().map(|item| (string(item, PK), string(item, SK)));
        let is_expired = |(pk, sk): &(String, String)| {
            pk.starts_with("MINUTE#") && sk.rsplit_once('#').unwrap().1.parse::<u32>().unwrap() < expired_before
        };
        analytics.delete_all(keys.filter(is_expired)).await.unwrap();
        world.store.reset_meter();
        let answer = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
        let units = world.store.spent().read_units;
        let recent: Vec<_> = answer["recent"].as_array().unwrap().iter().map(|call| &call["requestId"]).collect();
        let newest: Vec<_> = (10..30).rev().map(|n| json!(n.to_string())).collect();
        assert_eq!(recent, newest.iter().collect::<Vec<_>>(), "{expired_before}");
        assert!(units <= 100.0, "{units} read units");
    }
}

#[tokio::test]
async fn failures_with_a_users_keys_are_the_users_and_other_failures_are_not() {
    let mut events = events();
    for (n, at) in ["2026-11-30T10:15:00Z", "2026-12-01T00:27:00Z", "2026-12-01T00:30:10Z"].into_iter().enumerate() {
        events.push(failure(Some(USER), &format!("own{n}"), at));
        events.push(failure(Some("a"), &format!("other's{n}"), at));
        events.push(failure(None, &format!("unknown{n}"), at));
    }
    let world = World::new(events, "2026-12-01T00:28").await;
    let stats = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
    assert_eq!((&stats["authFailures"], &stats["allTime"]["apiCalls"]), (&json!(3), &json!(7)));
    let own = world.ok(Who::User(USER), REALTIME, &[], NOW).await;
    assert_eq!((&own["current"]["authFailures"], &own["current"]["apiCalls"]), (&json!(1), &json!(1)));
    let series = world.ok(Who::User(USER), TIMESERIES, &[("granularity", "day"), ("duration", "2d")], NOW).await;
    let days: Vec<_> = series["timeSeries"].as_array().unwrap().iter().map(|day| &day["authFailures"]).collect();
    assert_eq!(days, [&json!(1), &json!(2)]);
    let everybodys = world.ok(Who::Admin, REALTIME, &[], NOW).await;
    assert_eq!(everybodys["current"]["authFailures"], 3);
}

#[tokio::test]
async fn an_answer_to_a_user_reads_the_same_however_many_keys_there_are() {
    let mut units = Vec::new();
    for keys in [1, 51] {
        let world = World::new(events(), "2026-12-01T00:28").await;
        for n in 0..keys {
            world.add_key(&format!("k_{n}"), USER).await;
        }
        let week = [("granularity", "minute"), ("duration", "7d")];
        for (path, parameters) in [(USER_STATS, &[][..]), (REALTIME, &[]), (TIMESERIES, &week)] {
            world.store.reset_meter();
            world.ok(Who::User(USER), path, parameters, NOW).await;
            units.push((keys, path, world.store.spent().requests));
        }
    }
    let (one, many) = units.split_at(3);
    let requests = |units: &[(i32, &str, u64)]| units.iter().map(|(_, _, requests)| *requests).collect::<Vec<_>>();
    assert_eq!(requests(one), requests(many));
}

#[tokio::test]
async fn failures_that_an_earlier_deployment_counted_by_key_count_once() {
    let old = |id: &str, at: &str| Event { key_owner: None, ..failure(Some(USER), id, at) };
    let mut events = events();
    events.extend([old("1", "2026-11-29T10:15:00Z"), old("2", "2026-11-30T10:15:00Z")]);
    events.push(failure(Some(USER), "3", "2026-12-01T00:27:00Z"));
    let world = World::new(events, "2026-12-01T00:28").await;
    world.add_key(&format!("k of {USER}"), USER).await;
    let [analytics, usage, keys] = tables(&world.store);
    for _ in 0..2 {
        migrate(&Keys::new(keys.clone()), &usage, &Windows::new(analytics.clone(), usage.clone())).await.unwrap();
        assert_eq!(world.ok(Who::User(USER), USER_STATS, &[], NOW).await["authFailures"], 3);
    }
}

#[tokio::test]
async fn a_day_that_cannot_be_read_takes_no_answer_along() {
    let world = World::new(events(), "2026-12-01T00:28").await;
    let [_, usage, keys] = tables(&world.store);
    for (day, cell) in [("2026-08#DAY#01", "{"), ("2026-08#DAY#99", "{}")] {
        let broken = [(PK, format!("USER#{USER}")), (SK, day.into()), ("cell", cell.into())];
        usage.put_all([broken.map(|(name, value)| (name.to_owned(), text(value))).into()]).await.unwrap();
    }
    let user = [(PK, text(format!("USER#{USER}"))), (SK, text("USER")), ("monthlyQuota", text("many"))];
    keys.put_all([user.map(|(name, value)| (name.to_owned(), value)).into()]).await.unwrap();
    let answer = world.ok(Who::User(USER), USER_STATS, &[], NOW).await;
    assert_eq!((&answer["allTime"]["apiCalls"], &answer["period"]["limit"]), (&json!(7), &json!(10_000)));
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
