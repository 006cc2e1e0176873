//! Minutes, hours, days and months of UTC: the windows in which calls are counted.
//!
//! Invariant: the text of a window sorts as time does, and names its parts by prefix.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SECONDS_PER_MINUTE: i64 = 60;
const MINUTES_PER_HOUR: i64 = 60;
const HOURS_PER_DAY: i64 = 24;

/// A text that is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a window such as `2026-11-24T10:15`")]
pub struct InvalidWindow(String);

/// A minute, written `2026-11-24T10:15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minute(i64);

/// An hour, written `2026-11-24T10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

/// A day, written `2026-11-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// A calendar month, written `2026-11`: the period of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Minute {
    /// The minute that holds an instant.
    pub fn of(instant: Timestamp) -> Self {
        Self(instant.as_second().div_euclid(SECONDS_PER_MINUTE))
    }

    /// The first instant.
    pub fn start(self) -> Timestamp {
        instant(self.0 * SECONDS_PER_MINUTE)
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        self.plus(1).start()
    }

    /// The minute `n` later, or earlier where `n` is negative.
    pub const fn plus(self, n: i64) -> Self {
        Self(self.0 + n)
    }

    /// How many minutes lie from `earlier` to this one.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// Its hour.
    pub const fn hour(self) -> Hour {
        Hour(self.0.div_euclid(MINUTES_PER_HOUR))
    }

    /// Its day.
    pub const fn day(self) -> Day {
        self.hour().day()
    }

    /// 0 to 59.
    pub const fn of_hour(self) -> i64 {
        self.0.rem_euclid(MINUTES_PER_HOUR)
    }

    /// Every minute from this one to `last`, both included.
    pub fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..=last.0).map(Self)
    }
}

impl Hour {
    /// The hour that holds an instant.
    pub fn of(instant: Timestamp) -> Self {
        Minute::of(instant).hour()
    }

    /// The first instant.
    pub fn start(self) -> Timestamp {
        self.first_minute().start()
    }

    /// Its minute `:00`.
    pub const fn first_minute(self) -> Minute {
        Minute(self.0 * MINUTES_PER_HOUR)
    }

    /// Its minute `:59`.
    pub const fn last_minute(self) -> Minute {
        Minute((self.0 + 1) * MINUTES_PER_HOUR - 1)
    }

    /// The hour `n` later, or earlier where `n` is negative.
    pub const fn plus(self, n: i64) -> Self {
        Self(self.0 + n)
    }

    /// Its day.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(HOURS_PER_DAY))
    }

    /// 0 to 23.
    pub const fn of_day(self) -> i64 {
        self.0.rem_euclid(HOURS_PER_DAY)
    }

    /// Every hour from this one to `last`, both included.
    pub fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..=last.0).map(Self)
    }
}

impl Day {
    /// The day that holds an instant.
    pub fn of(instant: Timestamp) -> Self {
        Minute::of(instant).day()
    }

    /// The first instant.
    pub fn start(self) -> Timestamp {
        self.first_hour().start()
    }

    /// Its hour `T00`.
    pub const fn first_hour(self) -> Hour {
        Hour(self.0 * HOURS_PER_DAY)
    }

    /// Its hour `T23`.
    pub const fn last_hour(self) -> Hour {
        Hour((self.0 + 1) * HOURS_PER_DAY - 1)
    }

    /// The day `n` later, or earlier where `n` is negative.
    pub const fn plus(self, n: i64) -> Self {
        Self(self.0 + n)
    }

    /// Its month.
    pub fn month(self) -> Month {
        let date = self.date();
        Month { year: date.year(), month: date.month() }
    }

    /// 1 to 31.
    pub fn of_month(self) -> i8 {
        self.date().day()
    }

    /// Every day from this one to `last`, both included.
    pub fn through(self, last: Self) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (self.0..=last.0).map(Self)
    }

    fn date(self) -> Date {
        TimeZone::UTC.to_datetime(self.start()).date()
    }
}

impl Month {
    /// The month that holds an instant.
    pub fn of(instant: Timestamp) -> Self {
        Day::of(instant).month()
    }

    /// The first instant.
    pub fn start(self) -> Timestamp {
        first_instant(Date::constant(self.year, self.month, 1))
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        let first = Date::constant(self.year, self.month, 1);
        first.checked_add(1.month()).map_or(Timestamp::MAX, first_instant)
    }
}

fn first_instant(date: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

/// An instant as every item and answer writes it: UTC, three digits of a second, so that texts sort as time does.
pub fn iso_millis(instant: Timestamp) -> String {
    let (minute, millisecond) = (Minute::of(instant), instant.as_millisecond().rem_euclid(SECONDS_PER_MINUTE * 1_000));
    format!("{minute}:{:02}.{:03}Z", millisecond / 1_000, millisecond % 1_000)
}

/// An instant by its second; windows are made from instants, so the range holds.
fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:02}", self.hour(), self.of_hour())
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}", self.day(), self.of_day())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// The instant a text names once it is completed to a whole one.
fn parse(text: &str, length: usize, rest: &str) -> Result<Timestamp, InvalidWindow> {
    let invalid = || InvalidWindow(text.into());
    if text.len() != length {
        return Err(invalid());
    }
    format!("{text}{rest}").parse().map_err(|_| invalid())
}

impl FromStr for Minute {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, 16, ":00Z").map(Self::of)
    }
}

impl FromStr for Hour {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, 13, ":00:00Z").map(Self::of)
    }
}

impl FromStr for Day {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, 10, "T00:00:00Z").map(Self::of)
    }
}

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_windows_of_an_instant_are_named_by_its_prefixes() {
        let instant = at("2026-11-24T23:59:59.999Z");
        assert_eq!(Minute::of(instant).to_string(), "2026-11-24T23:59");
        assert_eq!(Hour::of(instant).to_string(), "2026-11-24T23");
        assert_eq!(Day::of(instant).to_string(), "2026-11-24");
        assert_eq!(Month::of(instant).to_string(), "2026-11");
    }

    #[test]
    fn an_instant_before_1970_falls_into_the_minute_that_holds_it() {
        assert_eq!(Minute::of(at("1969-12-31T23:59:59Z")).to_string(), "1969-12-31T23:59");
    }

    #[test]
    fn a_window_is_read_back_from_its_text() {
        for text in ["2026-11-24T10:15", "2024-02-29T00:00"] {
            assert_eq!(text.parse::<Minute>().unwrap().to_string(), text);
            assert_eq!(text[..13].parse::<Hour>().unwrap().to_string(), text[..13]);
            assert_eq!(text[..10].parse::<Day>().unwrap().to_string(), text[..10]);
        }
        assert!("2026-11-24T10:60".parse::<Minute>().is_err());
        assert!("2026-11-24T10:1".parse::<Minute>().is_err());
    }

    #[test]
    fn an_instant_is_written_with_three_digits_whatever_it_has() {
        assert_eq!(iso_millis(at("2026-11-24T10:15:07Z")), "2026-11-24T10:15:07.000Z");
        assert_eq!(iso_millis(at("2026-11-24T10:15:07.0459Z")), "2026-11-24T10:15:07.045Z");
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let december = Month::of(at("2026-12-31T23:59:59Z"));
        assert_eq!(december.start(), at("2026-12-01T00:00:00Z"));
        assert_eq!(december.end(), at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn an_hour_holds_sixty_minutes_and_a_day_twenty_four_hours() {
        let hour: Hour = "2026-11-24T10".parse().unwrap();
        assert_eq!(hour.first_minute().through(hour.last_minute()).count(), 60);
        let day = hour.day();
        assert_eq!(day.first_hour().through(day.last_hour()).count(), 24);
        assert_eq!(day.last_hour().plus(1).day(), day.plus(1));
    }
}
