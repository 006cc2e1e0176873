//! What time a report is of: a day, an ISO week or a month, in UTC.
//!
//! Invariant: a period is whole days; the one before it ends where it begins.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A day, a week from Monday to Sunday, or a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Period {
    /// One day.
    Day(Date),
    /// The week that begins with this Monday.
    Week(Date),
    /// The month that begins with this first day.
    Month(Date),
}

/// What names no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a day (2026-11-25), a week (2026-W48) or a month (2026-11)")]
pub struct BadPeriod(String);

impl Period {
    /// The week that a day lies in.
    pub fn week_of(day: Date) -> Self {
        let days_since_monday = i32::from(day.weekday().to_monday_zero_offset());
        Self::Week(day.saturating_sub(Span::new().days(days_since_monday)))
    }

    /// The month that a day lies in.
    pub fn month_of(day: Date) -> Self {
        Self::Month(day.first_of_month())
    }

    /// Its first day.
    pub const fn first(self) -> Date {
        match self {
            Self::Day(first) | Self::Week(first) | Self::Month(first) => first,
        }
    }

    /// The first day after it.
    pub fn end(self) -> Date {
        self.first().saturating_add(self.length())
    }

    /// The one of the same length that ends where this begins.
    #[must_use]
    pub fn before(self) -> Self {
        let first = self.first().saturating_sub(self.length());
        match self {
            Self::Day(_) => Self::Day(first),
            Self::Week(_) => Self::Week(first),
            Self::Month(_) => Self::Month(first),
        }
    }

    /// When it begins.
    pub fn begins_at(self) -> Timestamp {
        midnight(self.first())
    }

    /// When it ends.
    pub fn ends_at(self) -> Timestamp {
        midnight(self.end())
    }

    /// As people say it: `Wednesday, 25 November 2026`, `23 to 29 November 2026`, `November 2026`.
    pub fn title(self) -> String {
        let first = self.first();
        match self {
            Self::Day(_) => first.strftime("%A, %-d %B %Y").to_string(),
            Self::Month(_) => first.strftime("%B %Y").to_string(),
            Self::Week(_) => {
                let last = self.end().saturating_sub(Span::new().days(1));
                let of_first = match (first.year() == last.year(), first.month() == last.month()) {
                    (true, true) => "%-d",
                    (true, false) => "%-d %B",
                    (false, _) => "%-d %B %Y",
                };
                format!("{} to {}", first.strftime(of_first), last.strftime("%-d %B %Y"))
            }
        }
    }

    fn length(self) -> Span {
        match self {
            Self::Day(_) => Span::new().days(1),
            Self::Week(_) => Span::new().days(7),
            Self::Month(_) => Span::new().months(1),
        }
    }
}

fn midnight(day: Date) -> Timestamp {
    // A date beyond what a timestamp can hold is no time of a call.
    TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MAX)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Week(monday) => {
                let week = monday.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month(first) => write!(f, "{:04}-{:02}", first.year(), first.month()),
        }
    }
}

impl FromStr for Period {
    type Err = BadPeriod;

    fn from_str(text: &str) -> Result<Self, BadPeriod> {
        let bad = || BadPeriod(text.to_owned());
        if let Some((year, week)) = text.split_once("-W") {
            let (year, week) = (digits(year, 4).ok_or_else(bad)?, digits(week, 2).ok_or_else(bad)?);
            let week = i8::try_from(week).map_err(|_| bad())?;
            return ISOWeekDate::new(year, week, Weekday::Monday)
                .map(|monday| Self::Week(monday.date()))
                .map_err(|_| bad());
        }
        let parts: Option<Vec<i16>> =
            std::iter::zip(text.split('-'), [4, 2, 2]).map(|(part, n)| digits(part, n)).collect();
        let part = |part: i16| i8::try_from(part).map_err(|_| bad());
        match (parts.as_deref(), text.split('-').count()) {
            (Some(&[year, month]), 2) => Date::new(year, part(month)?, 1).map(Self::Month).map_err(|_| bad()),
            (Some(&[year, month, day]), 3) => {
                Date::new(year, part(month)?, part(day)?).map(Self::Day).map_err(|_| bad())
            }
            _ => Err(bad()),
        }
    }
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        period.to_string()
    }
}

impl TryFrom<String> for Period {
    type Error = BadPeriod;

    fn try_from(text: String) -> Result<Self, BadPeriod> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn each_is_read_as_it_is_written_and_ends_where_the_next_begins() {
        for text in ["2026-11-25", "2026-W48", "2026-W53", "2027-W01", "2026-11", "2028-02", "2028-02-29"] {
            assert_eq!(period(text).to_string(), text);
            assert_eq!(period(text).before().end(), period(text).first(), "{text}");
        }
        assert_eq!(period("2026-W48"), Period::week_of("2026-11-29".parse().unwrap()));
        assert_eq!(period("2026-03").before(), period("2026-02"));
        assert_eq!(period("2026-11-25").ends_at(), "2026-11-26T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn what_names_none_is_refused_with_its_text() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-11-31",
            "2026-W54",
            "2025-W53",
            "26-11-25",
            "2026-1",
            "2026-11-25-1",
            "+026-11",
            "2026-W-1",
        ] {
            assert_eq!(text.parse::<Period>(), Err(BadPeriod(text.into())));
        }
    }

    #[test]
    fn titles_name_a_month_and_a_year_once_where_they_are_one() {
        let titles = ["2026-11-25", "2026-W48", "2026-W49", "2026-W53", "2026-11"].map(|text| period(text).title());
        let expected = [
            "Wednesday, 25 November 2026",
            "23 to 29 November 2026",
            "30 November to 6 December 2026",
            "28 December 2026 to 3 January 2027",
            "November 2026",
        ];
        assert_eq!(titles, expected);
    }
}
