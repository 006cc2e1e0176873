//! That rows are sums of the calls that they name, whatever the dimensions, and add up to the whole.

use serde_json::{Value, json};

use super::*;
use crate::answer::Answer;
use crate::event::Event;
use crate::leader::{Leader, Outcome};
use crate::total::Total;

const NOW: &str = "2026-11-24T10:15:30Z";

fn call(key: &str, method: &str, path: &str, second: u8) -> Event {
    serde_json::from_value(json!({
        "eventType": "API_CALL", "requestId": second.to_string(), "timestamp": format!("2026-11-24T09:00:{second:02}Z"),
        "userEmail": "a@b.au", "apiKeyId": key, "apiKeyName": format!("name of {key}"), "method": method, "path": path,
    }))
    .unwrap()
}

/// Five calls, the answer to one of which is not known, and one over the quota.
fn usage() -> Usage {
    let mut usage = Usage::default();
    let answer = |status, millis: u64| Some(Answer { status, response_us: Some(millis * 1_000) });
    usage.add_answered(&call("k1", "GET", "/a", 1), answer(200, 10));
    usage.add_answered(&call("k1", "GET", "/b", 2), answer(404, 20));
    usage.add_answered(&call("k2", "POST", "/a", 3), answer(200, 30));
    usage.add_answered(&call("k2", "GET", "/a", 4), answer(502, 40));
    usage.add_answered(&call("k2", "GET", "/a", 5), None);
    let refusal = json!({ "eventType": "API_RATE_LIMITED", "requestId": "r", "timestamp": "2026-11-24T09:00:06Z" });
    usage.add_answered(&serde_json::from_value(refusal).unwrap(), answer(429, 1));
    usage
}

fn frame<'a>(by: &str, range: &'a Range, limit: usize) -> Frame<'a> {
    let as_of = NOW.parse().unwrap();
    Frame { as_of, set: "2026-11-24T10:14".parse().unwrap(), range, by: by.parse().unwrap(), limit }
}

fn rows(by: &str, usage: Usage, limit: usize) -> Value {
    let range = Range::parse([], NOW.parse().unwrap()).unwrap();
    let first = "2026-11-24T09:00".parse().unwrap();
    let answer = Breakdown::of_usages(frame(by, &range, limit), [(first, usage)]);
    serde_json::to_value(answer).unwrap()["rows"].clone()
}

/// Names, calls and errors of each row.
fn told(by: &str, usage: Usage, limit: usize) -> Vec<(String, u64, Option<u64>)> {
    let row = |row: &Value| {
        let names = by.split(',').map(|dimension| row[dimension].as_str().unwrap());
        (names.collect::<Vec<_>>().join(" | "), row["apiCalls"].as_u64().unwrap(), row["errors"].as_u64())
    };
    rows(by, usage, limit).as_array().unwrap().iter().map(row).collect()
}

fn sums(rows: &[(String, u64, Option<u64>)]) -> Vec<(&str, u64, u64)> {
    rows.iter().map(|(name, calls, errors)| (name.as_str(), *calls, errors.unwrap())).collect()
}

#[test]
fn one_dimension_or_two_tell_the_same_calls_apart() {
    for (by, expected) in [
        ("key", vec![("k2", 3, 1), ("k1", 2, 1)]),
        ("path", vec![("GET /a", 3, 1), ("GET /b", 1, 1), ("POST /a", 1, 0)]),
        ("method", vec![("GET", 4, 2), ("POST", 1, 0)]),
        ("status", vec![("200", 2, 0), ("404", 1, 1), ("502", 1, 1), ("unknown", 1, 0)]),
        ("method,key", vec![("GET | k1", 2, 1), ("GET | k2", 2, 1), ("POST | k2", 1, 0)]),
        (
            "status,method",
            vec![
                ("200 | GET", 1, 0),
                ("200 | POST", 1, 0),
                ("404 | GET", 1, 1),
                ("502 | GET", 1, 1),
                ("unknown | GET", 1, 0),
            ],
        ),
        ("hour,key", vec![("09 | k2", 3, 1), ("09 | k1", 2, 1)]),
        ("key,hour", vec![("k2 | 09", 3, 1), ("k1 | 09", 2, 1)]),
    ] {
        assert_eq!(sums(&told(by, usage(), 50)), expected, "{by}");
    }
    let hours = told("hour", usage(), 1);
    assert_eq!((hours.len(), &hours[9], &hours[10].1), (24, &("09".to_owned(), 5, Some(2)), &0));
}

#[test]
fn rows_beyond_the_limit_are_one_and_so_are_names_that_windows_do_not_tell_apart() {
    assert_eq!(sums(&told("path", usage(), 1)), [("GET /a", 3, 1), ("*", 2, 1)]);
    let mut more = usage();
    more.calls += 4;
    assert_eq!(sums(&told("key,path", more, 2)), [("k2 | GET /a", 2, 1), ("k1 | GET /a", 1, 0), ("* | *", 6, 1)]);
}

#[test]
fn a_row_says_how_long_its_calls_took_and_a_key_when_it_was_used_last() {
    let rows = rows("key", usage(), 50);
    assert_eq!((&rows[0]["keyName"], &rows[0]["lastUsed"]), (&json!("name of k2"), &json!("2026-11-24T09:00:05.000Z")));
    let near = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() <= expected * 0.02;
    assert!(near(&rows[0]["p50ResponseMs"], 30.0) && near(&rows[0]["p99ResponseMs"], 40.0), "{rows}");
    let methods = self::rows("method", usage(), 50);
    assert!(near(&methods[0]["p50ResponseMs"], 20.0) && near(&methods[0]["p99ResponseMs"], 40.0), "{methods}");
    assert_eq!(methods[0]["lastUsed"], Value::Null);
}

#[test]
fn everybodys_calls_are_told_apart_as_one_users_are() {
    let mut fold = crate::fold::UsageBySubject::default();
    fold.add(crate::subject::Subject::User("a@b.au".parse().unwrap()), &usage());
    let all = usage_of(&Total::of(&fold));
    for by in ["path", "method", "status", "status,path"] {
        assert_eq!(told(by, all.clone(), 50), told(by, usage(), 50), "{by}");
    }
}

#[test]
fn what_cannot_be_told_apart_is_refused_by_name() {
    for by in ["", "day", "key,key", "user,key", "hour,company", "key,path,status", "key, path", "Key"] {
        let bad = by.parse::<By>().unwrap_err();
        assert!(bad.field == "by" && bad.message.starts_with("`by` must be one of these"), "{by}: {}", bad.message);
    }
    assert_eq!(By::all().count(), 7 + 5 * 4);
    for rows in ["", "0", "501", "+5", "5.0", "all"] {
        assert_eq!(limit([("limit", rows)]).unwrap_err().field, "limit", "{rows}");
    }
    assert_eq!((limit([]), limit([("limit", "7")])), (Ok(DEFAULT_ROWS), Ok(7)));
}

#[test]
fn who_is_not_in_every_list_has_at_most_what_the_last_of_the_others_has() {
    let (mut tops, mut whole) = (Tops::default(), Total::default());
    for (calls, users) in [(20, &[("a@b.au", 9), ("c@d.au", 6)][..]), (9, &[("a@b.au", 9)]), (5, &[("c@d.au", 3)])] {
        let leader = |(name, calls): &(&str, u64)| Leader {
            outcome: Some(Outcome {
                errors: 1,
                last: Some(NOW.parse().unwrap()),
                response: Some([2_000].into_iter().collect()),
            }),
            ..Leader::counted((*name).to_owned(), *calls)
        };
        whole.calls += calls;
        tops.add(calls, &users.iter().map(leader).collect::<Vec<_>>());
    }
    whole.performance.statuses.add("500", &5);
    let range = Range::parse([], NOW.parse().unwrap()).unwrap();
    let answer = serde_json::to_value(Breakdown::of_tops(frame("user", &range, 50), &whole, tops)).unwrap();
    let row = |row: &Value| json!([row["user"], row["apiCalls"], row["apiCallsAtMost"]]);
    let rows: Vec<_> = answer["rows"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(json!(rows), json!([["a@b.au", 18, 20], ["c@d.au", 9, null], ["*", 7, null]]));
    let outcome = |row: &Value| json!([row["errors"], row["p50ResponseMs"].is_null(), row["lastUsed"].is_null()]);
    let rows: Vec<_> = answer["rows"].as_array().unwrap().iter().map(outcome).collect();
    assert_eq!(json!(rows), json!([[2, false, false], [2, false, false], [1, true, true]]));
}
