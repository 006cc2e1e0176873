//! What is expected of somebody's calls: from now on, and for the month.
//!
//! Invariant: calls of hours that are over and set are counted, all others are forecast, so that none is both.

use forecast::{Forecast, History, LONGEST};
use jiff::Timestamp;

use crate::hourly::Hourly;
use crate::quota::Quota;
use crate::uncounted::Uncounted;
use crate::window::{Day, Hour, Minute, Month};

/// Which hours are known at a time, and which are forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Horizon {
    made_at: Timestamp,
    /// The first hour that is not known.
    known_to: Hour,
    /// The first that is forecast: the same one, but where it is of the month before.
    from: Hour,
    /// The one after the last: at least the month's.
    end: Hour,
}

/// What is expected of somebody's calls.
#[derive(Clone, Debug)]
pub struct Outlook {
    horizon: Horizon,
    /// Calls of the month in the hours that are known.
    counted: u64,
    forecast: Forecast,
}

/// The hours of the month in which a quota is used up; nothing where it is not in this month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOut {
    /// As expected.
    pub expected: Option<Hour>,
    /// If calls are at the upper end of their 80 % band.
    pub earliest: Option<Hour>,
    /// If they are at its lower end.
    pub latest: Option<Hour>,
}

impl Horizon {
    /// What is known at a time, with windows that are set up to a minute; forecast to the end of the month, or to the
    /// hour before `end` if that is later.
    pub fn of(set: Minute, now: Timestamp, end: Hour) -> Self {
        let (known_to, month) = (set.plus(1).hour().min(Hour::of(now)), Month::of(now));
        let (from, end) = (known_to.max(Hour::of(month.start())), end.max(Hour::of(month.end())));
        Self { made_at: now, known_to, from, end }
    }

    /// The first and the last of the days whose hours a forecast is made from.
    pub fn days(&self) -> (Day, Day) {
        let days = i64::try_from(LONGEST / 24).unwrap_or_default();
        (self.from.day().plus(-days), self.known_to.plus(-1).day())
    }
}

impl Outlook {
    /// What is expected after some hours.
    pub fn new(hourly: &Hourly, uncounted: &[Uncounted], horizon: Horizon) -> Self {
        let Horizon { made_at, known_to, from, end } = horizon;
        let history = History::with_gaps(&hourly.before(known_to, from, uncounted));
        let forecast = Forecast::new(&history, hours_between(from, end));
        Self { horizon, counted: hourly.between(Day::of(Month::of(made_at).start()), from), forecast }
    }

    /// When it was made.
    pub const fn made_at(&self) -> Timestamp {
        self.horizon.made_at
    }

    /// The first hour that is forecast.
    pub const fn from(&self) -> Hour {
        self.horizon.from
    }

    /// The forecast of that hour and those that follow.
    pub const fn forecast(&self) -> &Forecast {
        &self.forecast
    }

    /// Calls of the month before that hour.
    pub const fn counted(&self) -> u64 {
        self.counted
    }

    /// These calls beside a limit.
    pub const fn quota(&self, limit: u64) -> Quota {
        Quota { used: self.counted, limit }
    }

    /// When the month's quota is used up.
    pub fn run_out(&self, limit: u64) -> RunOut {
        let (from, end) = (self.horizon.from, Hour::of(Month::of(self.horizon.made_at).end()));
        let hour = |n: Option<usize>| {
            let hour = from.plus(i64::try_from(n?).ok()?);
            Some(hour).filter(|hour| *hour < end)
        };
        let found = self.forecast.run_out(self.quota(limit).remaining());
        RunOut { expected: hour(found.expected), earliest: hour(found.earliest), latest: hour(found.latest) }
    }
}

/// How many hours there are from one to another, which is not earlier.
pub(crate) fn hours_between(from: Hour, end: Hour) -> usize {
    usize::try_from(end.first_minute().since(from.first_minute()) / 60).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hourly::DayCalls;

    /// Ten calls in every hour of eight weeks up to an hour.
    fn steady(end: &str, set: &str, now: &str) -> Outlook {
        let (end, now): (Hour, Timestamp) = (end.parse().unwrap(), now.parse().unwrap());
        let horizon = Horizon::of(set.parse().unwrap(), now, Hour::of(now).plus(24));
        let days = end.day().plus(-56).through(end.day());
        let of_day = |day: Day| {
            let hours = day.first_hour().through(day.last_hour()).filter(|hour| *hour < end);
            (day, DayCalls::of_hours(hours.map(|hour| (u8::try_from(hour.of_day()).unwrap(), 10))))
        };
        Outlook::new(&Hourly::new(horizon.days().0, days.map(of_day)), &[], horizon)
    }

    #[test]
    fn what_is_counted_and_what_is_forecast_make_the_month() {
        let outlook = steady("2026-11-21T00", "2026-11-21T00:08", "2026-11-21T00:10:20Z");
        assert_eq!((outlook.counted(), outlook.from().to_string().as_str()), (20 * 240, "2026-11-21T00"));
        let rest = outlook.forecast().total(10 * 24).expected;
        assert!((rest - 2_400.0).abs() < 1.0, "{rest}");
        let hour = |limit: u64| outlook.run_out(limit).expected.map(|hour| hour.to_string());
        assert_eq!(hour(4_800 + 95).as_deref(), Some("2026-11-21T09"));
        assert_eq!([hour(4_800).as_deref(), hour(10_000).as_deref()], [Some("2026-11-21T00"), None]);
    }

    #[test]
    fn an_hour_that_is_not_set_yet_is_forecast_and_at_the_turn_of_the_month_it_is_no_part_of_the_new_one() {
        let outlook = steady("2026-11-20T23", "2026-11-20T23:58", "2026-11-21T00:00:20Z");
        assert_eq!((outlook.from().to_string().as_str(), outlook.counted()), ("2026-11-20T23", 20 * 240 - 10));
        let outlook = steady("2026-11-30T23", "2026-11-30T23:58", "2026-12-01T00:00:20Z");
        assert_eq!((outlook.from().to_string().as_str(), outlook.counted()), ("2026-12-01T00", 0));
        assert!((outlook.forecast().hours[0].expected - 10.0).abs() < 0.1);
    }
}
