//! The answer of `heatmap`: when in the week calls come.
//!
//! Invariant: each call is in one cell, that of the hour of UTC in which it was made.

use jiff::Timestamp;
use serde::Serialize;

use super::instant::Instant;
use super::series::Series;

/// Days of a week, as answers name them.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The answer of `heatmap`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Heatmap {
    /// The moment of which the answer is.
    as_of: Instant,
    /// When the first hour begins.
    from: Instant,
    /// When the last hour ends.
    to: Instant,
    /// The zone of the days and hours.
    tz: &'static str,
    /// All calls.
    api_calls: u64,
    /// The seven days, from Monday.
    days: Vec<WeekDay>,
}

/// A day of the week, over all weeks of the range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct WeekDay {
    /// Its name.
    day: &'static str,
    /// Its calls.
    api_calls: u64,
    /// Calls by the hour in which they were made, from midnight. Where the zone is half an hour off, an hour of UTC
    /// counts for the hour in which it begins.
    #[cfg_attr(feature = "schema", schemars(length(equal = 24)))]
    hours: Vec<u64>,
}

impl Heatmap {
    /// The answer as of an instant, from a series of hours.
    pub fn new(as_of: Timestamp, series: &Series) -> Self {
        let range = series.range();
        let mut cells = [[0; 24]; 7];
        for (hour, total) in series.totals() {
            let (day, hour) = range.zone().hour_of_week(hour.start());
            if let Some(cell) = cells.get_mut(day).and_then(|hours| hours.get_mut(hour)) {
                *cell += total.calls;
            }
        }
        let days = DAYS.into_iter().zip(cells);
        let days = days.map(|(day, hours)| WeekDay { day, api_calls: hours.iter().sum(), hours: hours.into() });
        let days: Vec<_> = days.collect();
        Self {
            as_of: as_of.into(),
            from: range.from().into(),
            to: range.to().into(),
            tz: range.zone().name(),
            api_calls: days.iter().map(|day| day.api_calls).sum(),
            days,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report::range::{Duration, Granularity, Range};
    use crate::total::Total;

    #[test]
    fn calls_are_in_the_day_and_hour_of_the_zone_in_which_their_hour_begins() {
        let of = |zone: &str| {
            let now = "2026-11-24T10:15:30Z".parse().unwrap();
            let range = Range::of_hours(Duration::new(28, Granularity::Day), [("tz", zone)], now).unwrap();
            let mut series = Series::new(range);
            for (hour, calls) in [("2026-11-22T23:00", 2), ("2026-11-15T23:00", 3), ("2026-11-24T10:00", 4)] {
                series.add_whole(hour.parse().unwrap(), &Total { calls, ..Total::default() });
            }
            serde_json::to_value(Heatmap::new(now, &series)).unwrap()
        };
        let (utc, kolkata) = (of("UTC"), of("Asia/Kolkata"));
        assert_eq!(
            (&utc["apiCalls"], &utc["days"][6]["hours"][23], &utc["days"][1]["hours"][10]),
            (&json!(9), &json!(5), &json!(4))
        );
        assert_eq!((&kolkata["days"][0]["hours"][4], &kolkata["days"][1]["hours"][15]), (&json!(5), &json!(4)));
        assert_eq!((&kolkata["days"][0]["day"], &kolkata["days"][0]["apiCalls"]), (&json!("monday"), &json!(5)));
    }
}
