//! The figures of a report.
//!
//! Invariant: a report of a person has nothing of another; what was not known when it was made is absent, not zero.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::period::Period;

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
    /// Of these, those known to have failed; absent where they are not told apart.
    pub errors: Option<u64>,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// Calls that the month has.
    pub limit: u64,
    /// Calls made in it so far.
    pub used: u64,
    /// The day on which the rest is used up, if that is to be expected within the month.
    pub runs_out: Option<Date>,
}

/// A figure that was another one in the edition before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Which figure, as the report names it.
    pub figure: String,
    /// What the edition before said.
    pub was: String,
    /// What this one says.
    pub is: String,
}

impl Row {
    /// Whether it is what is not told apart.
    pub(crate) fn is_others(&self) -> bool {
        self.name == "*"
    }
}

impl Report {
    /// What names the report: what it is of and whose.
    pub fn title(&self) -> String {
        let of = match &self.whose {
            Whose::Everybody => "everybody",
            Whose::Company(name) | Whose::User(name) => name,
        };
        format!("API usage of {of}, {}", self.period.title())
    }
}
