//! A window over all users, and where its total is kept.
//!
//! Invariant: the keys of spans of one kind sort as they follow each other, within a day for minutes and a month for hours.

use std::fmt;
use std::str::FromStr;

use contract::limit::RETENTION_DAYS;
use jiff::Timestamp;
use metering::window::{Day, Hour, InvalidWindow, Minute};

use crate::blocks::after_days;

/// A window over all users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// One minute.
    Minute(Minute),
    /// One hour.
    Hour(Hour),
    /// One day.
    Day(Day),
}

impl Span {
    /// The minute that it is, if it is one.
    pub const fn minute(self) -> Option<Minute> {
        match self {
            Self::Minute(minute) => Some(minute),
            Self::Hour(_) | Self::Day(_) => None,
        }
    }

    /// Which minute of its hour, hour of its day or day of its month it is.
    pub fn place(self) -> u8 {
        let place = match self {
            Self::Minute(minute) => minute.of_hour(),
            Self::Hour(hour) => hour.of_day(),
            Self::Day(day) => day.of_month().into(),
        };
        u8::try_from(place).unwrap_or_default()
    }

    /// Its first minute.
    pub const fn first_minute(self) -> Minute {
        match self {
            Self::Minute(minute) => minute,
            Self::Hour(hour) => hour.first_minute(),
            Self::Day(day) => day.first_hour().first_minute(),
        }
    }

    /// Whether another is a part of it.
    pub fn holds(self, part: Self) -> bool {
        match (self, part) {
            (Self::Hour(hour), Self::Minute(minute)) => minute.hour() == hour,
            (Self::Day(day), Self::Hour(hour)) => hour.day() == day,
            (Self::Day(day), Self::Minute(minute)) => minute.day() == day,
            _ => false,
        }
    }

    /// Whether it is the last part of another.
    pub fn is_last_of(self, whole: Self) -> bool {
        match (whole, self) {
            (Self::Hour(hour), Self::Minute(minute)) => minute == hour.last_minute(),
            (Self::Day(day), Self::Hour(hour)) => hour == day.last_hour(),
            _ => false,
        }
    }

    pub(super) fn key(self) -> (String, String) {
        match self {
            Self::Minute(minute) => (format!("TOTAL#MINUTE#{}", minute.day()), minute.to_string()),
            Self::Hour(hour) => (format!("TOTAL#HOUR#{}", hour.day().month()), hour.to_string()),
            Self::Day(day) => ("TOTAL#DAY".into(), day.to_string()),
        }
    }

    pub(super) fn expires_at(self) -> Option<i64> {
        let start: Timestamp = match self {
            Self::Minute(minute) => minute.start(),
            Self::Hour(hour) => hour.start(),
            Self::Day(_) => return None,
        };
        Some(after_days(start, RETENTION_DAYS))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minute(minute) => minute.fmt(f),
            Self::Hour(hour) => hour.fmt(f),
            Self::Day(day) => day.fmt(f),
        }
    }
}

impl FromStr for Span {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let day = text.parse().map(Self::Day);
        let hour = |_| text.parse().map(Self::Hour);
        day.or_else(hour).or_else(|_: InvalidWindow| text.parse().map(Self::Minute))
    }
}
