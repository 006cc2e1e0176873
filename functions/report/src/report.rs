//! The figures of a report.
//!
//! Invariant: a report of a person has nothing of another; what was not known when it was made is absent, not zero.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::correction::Correction;
use crate::{Period, csv, document};

/// Everything that stands in a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whose usage it tells.
    pub whose: Whose,
    /// Of what time.
    pub period: Period,
    /// The moment of which its figures are.
    pub as_of: Timestamp,
    /// All of the period.
    pub whole: Figures,
    /// All of the period before; absent where nothing is kept of it.
    pub before: Option<Figures>,
    /// One for each hour of a day, or each day of a week or a month, in order; none of a company's day.
    pub points: Vec<Point>,
    /// What the calls have in common.
    pub tables: Vec<Table>,
    /// A person's quota of the month in which the period ends.
    pub quota: Option<Quota>,
    /// What an earlier edition of this report said otherwise.
    pub corrections: Vec<Correction>,
}

/// Whose usage a report tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Whose {
    /// Everybody's.
    Everybody,
    /// That of the people of a company.
    Company(String),
    /// One person's, by e-mail address.
    User(String),
}

/// What a time came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Figures {
    /// Calls that were let through, which are the ones that are billed.
    pub api_calls: u64,
    /// Of these, those that are known to have been answered with a status of 400 or more.
    pub errors: u64,
    /// Of how many calls the answer is known; absent where that is not told apart.
    pub status_known: Option<u64>,
    /// Calls refused over a quota.
    pub rate_limited: u64,
    /// Failed authentications; absent where they are not told apart.
    pub auth_failures: Option<u64>,
    /// Median response time, in milliseconds; absent where it is not known.
    pub p50_response_ms: Option<f64>,
    /// 99th percentile of it.
    pub p99_response_ms: Option<f64>,
    /// How many people called; absent in one person's report.
    pub unique_users: Option<u64>,
}

/// An hour or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// When it begins.
    pub time: Timestamp,
    /// Calls let through.
    pub api_calls: u64,
    /// Of these, those known to have failed.
    pub errors: u64,
}

/// Calls by something that they have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// By what, such as `Path`.
    pub by: String,
    /// The most calls first; they add up to all calls of the report.
    pub rows: Vec<Row>,
}

/// Calls that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// What it is; `*` is what is not told apart.
    pub name: String,
    /// Calls let through.
    pub api_calls: u64,
    /// Of these, those known to have failed; absent where answers are not known by this.
    pub errors: Option<u64>,
    /// Median response time, in milliseconds.
    pub p50_response_ms: Option<f64>,
    /// 99th percentile of it.
    pub p99_response_ms: Option<f64>,
}

/// What is left of a month's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Calls that the month has; absent for a user without a limit.
    pub limit: Option<u64>,
    /// Calls made in it so far.
    pub used: u64,
    /// The day on which the rest is used up, if that is to be expected within the month.
    pub runs_out: Option<Date>,
}

impl Report {
    /// Whether another edition has the same figures of the period, whenever it was made.
    pub fn agrees_with(&self, other: &Self) -> bool {
        (&self.whole, &self.points, &self.tables) == (&other.whole, &other.points, &other.tables)
    }

    /// What names the report: what it is of and whose.
    pub fn title(&self) -> String {
        let of = match &self.whose {
            Whose::Everybody => "everybody",
            Whose::Company(name) | Whose::User(name) => name,
        };
        format!("API usage of {of}, {}", self.period.title())
    }

    /// One HTML document with nothing from outside it.
    pub fn to_html(&self) -> String {
        document::of(self)
    }

    /// Every figure, one a row, as RFC 4180 has it.
    pub fn to_csv(&self) -> String {
        csv::of(self)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A day with something of everything.
    pub(crate) fn a_day() -> Report {
        let period: Period = "2026-11-25".parse().unwrap();
        let calls = |hour: u64| if (7..19).contains(&hour) { 40 + (hour * 37) % 61 } else { hour % 4 };
        let points: Vec<Point> = (0..24)
            .map(|hour| Point {
                time: period.begins_at() + jiff::Span::new().hours(i64::try_from(hour).unwrap()),
                api_calls: calls(hour),
                errors: calls(hour) / 19,
            })
            .collect();
        let api_calls = points.iter().map(|point| point.api_calls).sum();
        let errors = points.iter().map(|point| point.errors).sum();
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
                Table {
                    by: "Path".into(),
                    rows: vec![row("GET /v1/deadlines", api_calls - 9, errors), row("*", 9, 0)],
                },
                Table { by: "Key".into(), rows: vec![row("=production", api_calls, errors)] },
            ],
            quota: Some(Quota { limit: Some(25_000), used: 21_412, runs_out: Some("2026-11-29".parse().unwrap()) }),
            corrections: vec![],
        }
    }

    #[test]
    fn a_report_is_read_again_as_it_was_stored() {
        let report = a_day();
        let stored = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&stored).unwrap(), report);
    }
}
