//! The report of a day with something of everything.

use crate::{Figures, Period, Point, Quota, Report, Row, Table, Whose};

/// A day with something of everything.
pub(crate) fn a_day() -> Report {
    let period: Period = "2026-11-25".parse().unwrap();
    let calls = |hour: u64| if (7..19).contains(&hour) { 40 + (hour * 37) % 61 } else { hour % 4 };
    let points: Vec<Point> = (0..24)
        .map(|hour| Point {
            time: period.begins_at() + jiff::Span::new().hours(i64::try_from(hour).unwrap()),
            api_calls: calls(hour),
            errors: Some(calls(hour) / 19),
        })
        .collect();
    let api_calls = points.iter().map(|point| point.api_calls).sum();
    let errors = points.iter().filter_map(|point| point.errors).sum();
    let row = |name: &str, api_calls, errors| Row {
        name: name.into(),
        api_calls,
        errors: Some(errors),
        p50_response_ms: Some(11.2),
        p99_response_ms: Some(88.0),
    };
    Report {
        whose: Whose::User("ada@example.com".into()),
        period,
        as_of: "2026-11-26T00:20:00Z".parse().unwrap(),
        whole: Figures {
            api_calls,
            errors,
            status_known: Some(api_calls),
            rate_limited: 3,
            auth_failures: Some(1),
            p50_response_ms: Some(11.4),
            p99_response_ms: Some(93.0),
            unique_users: None,
        },
        before: Some(Figures { api_calls: 700, errors: 41, status_known: Some(700), ..Figures::default() }),
        points,
        tables: vec![
            Table { by: "Path".into(), rows: vec![row("GET /v1/deadlines", api_calls - 9, errors), row("*", 9, 0)] },
            Table { by: "Key".into(), rows: vec![row("=production", api_calls, errors)] },
        ],
        quota: Some(Quota { limit: 25_000, used: 21_412, runs_out: Some("2026-11-29".parse().unwrap()) }),
        corrections: vec![],
    }
}

#[test]
fn a_report_is_read_again_as_it_was_stored() {
    let report = a_day();
    let stored = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&stored).unwrap(), report);
}
