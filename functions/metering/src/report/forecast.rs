//! The answer of `forecast`: what calls are to be expected, and when a quota runs out.
//!
//! Invariant: calls of hours that are over and set are counted, all others are forecast, so that none is both.

use std::str::FromStr;

use ::forecast::{Band, Basis, Estimate, Record};
use jiff::Timestamp;
use serde::Serialize;

use super::BadParameter;
use super::instant::Instant;
use crate::email::Email;
use crate::number::round;
use crate::outlook::{self, Outlook, hours_between};
use crate::window::{Hour, Month};

/// How far a forecast goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Horizon {
    /// 24 hours, the one under way included.
    #[default]
    #[serde(rename = "24h")]
    Day,
    /// Seven times as many.
    #[serde(rename = "7d")]
    Week,
    /// To the end of the calendar month of UTC.
    #[serde(rename = "month")]
    Month,
}

/// Whose calls are forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    Everybody,
    /// Those of a company's members.
    Company(String),
    /// A user's, who has a quota.
    User(Email, u64),
}

/// The answer of `forecast`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CallForecast {
    /// The moment of which the answer is.
    as_of: Instant,
    /// How far it goes.
    horizon: Horizon,
    /// When the first hour that is forecast begins: as a rule the one under way.
    from: Instant,
    /// When the last one ends.
    to: Instant,
    /// One user's forecast alone: whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_email: Option<Email>,
    /// A company's forecast alone: whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    /// What it is made from.
    basis: ForecastBasis,
    /// Each hour, in order.
    points: Vec<ExpectedHour>,
    /// All calls to the end.
    total: ExpectedTotal,
    /// One user's forecast alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaForecast>,
    /// How well forecasts of a day did of late; null with fewer than two weeks and a day of history.
    of_late: Option<OfLate>,
}

/// What a forecast is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum ForecastBasis {
    /// Two to twelve weeks of hours.
    Weeks,
    /// A short history, of two days or more: the last day, repeated, with wide bands.
    Days,
    /// A short history, of less than two days: their mean, with wide bands.
    Hours,
    /// No call yet: nothing can be said, and every number is zero.
    Nothing,
}

/// Calls that are expected, and between which numbers they are to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct Expected {
    /// As likely to be more as to be less.
    expected: f64,
    /// Where the 80 % band begins.
    low80: f64,
    /// Where it ends.
    high80: f64,
    /// Where the 95 % band begins.
    low95: f64,
    /// Where it ends.
    high95: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ExpectedHour {
    /// When the hour begins.
    time: Instant,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ExpectedTotal {
    /// Calls of the month before `from`, which are part of the others; zero where the horizon is not the month.
    counted: u64,
    #[serde(flatten)]
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct QuotaForecast {
    /// Calls that the month has room for.
    limit: u64,
    /// Calls of the month up to `from`.
    used: u64,
    remaining: u64,
    run_out: RunOut,
}

/// The hours in which a quota is used up, by their beginnings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct RunOut {
    /// As expected; null: not this month.
    pub expected: Option<Instant>,
    /// If calls are at the upper end of their 80 % band; null: not this month.
    pub earliest: Option<Instant>,
    /// If they are at its lower end; null: not this month.
    pub latest: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct OfLate {
    /// Over how many of the last days: at most 14.
    days: usize,
    /// Calls an hour that a forecast of the next 24 hours was off by, on average.
    mean_error: f64,
    /// The same for last week's calls of the same hour taken as a forecast.
    week_before_mean_error: f64,
}

impl Horizon {
    /// How far a request asks a forecast to go.
    ///
    /// # Errors
    /// When there is no such horizon.
    pub fn find<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadParameter> {
        let horizon = parameters.into_iter().find(|(name, _)| *name == "horizon");
        horizon.map_or(Ok(Self::default()), |(_, value)| value.parse())
    }

    /// The hour after the last of a forecast that is made at a time.
    pub fn end(self, now: Timestamp) -> Hour {
        match self {
            Self::Day => Hour::of(now).plus(24),
            Self::Week => Hour::of(now).plus(7 * 24),
            Self::Month => Hour::of(Month::of(now).end()),
        }
    }
}

impl FromStr for Horizon {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "24h" => Ok(Self::Day),
            "7d" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            _ => Err(BadParameter::must("horizon", "be `24h`, `7d` or `month`")),
        }
    }
}

impl CallForecast {
    /// The answer for somebody, of an outlook that goes at least as far.
    pub fn new(outlook: &Outlook, horizon: Horizon, whose: Whose) -> Self {
        let (now, from, end) = (outlook.made_at(), outlook.from(), horizon.end(outlook.made_at()));
        let n_hours = hours_between(from, end);
        let counted = if horizon == Horizon::Month { outlook.counted() } else { 0 };
        let point = |(hour, estimate): (Hour, &Estimate)| ExpectedHour {
            time: hour.start().into(),
            expected: Expected::new(*estimate, 0),
        };
        let quota = |limit| {
            let quota = outlook.quota(limit);
            QuotaForecast {
                limit,
                used: quota.used,
                remaining: quota.remaining(),
                run_out: outlook.run_out(limit).into(),
            }
        };
        let (user_email, company, quota) = match whose {
            Whose::Everybody => (None, None, None),
            Whose::Company(company) => (None, Some(company), None),
            Whose::User(email, limit) => (Some(email), None, Some(quota(limit))),
        };
        Self {
            as_of: now.into(),
            horizon,
            from: from.start().into(),
            to: end.start().into(),
            user_email,
            company,
            basis: outlook.forecast().basis.into(),
            points: from.through(end.plus(-1)).zip(&outlook.forecast().hours).map(point).collect(),
            total: ExpectedTotal { counted, expected: Expected::new(outlook.forecast().total(n_hours), counted) },
            quota,
            of_late: outlook.forecast().record.map(OfLate::from),
        }
    }
}

impl Expected {
    /// An estimate, and calls that are sure.
    fn new(Estimate { expected, band80, band95 }: Estimate, sure: u64) -> Self {
        let with = |calls: f64| round(calls + sure as f64);
        let (Band { low: low80, high: high80 }, Band { low: low95, high: high95 }) = (band80, band95);
        Self {
            expected: with(expected),
            low80: with(low80),
            high80: with(high80),
            low95: with(low95),
            high95: with(high95),
        }
    }
}

impl From<outlook::RunOut> for RunOut {
    fn from(run_out: outlook::RunOut) -> Self {
        let start = |hour: Option<Hour>| hour.map(|hour| hour.start().into());
        Self { expected: start(run_out.expected), earliest: start(run_out.earliest), latest: start(run_out.latest) }
    }
}

impl From<Basis> for ForecastBasis {
    fn from(basis: Basis) -> Self {
        match basis {
            Basis::Weeks => Self::Weeks,
            Basis::Days => Self::Days,
            Basis::Hours => Self::Hours,
            Basis::Nothing => Self::Nothing,
        }
    }
}

impl From<Record> for OfLate {
    fn from(Record { days, mean_error, naive_mean_error }: Record) -> Self {
        Self { days, mean_error: round(mean_error), week_before_mean_error: round(naive_mean_error) }
    }
}
