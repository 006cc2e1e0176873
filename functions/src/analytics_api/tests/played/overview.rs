//! Every figure of `summary`, `company-stats`, `security` and of compared ranges, and the users of days of a zone, beside a
//! count of what was played.

use super::*;

const A_WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Compares a figure and what it was before, exactly or, where it is a duration, within 2 %.
fn assert_figure(figure: &Value, counted: [Option<f64>; 2], is_duration: bool, context: &str) {
    for (field, exact) in ["value", "before"].into_iter().zip(counted) {
        let context = format!("{field} of {context}");
        match is_duration {
            true => assert_near(&figure[field], exact, &context),
            false => assert_eq!(figure[field].as_f64(), exact, "{context}"),
        }
    }
    let told = figure["value"].as_f64().zip(figure["before"].as_f64()).filter(|(_, before)| *before > 0.0);
    let change = told.map(|(value, before)| (value / before - 1.0) * 100.0);
    let is_near = figure["change"].as_f64().zip(change).is_none_or(|(found, change)| (found - change).abs() < 0.01);
    assert!(is_near && figure["change"].is_null() == change.is_none(), "{context}: {figure}");
}

/// How many calls, the share of errors among those whose answer is known, and response times.
fn figures(played: &Played, calls: &[&Event]) -> [Option<f64>; 4] {
    let answers: Vec<_> = calls.iter().filter_map(|call| played.answer(call)).collect();
    let errors = answers.iter().filter(|answer| answer.status >= 400).count();
    let mut millis: Vec<u64> = answers.iter().map(|answer| answer.millis).collect();
    let rate = (!answers.is_empty()).then(|| errors as f64 / answers.len() as f64);
    let [p50, p99] = [50, 99].map(|percent| exact(&mut millis, percent));
    [Some(calls.len() as f64), rate, p50, p99]
}

fn compare_figures(answer: &Value, [now, before]: [[Option<f64>; 4]; 2], context: &str) {
    let fields = ["apiCalls", "errorRate", "p50ResponseMs", "p99ResponseMs"];
    for (n, field) in fields.into_iter().enumerate() {
        assert_figure(&answer[field], [now[n], before[n]], n > 1, &format!("{field} {context}"));
    }
}

/// Distinct names of calls.
fn distinct<T: Ord>(calls: &[&Event], name: impl Fn(&Event) -> T) -> f64 {
    calls.iter().map(|call| name(call)).collect::<BTreeSet<_>>().len() as f64
}

pub(super) async fn summaries_are_exact(played: &Played) {
    let (now, minute): (Timestamp, Timestamp) = (NOW.parse().unwrap(), "2026-11-26T10:15:00Z".parse().unwrap());
    let zones = [("UTC", "2026-11-26T00:00:00Z"), ("Asia/Kolkata", "2026-11-25T18:30:00Z")];
    for (zone, midnight) in zones.into_iter().chain([("America/New_York", "2026-11-26T05:00:00Z")]) {
        let midnight: Timestamp = midnight.parse().unwrap();
        for (who, email) in
            [(Who::Admin, None), (Who::User("user@example.com"), None), (Who::Admin, Some("ben@example.com"))]
        {
            let context = format!("{zone} {who:?} {email:?}");
            let parameters: Vec<_> = [("tz", zone)].into_iter().chain(email.map(|email| ("email", email))).collect();
            let answer = played.world.ok(who, Route::Summary.path(), &parameters, NOW).await;
            let of = email.map_or(who, Who::User);
            let today = played.calls_between(of, midnight, now);
            let before = played.calls_between(of, midnight - A_WEEK, minute - A_WEEK);
            compare_figures(&answer, [&today, &before].map(|calls| figures(played, calls)), &context);
            let five = SignedDuration::from_mins(5);
            let pace = [SignedDuration::ZERO, A_WEEK]
                .map(|ago| Some(played.calls_between(of, minute - five - ago, minute - ago).len() as f64 / 5.0));
            assert_figure(&answer["callsPerMinute"], pace, false, &context);
            let known = today.iter().filter(|call| played.answer(call).is_some()).count();
            assert_eq!(answer["statusKnown"], known, "{context}");
            if matches!(of, Who::Admin) {
                let users = [&today, &before].map(|calls| Some(distinct(calls, |call| call.user_email.clone())));
                assert_figure(&answer["users"], users, false, &format!("users {context}"));
            } else {
                let keys = [&today, &before].map(|calls| Some(distinct(calls, |call| call.api_key_id.clone())));
                assert_figure(&answer["keys"], keys, false, &format!("keys {context}"));
                let used = played.calls_between(of, "2026-11-01T00:00:00Z".parse().unwrap(), now).len();
                assert_eq!(answer["quota"]["used"], used, "{context}");
                assert_eq!(answer["quota"]["remaining"], 10_000 - used, "{context}");
            }
        }
    }
}

pub(super) async fn comparisons_are_exact(played: &Played, who: Who<'_>) {
    let (now, minute): (Timestamp, Timestamp) = (NOW.parse().unwrap(), "2026-11-26T10:15:00Z".parse().unwrap());
    for (compare, back) in [("previous", SignedDuration::from_hours(100)), ("week", A_WEEK)] {
        let parameters = [("duration", "100h"), ("compare", compare)];
        let answer = played.world.ok(who, TIMESERIES, &parameters, NOW).await;
        let from: Timestamp = answer["from"].as_str().unwrap().parse().unwrap();
        let spans = [(from, now), (from - back, minute - back)];
        let of = spans.map(|(from, to)| figures(played, &played.calls_between(who, from, to)));
        compare_figures(&answer["compared"], of, &format!("{compare} {who:?}"));
        for (field, kind) in [("authFailures", EventType::AuthFailed), ("rateLimited", EventType::RateLimited)] {
            let of = spans.map(|(from, to)| Some(played.between(who, kind, from, to).len() as f64));
            assert_figure(&answer["compared"][field], of, false, &format!("{field} {compare} {who:?}"));
        }
    }
}

pub(super) async fn users_of_days_are_exact(played: &Played) {
    for zone in ["America/New_York", "Australia/Sydney", "Asia/Kolkata"] {
        let parameters = [("granularity", "day"), ("duration", "27d"), ("tz", zone)];
        let answer = played.world.ok(Who::Admin, TIMESERIES, &parameters, NOW).await;
        let points = answer["timeSeries"].as_array().unwrap();
        let starts: Vec<Timestamp> =
            points.iter().map(|point| point["time"].as_str().unwrap().parse().unwrap()).collect();
        for (n, point) in points.iter().enumerate() {
            let end = starts.get(n + 1).copied().unwrap_or(NOW.parse().unwrap());
            let calls = played.calls_between(Who::Admin, starts[n], end);
            let users = distinct(&calls, |call| call.user_email.clone());
            assert_eq!(
                (point["uniqueUsers"].as_f64(), &point["apiCalls"]),
                (Some(users), &json!(calls.len())),
                "{zone} {point}"
            );
        }
        if zone == "America/New_York" {
            let lengths: BTreeSet<i64> =
                starts.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_hours()).collect();
            assert_eq!(lengths, BTreeSet::from([24, 25]), "the clocks go back on 1 November");
        }
    }
}

pub(super) async fn companies_are_exact(played: &Played) {
    let settled: Timestamp = "2026-11-26T10:00:00Z".parse().unwrap();
    let companies: BTreeSet<&str> = everybody().iter().map(|person| person.company).collect();
    for company in companies {
        let parameters = [("company", company), ("duration", "28d")];
        let answer = played.world.ok(Who::Admin, Route::CompanyStats.path(), &parameters, NOW).await;
        let from: Timestamp = answer["from"].as_str().unwrap().parse().unwrap();
        let of_company = |event: &&&Event| event.company_name.as_ref().is_some_and(|name| name.as_str() == company);
        let [calls, refused] = [EventType::Call, EventType::RateLimited].map(|kind| {
            played.between(Who::Admin, kind, from, settled).iter().filter(of_company).copied().collect::<Vec<_>>()
        });
        let sums = |is_in: &dyn Fn(&Event) -> bool| {
            let calls: Vec<_> = calls.iter().filter(|call| is_in(call)).copied().collect();
            let errors = calls.iter().filter(|call| played.answer(call).is_some_and(|answer| answer.status >= 400));
            json!([calls.len(), errors.count(), refused.iter().filter(|event| is_in(event)).count()])
        };
        let told = |of: &Value| json!([of["apiCalls"], of["errors"], of["rateLimited"]]);
        assert_eq!(told(&answer), sums(&|_| true), "{company}");
        for member in answer["members"].as_array().unwrap() {
            let is_theirs =
                |event: &Event| event.user_email.as_ref().is_some_and(|user| member["userEmail"] == user.as_str());
            assert_eq!(told(member), sums(&is_theirs), "{member}");
            let last = calls.iter().filter(|call| is_theirs(call)).map(|call| call.timestamp).max();
            assert_eq!(member["lastUsed"], json!(last.map(iso_millis)), "{member}");
        }
        let users = distinct(&calls, |call| call.user_email.clone());
        let members = distinct(&[calls.as_slice(), &refused].concat(), |call| call.user_email.clone());
        assert_eq!(
            (answer["users"].as_f64(), answer["members"].as_array().unwrap().len() as f64),
            (Some(users), members)
        );
        for on_day in answer["byDay"].as_array().unwrap() {
            let is_on = |event: &Event| on_day["time"] == iso_millis(Day::of(event.timestamp).first_hour().start());
            assert_eq!(told(on_day), sums(&is_on), "{company} {on_day}");
            let calls: Vec<_> = calls.iter().filter(|call| is_on(call)).copied().collect();
            assert_eq!(on_day["users"].as_f64(), Some(distinct(&calls, |call| call.user_email.clone())), "{on_day}");
        }
    }
}

pub(super) async fn refusals_are_exact(played: &Played) {
    let answer = played.world.ok(Who::Admin, Route::Security.path(), &[("duration", "672h")], NOW).await;
    let (from, now) = (answer["from"].as_str().unwrap().parse().unwrap(), NOW.parse().unwrap());
    let failures = played.between(Who::Admin, EventType::AuthFailed, from, now);
    let refused = played.between(Who::Admin, EventType::RateLimited, from, now);
    assert_eq!((&answer["authFailures"], &answer["rateLimited"]), (&json!(failures.len()), &json!(refused.len())));
    assert_eq!(answer["gateway"], json!([]));
    let is_set = |event: &&&Event| Minute::of(event.timestamp) <= played.set;
    for reason in answer["reasons"].as_array().unwrap() {
        let is_for = |event: &&&Event| is_set(event) && json!(event.reason) == reason["reason"];
        let of_reason: Vec<_> = failures.iter().filter(is_for).copied().collect();
        if reason["reason"].is_null() {
            assert_eq!(reason["failures"], failures.iter().filter(|event| !is_set(event)).count());
            continue;
        }
        assert_eq!(reason["failures"], of_reason.len(), "{reason}");
        for (list, field) in [("addresses", "address"), ("prefixes", "prefix")] {
            let name = |event: &Event| match field {
                "address" => event.source_ip.clone().map(String::from),
                _ => event.api_key_prefix.as_ref().map(|prefix| prefix.as_str().to_owned()),
            };
            let rows = reason[list].as_array().unwrap();
            let mut told = 0;
            for row in rows.iter().filter(|row| row[field] != "*") {
                let counted = of_reason.iter().filter(|event| name(event).as_deref() == row[field].as_str()).count();
                assert_eq!(row["failures"], counted, "{row} of {reason}");
                told += counted;
            }
            let other = rows.iter().find(|row| row[field] == "*").map_or(0, |row| row["failures"].as_u64().unwrap());
            let named = of_reason.iter().filter(|event| name(event).is_some()).count();
            assert_eq!(told as u64 + other, named as u64, "{list} of {reason}");
        }
    }
    for user in answer["rateLimitedUsers"].as_array().unwrap() {
        let is_theirs =
            |event: &&&Event| event.user_email.as_ref().is_some_and(|email| user["userEmail"] == email.as_str());
        assert_eq!(user["rateLimited"], refused.iter().filter(is_set).filter(is_theirs).count(), "{user}");
    }
}
