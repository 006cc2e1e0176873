//! Business days: which days count, and where a due date goes that falls on one that does not.
//!
//! Invariant: a calendar is one agency's or place's; holidays are listed in `data/holidays.toml`, not computed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;

/// Whose holidays count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Place {
    /// The whole of any Australian state or territory: the tax office's rule.
    #[serde(rename = "any Australian state")]
    AnyAustralianState,
    /// New South Wales.
    #[serde(rename = "New South Wales")]
    NewSouthWales,
    /// Victoria.
    Victoria,
    /// Western Australia.
    #[serde(rename = "Western Australia")]
    WesternAustralia,
    /// New Zealand, without the provinces' anniversary days.
    #[serde(rename = "New Zealand")]
    NewZealand,
}

/// The holidays of every place.
#[derive(Debug, Deserialize)]
pub(crate) struct Holidays(BTreeMap<Place, Calendar>);

/// The holidays of one place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calendar {
    days: BTreeSet<Date>,
}

impl Holidays {
    /// The calendar of a place.
    pub(crate) fn of(&self, place: Place) -> &Calendar {
        self.0.get(&place).unwrap_or_else(|| unreachable!("data/holidays.toml has a table for each place"))
    }
}

impl Calendar {
    /// Whether a day is neither at a weekend nor a holiday.
    pub(crate) fn is_business_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !self.days.contains(&day)
    }

    /// The day itself, or the first business day after it.
    pub(crate) fn on_or_after(&self, mut day: Date) -> Date {
        while !self.is_business_day(day) {
            day = day.saturating_add(1.day());
        }
        day
    }

    /// The day itself, or the last business day before it.
    pub(crate) fn on_or_before(&self, mut day: Date) -> Date {
        while !self.is_business_day(day) {
            day = day.saturating_sub(1.day());
        }
        day
    }

    /// The business day that many business days after a day.
    pub(crate) fn plus_business_days(&self, mut day: Date, n: u32) -> Date {
        for _ in 0..n {
            day = self.on_or_after(day.saturating_add(1.day()));
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn calendar(holidays: &[Date]) -> Calendar {
        Calendar { days: holidays.iter().copied().collect() }
    }

    #[test]
    fn a_day_that_does_not_count_moves_past_weekends_and_holidays_in_a_row() {
        let kings_birthday = calendar(&[date(2026, 6, 1)]);
        assert_eq!(kings_birthday.on_or_after(date(2026, 5, 31)), date(2026, 6, 2));
        assert_eq!(kings_birthday.on_or_before(date(2026, 5, 31)), date(2026, 5, 29));
        assert_eq!(kings_birthday.on_or_after(date(2026, 6, 2)), date(2026, 6, 2));
    }

    #[test]
    fn business_days_are_counted_from_the_day_after() {
        assert_eq!(calendar(&[]).plus_business_days(date(2026, 7, 6), 7), date(2026, 7, 15));
        assert_eq!(calendar(&[date(2026, 8, 3)]).plus_business_days(date(2026, 7, 31), 7), date(2026, 8, 12));
    }
}
