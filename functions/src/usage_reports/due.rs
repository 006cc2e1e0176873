//! Of which time reports are due.
//!
//! Invariant: a period is due from its end until no event of it can be late any more, whatever runs fail in between.

use contract::limit::MAX_EVENT_AGE_DAYS;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use report::Period;

/// The days, weeks and months that have ended lately, those that ended last first.
pub(super) fn due(at: Timestamp) -> Vec<Period> {
    let today = TimeZone::UTC.to_datetime(at).date();
    let ends = (0..=i64::from(MAX_EVENT_AGE_DAYS)).map(|ago| days_before(today, ago));
    ends.flat_map(|end| {
        let last = days_before(end, 1);
        let week = (end.weekday() == Weekday::Monday).then(|| Period::week_of(last));
        let month = (end.day() == 1).then(|| Period::month_of(last));
        [Some(Period::Day(last)), week, month].into_iter().flatten()
    })
    .collect()
}

fn days_before(day: Date, days: i64) -> Date {
    day.saturating_sub(Span::new().days(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_at(at: &str) -> Vec<String> {
        due(at.parse().unwrap()).into_iter().map(|period| period.to_string()).collect()
    }

    #[test]
    fn a_day_a_week_and_a_month_are_due_for_as_long_as_their_events_can_be_late() {
        let expected = [
            "2026-11-30",
            "2026-11",
            "2026-11-29",
            "2026-W48",
            "2026-11-28",
            "2026-11-27",
            "2026-11-26",
            "2026-11-25",
            "2026-11-24",
            "2026-11-23",
            // Its last moment may still come on the last day of November.
            "2026-11-22",
            "2026-W47",
        ];
        assert_eq!(due_at("2026-12-01T01:15:00Z"), expected);
        let weeks: Vec<_> = due_at("2026-11-23T01:15:00Z").into_iter().filter(|period| period.contains('W')).collect();
        assert_eq!(weeks, ["2026-W47", "2026-W46"]);
    }
}
