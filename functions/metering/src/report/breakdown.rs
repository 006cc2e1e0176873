//! The answer of `breakdown`: calls by what they have in common.
//!
//! Invariant: the rows add up to the whole; what is not told apart, and what is beyond the limit, is one row under `*`.

mod dimension;
mod group;

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Serialize;

use self::group::{Group, Groups, Names, groups};
use super::BadParameter;
use super::instant::Instant;
use super::range::Range;
use super::tops::Tops;
use crate::breakdown::OTHER;
use crate::total::Total;
use crate::usage::Usage;
use crate::window::Minute;

pub use self::dimension::{By, Dimension};
pub use self::group::usage_of;

/// Rows of an answer that asks for no other number.
pub const DEFAULT_ROWS: usize = 50;
/// Most rows of an answer: as many as windows tell apart of calls by status, key and path at once, and some.
pub const MAX_ROWS: usize = 500;

/// The answer of `breakdown`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Breakdown {
    /// The moment of which the answer is.
    as_of: Instant,
    /// Until when figures are put together. Of calls that follow, the answers are not known, and the names only where
    /// they are one user's; `lastUsed` is the minute of theirs.
    settled_to: Instant,
    /// When the first hour begins.
    from: Instant,
    /// When the last hour ends.
    to: Instant,
    /// The zone of the hours of the day.
    tz: &'static str,
    /// By what the rows are told apart.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Dimension>"))]
    by: By,
    /// All calls that were let through; the rows add up to them.
    api_calls: u64,
    /// Of how many of these and of those over a quota the answer is known.
    status_known: u64,
    /// The most calls first; hours alone in their order. What is not told apart is one row, `*`.
    pub rows: Vec<Row>,
}

/// Calls that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The id of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// The name of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_name: Option<String>,
    /// `METHOD /path`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The method.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The HTTP status, or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// The company.
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The hour of the day, from `00` to `23`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<String>,
    /// How many calls.
    pub api_calls: u64,
    /// How many they can be at most, where a user or a company is not among the ten of every window: the others of a
    /// window are one sum. Errors, response times and the last use are then those of `apiCalls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_calls_at_most: Option<u64>,
    /// Those with a status of 400 or more, as far as answers are known; null in windows that an earlier deployment has
    /// set.
    pub errors: Option<u64>,
    /// From the arrival of a request to the departure of its answer: half of the calls took no longer, as percentiles
    /// within 2 %; null where it is not known, or not told apart: with two dimensions but the hour, by status, and of `*`.
    #[serde(rename = "p50ResponseMs")]
    pub p50_response_ms: Option<f64>,
    /// The same of 90 % of the calls.
    #[serde(rename = "p90ResponseMs")]
    p90_response_ms: Option<f64>,
    /// The same of 99 % of the calls.
    #[serde(rename = "p99ResponseMs")]
    pub p99_response_ms: Option<f64>,
    /// When the last of the calls was, by key, user and company; null where it is not told apart.
    last_used: Option<Instant>,
}

/// What an answer says beside its rows.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The moment of which it is.
    pub as_of: Timestamp,
    /// The minute up to which windows are set.
    pub set: Minute,
    /// What it is about.
    pub range: &'a Range,
    /// By what rows are told apart.
    pub by: By,
    /// Most rows before `*`.
    pub limit: usize,
}

/// How many rows a request asks for.
///
/// # Errors
/// When `limit` is no number of rows.
pub fn limit<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<usize, BadParameter> {
    let Some((_, limit)) = parameters.into_iter().find(|(name, _)| *name == "limit") else { return Ok(DEFAULT_ROWS) };
    let is_number = limit.bytes().all(|byte| byte.is_ascii_digit());
    let rows = if is_number { limit.parse().ok() } else { None };
    rows.filter(|rows| (1..=MAX_ROWS).contains(rows))
        .ok_or_else(|| BadParameter::must("limit", &format!("be a number from 1 to {MAX_ROWS}")))
}

impl Breakdown {
    /// Calls told apart as asked, from usages that share no call, each with the minute in which its window begins.
    pub fn of_usages(frame: Frame<'_>, usages: impl IntoIterator<Item = (Minute, Usage)>) -> Self {
        let mut hours = vec![Usage::default(); 24];
        let zone = frame.range.zone();
        for (first, usage) in usages {
            let (_, hour) = if frame.by.has(Dimension::Hour) { zone.hour_of_week(first.start()) } else { (0, 0) };
            hours.iter_mut().skip(hour).take(1).for_each(|sum| sum.merge(&usage));
        }
        let parts = hours.iter().enumerate();
        let all: Groups = parts.flat_map(|(hour, usage)| groups_of_hour(frame.by, hour, usage)).collect();
        let mut whole = Usage::default();
        hours.iter().for_each(|usage| whole.merge(usage));
        let failed = whole.errors();
        let mut answer = Self::new(frame, &whole, all, Some(failed));
        for row in &mut answer.rows {
            let name = row.key.as_deref().and_then(|id| whole.keys.get(id)).map(|key| key.name.clone().into());
            row.key_name = name;
        }
        answer
    }

    /// Everybody's calls by user or company, with what all of them came to.
    pub fn of_tops(frame: Frame<'_>, whole: &Total, tops: Tops) -> Self {
        let groups: Groups =
            tops.into_ranking().into_iter().map(|top| (vec![top.name.clone()], Group::of_top(top))).collect();
        let is_known = groups.values().all(|group| group.errors.is_some());
        let whole = usage_of(whole);
        let failed = is_known.then(|| whole.errors());
        Self::new(frame, &whole, groups, failed)
    }

    fn new(frame: Frame<'_>, whole: &Usage, mut all: Groups, failed: Option<u64>) -> Self {
        let api_calls = whole.calls;
        let Frame { as_of, set, range, by, limit } = frame;
        all.retain(|names, group| names.iter().all(|name| name != OTHER) && (group.calls > 0 || by == By::HOUR));
        let mut told: Vec<(Names, Group)> = all.into_iter().collect();
        if by != By::HOUR {
            // Stable, so that those with as many calls are by name.
            told.sort_by_key(|(_, group)| Reverse(group.calls));
            told.truncate(limit);
        }
        let sum = |of: fn(&Group) -> u64| told.iter().map(|(_, group)| of(group)).sum::<u64>();
        let rest = api_calls.saturating_sub(sum(|group| group.calls));
        let errors = failed.map(|failed| failed.saturating_sub(sum(|group| group.errors.unwrap_or_default())));
        if rest > 0 {
            let names = by.dimensions().map(|_| OTHER.to_owned()).collect();
            told.push((names, Group { calls: rest, errors, ..Group::default() }));
        }
        Self {
            as_of: as_of.into(),
            settled_to: range.settled_to(set).into(),
            from: range.from().into(),
            to: range.to().into(),
            tz: range.zone().name(),
            by,
            api_calls,
            status_known: whole.performance.known(),
            rows: told.into_iter().map(|(names, group)| Row::new(by, names, group)).collect(),
        }
    }
}

/// The groups of the calls of one hour of the day, where they are told apart by that, or of all.
fn groups_of_hour(by: By, hour: usize, usage: &Usage) -> Groups {
    if !by.has(Dimension::Hour) {
        return if hour == 0 { groups(by, usage) } else { Groups::new() };
    }
    let hour = format!("{hour:02}");
    let Some(other) = by.without_hour() else {
        let response = Some(usage.performance.response.clone());
        let group = Group { calls: usage.calls, errors: Some(usage.errors()), response, ..Group::default() };
        return Groups::from([(vec![hour], group)]);
    };
    let is_first = by.dimensions().next() == Some(Dimension::Hour);
    let name = |mut names: Names| {
        names.insert(if is_first { 0 } else { 1 }, hour.clone());
        names
    };
    groups(other, usage).into_iter().map(|(names, group)| (name(names), group)).collect()
}

impl Row {
    /// What the calls have in common, for people: of a key its name, if it has one, before its id.
    pub fn name(&self) -> String {
        if let (Some(id), Some(name)) = (&self.key, self.key_name.as_ref().filter(|name| !name.is_empty())) {
            return format!("{name} ({id})");
        }
        let Self { key, path, method, status, company, user, hour, .. } = self;
        let names: Vec<&str> =
            [key, path, method, status, company, user, hour].into_iter().flatten().map(String::as_str).collect();
        names.join(", ")
    }

    fn new(by: By, names: Names, group: Group) -> Self {
        let percentile = |percent| group.response.as_ref().and_then(|response| response.percentile_ms(percent));
        let mut row = Self {
            api_calls: group.calls,
            api_calls_at_most: group.at_most,
            errors: group.errors,
            p50_response_ms: percentile(50),
            p90_response_ms: percentile(90),
            p99_response_ms: percentile(99),
            last_used: group.last.map(Instant::from),
            ..Self::default()
        };
        for (dimension, name) in by.dimensions().zip(names) {
            let place = match dimension {
                Dimension::Key => &mut row.key,
                Dimension::Path => &mut row.path,
                Dimension::Method => &mut row.method,
                Dimension::Status => &mut row.status,
                Dimension::Company => &mut row.company,
                Dimension::User => &mut row.user,
                Dimension::Hour => &mut row.hour,
            };
            *place = Some(name);
        }
        row
    }
}

#[cfg(test)]
mod tests;
