//! `summary`, `company-stats` and `security`, compared with a plain count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use metering::event::EventType;

use super::count::seen_by;
use super::exact::{NOW, events};
use super::looking::set_with_courses;
use super::*;

const SUMMARY: &str = Route::Summary.path();
const COMPANY_STATS: &str = Route::CompanyStats.path();
const SECURITY: &str = Route::Security.path();
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The usual events, most of them a week before as well, and failures with addresses.
async fn world() -> World {
    let mut all = events();
    let earlier: Vec<Event> =
        all.iter().enumerate().filter(|(n, _)| n % 3 > 0).map(|(_, event)| earlier(event)).collect();
    all.extend(earlier);
    for n in 0..30_u64 {
        let mut failure = failure(None, &format!("f{n}"), &format!("2026-11-30T{:02}:10:00Z", n % 24));
        failure.source_ip = Some(format!("203.0.113.{}", n % 4).into());
        failure.reason = Some(if n % 7 == 0 { Reason::RevokedApiKey } else { Reason::InvalidApiKey });
        all.push(failure);
    }
    World::new(all, "2026-12-01T00:08").await
}

fn earlier(event: &Event) -> Event {
    Event { timestamp: event.timestamp - WEEK, ..event.clone() }
}

fn within<'a>(events: &[&'a Event], from: Timestamp, to: Timestamp) -> Vec<&'a Event> {
    events.iter().filter(|event| (from..to).contains(&event.timestamp)).copied().collect()
}

fn of_type<'a>(events: &[&'a Event], kind: EventType) -> Vec<&'a Event> {
    events.iter().filter(|event| event.event_type == kind).copied().collect()
}

fn users(calls: &[&Event]) -> f64 {
    calls.iter().map(|call| call.user_email.as_ref().unwrap()).collect::<BTreeSet<_>>().len() as f64
}

fn keys(calls: &[&Event]) -> f64 {
    calls.iter().map(|call| call.api_key_id.as_deref().unwrap()).collect::<BTreeSet<_>>().len() as f64
}

#[tokio::test]
async fn each_figure_of_a_summary_is_a_plain_count_of_today_and_of_as_much_a_week_before() {
    let world = world().await;
    set_with_courses(&world, "2026-12-01T00:08".parse().unwrap()).await;
    let (now, minute): (Timestamp, Timestamp) = (NOW.parse().unwrap(), "2026-12-01T00:10:00Z".parse().unwrap());
    for (zone, midnight) in [("UTC", "2026-12-01T00:00:00Z"), ("Asia/Kolkata", "2026-11-30T18:30:00Z")] {
        let midnight: Timestamp = midnight.parse().unwrap();
        for who in USERS.into_iter().map(Who::User).chain([Who::Admin]) {
            let answer = world.ok(who, SUMMARY, &[("tz", zone)], NOW).await;
            let seen = of_type(&seen_by(who, &world.events), EventType::Call);
            let between = |from: Timestamp, to: Timestamp| within(&seen, from, to);
            let five = SignedDuration::from_mins(5);
            let both = |of: &dyn Fn(SignedDuration) -> f64| [of(SignedDuration::ZERO), of(WEEK)];
            let calls = [between(midnight, now).len() as f64, between(midnight - WEEK, minute - WEEK).len() as f64];
            assert_figure(&answer["apiCalls"], calls, &format!("calls {zone} {who:?}"));
            let pace = both(&|ago| between(minute - five - ago, minute - ago).len() as f64 / 5.0);
            assert_figure(&answer["callsPerMinute"], pace, &format!("pace {zone} {who:?}"));
            match who {
                Who::Admin => {
                    let users = [users(&between(midnight, now)), users(&between(midnight - WEEK, minute - WEEK))];
                    assert_figure(&answer["users"], users, &format!("users {zone}"));
                    assert_eq!((&answer["keys"], &answer["quota"]), (&Value::Null, &Value::Null));
                }
                _ => {
                    let keys = [keys(&between(midnight, now)), keys(&between(midnight - WEEK, minute - WEEK))];
                    assert_figure(&answer["keys"], keys, &format!("keys {zone} {who:?}"));
                    let used = between("2026-12-01T00:00:00Z".parse().unwrap(), now).len();
                    assert_eq!(answer["quota"]["used"], used, "{who:?}");
                }
            }
            assert_eq!((&answer["errorRate"]["value"], &answer["statusKnown"]), (&Value::Null, &json!(0)));
        }
    }
}

fn assert_figure(figure: &Value, [value, before]: [f64; 2], context: &str) {
    assert_eq!((figure["value"].as_f64(), figure["before"].as_f64()), (Some(value), Some(before)), "{context}");
    let change = (before > 0.0).then(|| (value / before - 1.0) * 100.0);
    let told = figure["change"].as_f64();
    assert!(told.zip(change).is_none_or(|(told, change)| (told - change).abs() < 0.006), "{context}: {figure}");
    assert_eq!(told.is_some(), change.is_some(), "{context}: {figure}");
}

#[tokio::test]
async fn a_range_is_compared_with_a_plain_count_of_the_span_before_and_of_a_week_before() {
    let world = world().await;
    let now: Timestamp = NOW.parse().unwrap();
    for (compare, back) in [("previous", SignedDuration::from_hours(60)), ("week", WEEK)] {
        for who in USERS.into_iter().map(Who::User).chain([Who::Admin]) {
            let parameters = [("duration", "60h"), ("compare", compare)];
            let answer = world.ok(who, TIMESERIES, &parameters, NOW).await;
            let from: Timestamp = answer["from"].as_str().unwrap().parse().unwrap();
            let seen = seen_by(who, &world.events);
            let until = "2026-12-01T00:10:00Z".parse::<Timestamp>().unwrap() - back;
            for (name, kind) in [
                ("apiCalls", EventType::Call),
                ("authFailures", EventType::AuthFailed),
                ("rateLimited", EventType::RateLimited),
            ] {
                let [value, before] = [within(&seen, from, now), within(&seen, from - back, until)]
                    .map(|events| of_type(&events, kind).len() as f64);
                assert_figure(&answer["compared"][name], [value, before], &format!("{name} {compare} {who:?}"));
            }
        }
    }
}

#[tokio::test]
async fn a_quota_that_is_used_up_runs_out_now_and_one_of_which_enough_is_left_does_not() {
    let world = world().await;
    let who = Who::User("c@example.com");
    let plenty = world.ok(who, SUMMARY, &[], NOW).await;
    assert_eq!(plenty["quota"]["runOut"], json!({ "expected": null, "earliest": null, "latest": null }));
    world.set_quota("c@example.com", 0).await;
    let none = world.ok(who, SUMMARY, &[], NOW).await;
    assert_eq!(
        (&none["quota"]["remaining"], &none["quota"]["runOut"]["latest"]),
        (&json!(0), &json!("2026-12-01T00:00:00.000Z"))
    );
}

#[tokio::test]
async fn members_and_days_of_a_company_are_a_plain_count_up_to_the_last_whole_hour() {
    let world = world().await;
    let answer = world.ok(Who::Admin, COMPANY_STATS, &[("company", "Example"), ("duration", "12d")], NOW).await;
    assert_eq!(answer["settledTo"], "2026-12-01T00:00:00.000Z");
    let settled_to: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let seen = seen_by(Who::Admin, &world.events);
    let calls = of_type(&within(&seen, "2026-11-20T00:00:00Z".parse().unwrap(), settled_to), EventType::Call);
    let (mut members, mut days) = (BTreeMap::new(), BTreeMap::new());
    for call in &calls {
        *members.entry(call.user_email.as_ref().unwrap().as_str().to_owned()).or_insert(0_u64) += 1;
        *days.entry(call.timestamp.to_string()[..10].to_owned()).or_insert(0_u64) += 1;
    }
    assert_eq!((&answer["apiCalls"], &answer["users"]), (&json!(calls.len()), &json!(members.len())));
    let told = |list: &str, name: &str, chars: usize| -> BTreeMap<String, u64> {
        let rows = answer[list].as_array().unwrap().iter();
        let row = |row: &Value| {
            (row[name].as_str().unwrap().chars().take(chars).collect::<String>(), row["apiCalls"].as_u64().unwrap())
        };
        rows.map(row).filter(|(_, calls)| *calls > 0).collect()
    };
    assert_eq!(told("members", "userEmail", 99), members);
    assert_eq!(told("byDay", "time", 10), days);
    assert_eq!(answer["byDay"].as_array().unwrap().len(), 12);
    let nobody = world.ok(Who::Admin, COMPANY_STATS, &[("company", "Nobody")], NOW).await;
    assert_eq!((&nobody["apiCalls"], &nobody["members"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn a_member_all_of_whose_calls_are_over_the_quota_is_their_companys_and_no_user_of_that_day() {
    let refused = |user: &str, id: &str, at: &str| Event { event_type: EventType::RateLimited, ..call(user, id, at) };
    let events = vec![
        call("a@b.au", "1", "2026-11-29T10:00:00Z"),
        refused("a@b.au", "2", "2026-11-30T10:00:00Z"),
        refused("a@b.au", "3", "2026-11-30T11:00:00Z"),
        refused("c@d.au", "4", "2026-11-30T10:00:00Z"),
        Event { company_name: Some("Refused".into()), ..refused("e@f.au", "5", "2026-11-30T10:00:00Z") },
    ];
    let world = World::new(events, "2026-12-01T00:08").await;
    let told = async |company: &str| {
        let answer = world.ok(Who::Admin, COMPANY_STATS, &[("company", company), ("duration", "3d")], NOW).await;
        let sums = |of: &Value| json!([of["userEmail"], of["apiCalls"], of["rateLimited"], of["users"]]);
        let list = |name: &str| answer[name].as_array().unwrap().iter().map(sums).collect::<Vec<_>>();
        json!([sums(&answer), list("members"), list("byDay")])
    };
    let expected = json!([
        [null, 1, 3, 1],
        [["a@b.au", 1, 2, null], ["c@d.au", 0, 1, null]],
        [[null, 1, 0, 1], [null, 0, 3, 0], [null, 0, 0, 0]],
    ]);
    assert_eq!(told("Example").await, expected);
    assert_eq!(told("Refused").await[1], json!([["e@f.au", 0, 1, null]]));
    let (windows, day) = (&world.api.windows, "2026-11-30".parse().unwrap());
    let names = windows.company_names(day).await.unwrap();
    assert_eq!(names, BTreeSet::from(["Example".to_owned(), "Refused".to_owned()]));
    let more = Total { events: 99, ..Total::default() };
    windows.set_companies(day, &more, &Companies::default()).await.unwrap();
    assert_eq!(told("Refused").await[1], json!([]));
}

#[tokio::test]
async fn failures_are_a_plain_count_by_reason_and_address() {
    let world = world().await;
    let answer = world.ok(Who::Admin, SECURITY, &[("duration", "60h")], NOW).await;
    let from: Timestamp = answer["from"].as_str().unwrap().parse().unwrap();
    let seen = within(&seen_by(Who::Admin, &world.events), from, NOW.parse().unwrap());
    let failures = of_type(&seen, EventType::AuthFailed);
    assert_eq!(answer["authFailures"], failures.len());
    assert_eq!(answer["rateLimited"], of_type(&seen, EventType::RateLimited).len());
    let settled_to: Timestamp = answer["settledTo"].as_str().unwrap().parse().unwrap();
    let mut expected = BTreeMap::new();
    for failure in within(&failures, from, settled_to) {
        let address = failure.source_ip.as_deref().unwrap_or_default().to_owned();
        *expected.entry((serde_json::to_value(failure.reason).unwrap().to_string(), address)).or_insert(0_u64) += 1;
    }
    for reason in answer["reasons"].as_array().unwrap().iter().filter(|reason| !reason["reason"].is_null()) {
        let of = |address: &str| (reason["reason"].to_string(), address.to_owned());
        for row in reason["addresses"].as_array().unwrap() {
            let found = expected.remove(&of(row["address"].as_str().unwrap())).unwrap_or_default();
            assert_eq!(row["failures"], found, "{reason}");
        }
        expected.remove(&of(""));
    }
    assert_eq!(expected, BTreeMap::new(), "failures that no row has");
    let reasons = answer["reasons"].as_array().unwrap().iter();
    assert_eq!(reasons.map(|reason| reason["failures"].as_u64().unwrap()).sum::<u64>(), failures.len() as u64);
}

#[tokio::test]
async fn what_tells_of_others_is_an_administrators() {
    let world = World::new(Vec::new(), "2026-12-01T00:08").await;
    let user = Who::User("c@example.com");
    for (path, parameters) in
        [(SECURITY, &[][..]), (COMPANY_STATS, &[("company", "Example")]), (SUMMARY, &[("email", "a@example.com")])]
    {
        assert_eq!(world.get(user, path, parameters, NOW).await.0, 403, "{path}");
    }
    assert_eq!(world.get(Who::Admin, SUMMARY, &[("email", "nobody@example.com")], NOW).await.0, 404);
    for (path, field, parameters) in [
        (COMPANY_STATS, "company", &[][..]),
        (COMPANY_STATS, "company", &[("company", "")]),
        (COMPANY_STATS, "duration", &[("company", "Example"), ("duration", "36h")]),
        (SECURITY, "from", &[("from", "yesterday")]),
        (SUMMARY, "tz", &[("tz", "Sydney")]),
        (SUMMARY, "email", &[("email", "x"), ("tz", "Sydney")]),
    ] {
        let (status, body) = world.get(Who::Admin, path, parameters, NOW).await;
        assert_eq!(status, 400, "{path} {parameters:?}");
        assert!(body["error"]["message"].as_str().unwrap().contains(&format!("`{field}` ")), "{body}");
    }
}
