//! The days after which people's clocks may be an hour off from before.
//!
//! Invariant: depends on nothing but the date in UTC.
//!
//! Australia and New Zealand, Europe, and North America put their clocks forward or back on Sundays of seven weeks of
//! the year. Nobody tells a counter of calls where its callers live, so all of them may be meant.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::Offset;

/// The first and the last day of the month on which such a Sunday may be.
const SUNDAYS: [(i8, i8, i8); 7] =
    [(3, 8, 14), (3, 25, 31), (4, 1, 7), (9, 24, 30), (10, 1, 7), (10, 25, 31), (11, 1, 7)];
/// From Saturday's noon in UTC, when it is Sunday in New Zealand.
const BEGINS_EARLIER: i64 = 12 * 3_600;
/// Two working days are enough to see.
const LASTS_DAYS: i64 = 3;
const DAY: i64 = 86_400;

/// Whether a clock may have been changed within the last days.
pub(super) fn may_have_changed(at: i64) -> bool {
    (0..LASTS_DAYS).any(|ago| is_changing(at.saturating_add(BEGINS_EARLIER).saturating_sub(ago * DAY)))
}

fn is_changing(at: i64) -> bool {
    let Ok(at) = Timestamp::from_second(at) else { return false };
    let date = Offset::UTC.to_datetime(at).date();
    let is_in = |(month, first, last): &(i8, i8, i8)| date.month() == *month && (*first..=*last).contains(&date.day());
    date.weekday() == Weekday::Sunday && SUNDAYS.iter().any(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sydneys_change_is_one_and_a_sunday_of_june_is_none() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        assert!(may_have_changed(at("2026-10-04T03:00:00Z")) && may_have_changed(at("2026-10-05T23:00:00Z")));
        assert!(!may_have_changed(at("2026-10-08T03:00:00Z")) && !may_have_changed(at("2026-06-07T03:00:00Z")));
    }
}
