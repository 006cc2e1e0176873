//! Reports beside the API's answers about the same time, of a history that was played.

use ::played::everybody;
use ::report::{Period, Report, Table, Whose};

use super::played::{NOW, Played};
use super::*;

async fn report(played: &Played, whose: &Whose, period: &str) -> Report {
    played.world.api.report(whose, period.parse().unwrap(), NOW.parse().unwrap()).await.unwrap()
}

/// The calls of each row; the report's names are for people.
fn calls(table: &Table) -> Vec<u64> {
    table.rows.iter().map(|row| row.api_calls).collect()
}

fn calls_of(rows: &Value) -> Vec<u64> {
    rows.as_array().unwrap().iter().map(|row| row["apiCalls"].as_u64().unwrap()).collect()
}

async fn says_what_the_api_answers(played: &Played, whose: &Whose, period: &str) {
    let told = report(played, whose, period).await;
    let name = format!("{whose:?} {period}");
    let Period::Day(_) = told.period else { panic!("a day") };
    let (from, to) = (told.period.begins_at().to_string(), told.period.ends_at().to_string());
    let who = match whose {
        Whose::User(email) => Who::User(email),
        _ => Who::Admin,
    };
    let span = [("from", from.as_str()), ("to", to.as_str())];
    let hours = played.world.ok(who, TIMESERIES, &[&span[..], &[("granularity", "hour")]].concat(), NOW).await;
    let points: Vec<u64> = told.points.iter().map(|point| point.api_calls).collect();
    assert_eq!(points, calls_of(&hours["timeSeries"]), "{name}");
    let days = played.world.ok(who, TIMESERIES, &[&span[..], &[("granularity", "day")]].concat(), NOW).await;
    let (day, whole) = (&days["timeSeries"][0], &told.whole);
    let figures = json!({
        "apiCalls": whole.api_calls, "authFailures": whole.auth_failures, "rateLimited": whole.rate_limited,
        "p50ResponseMs": whole.p50_response_ms.or((whole.api_calls == 0).then_some(0.0)),
        "p99ResponseMs": whole.p99_response_ms.or((whole.api_calls == 0).then_some(0.0)),
    });
    for (field, figure) in figures.as_object().unwrap() {
        assert_eq!(day[field], *figure, "{name}: {field}");
    }
    if whole.unique_users.is_some() {
        assert_eq!(day["uniqueUsers"], json!(whole.unique_users), "{name}");
    }
    let wanted: &[(&str, &str)] = if matches!(whose, Whose::User(_)) {
        &[("path", "Path"), ("key", "Key"), ("status", "Answer")]
    } else {
        &[("path", "Path"), ("company", "Company"), ("user", "User"), ("status", "Answer")]
    };
    assert_eq!(
        told.tables.iter().map(|table| table.by.as_str()).collect::<Vec<_>>(),
        wanted.iter().map(|(_, by)| *by).collect::<Vec<_>>()
    );
    for ((by, _), table) in wanted.iter().zip(&told.tables) {
        let parameters = [&span[..], &[("by", by), ("limit", "15")]].concat();
        let rows = played.world.ok(who, Route::Breakdown.path(), &parameters, NOW).await;
        assert_eq!(calls(table), calls_of(&rows["rows"]), "{name} by {by}");
        assert_eq!(calls(table).iter().sum::<u64>(), whole.api_calls, "{name} by {by}");
    }
}

#[tokio::test]
async fn the_figures_of_a_report_are_those_of_the_answers_and_those_of_its_days() {
    let played = Played::new(5).await;
    let users = everybody().into_iter().map(|person| Whose::User(person.email));
    for whose in users.chain([Whose::Everybody]) {
        says_what_the_api_answers(&played, &whose, "2026-11-25").await;
        let week = report(&played, &whose, "2026-W47").await;
        let mut days = Vec::new();
        for day in 16..=22 {
            days.push(report(&played, &whose, &format!("2026-11-{day}")).await.whole.api_calls);
        }
        assert_eq!(week.points.iter().map(|point| point.api_calls).collect::<Vec<_>>(), days, "{whose:?}");
        assert_eq!(week.whole.api_calls, days.iter().sum::<u64>(), "{whose:?}");
    }
    let company = everybody()[0].company;
    let told = report(&played, &Whose::Company(company.into()), "2026-W47").await;
    let span = [("from", "2026-11-16T00:00:00Z"), ("to", "2026-11-23T00:00:00Z"), ("company", company)];
    let answer = played.world.ok(Who::Admin, Route::CompanyStats.path(), &span, NOW).await;
    assert_eq!(json!(told.whole.api_calls), answer["apiCalls"]);
    assert_eq!(told.points.iter().map(|point| point.api_calls).collect::<Vec<_>>(), calls_of(&answer["byDay"]));
    assert_eq!(calls(&told.tables[0]), calls_of(&answer["members"]));
}

#[tokio::test]
async fn what_is_not_over_or_no_longer_kept_has_no_report() {
    let played = Played::new(5).await;
    for period in ["2026-11-26", "2026-W48", "2026-11", "2026-07-01"] {
        let refused = played.world.api.report(&Whose::Everybody, period.parse().unwrap(), NOW.parse().unwrap()).await;
        assert!(matches!(refused, Err(Failure::BadRequest(_))), "{period}: {refused:?}");
    }
}
