//! Calls by hour over weeks, as days know them: what forecasts are made from.
//!
//! Invariant: an hour that was not counted, or of which nothing was read, is unknown and never a zero.

use std::collections::BTreeMap;

use crate::uncounted::Uncounted;
use crate::window::{Day, Hour};

/// The calls of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayCalls {
    /// All of them.
    pub calls: u64,
    /// Those of each hour; nothing where these are not known, such as those of a day that was set before hours were kept.
    pub hours: Option<[u64; 24]>,
}

/// The calls of days, by hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hourly {
    days: BTreeMap<Day, DayCalls>,
    /// The first day of which everything was read.
    oldest: Day,
}

impl DayCalls {
    /// A day whose hours are known: those that are not named had no calls.
    pub fn of_hours(named: impl IntoIterator<Item = (u8, u64)>) -> Self {
        let mut hours = [0; 24];
        for (hour, calls) in named {
            if let Some(known) = hours.get_mut(usize::from(hour)) {
                *known = calls;
            }
        }
        Self { calls: hours.iter().sum(), hours: Some(hours) }
    }

    /// A day of which no more is known than how many calls it has.
    pub fn without_hours(calls: u64) -> Self {
        Self { calls, hours: (calls == 0).then_some([0; 24]) }
    }

    fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.hours = self.hours.zip(other.hours).map(|(own, others)| std::array::from_fn(|n| own[n] + others[n]));
    }

    /// The calls of the first hours.
    fn before(&self, n_hours: usize) -> u64 {
        self.hours.map_or(self.calls, |hours| hours[..n_hours].iter().sum())
    }
}

impl Hourly {
    /// Days that were read from one on, and none before; one that is not among them had no calls.
    pub fn new(oldest: Day, days: impl IntoIterator<Item = (Day, DayCalls)>) -> Self {
        Self { days: days.into_iter().collect(), oldest }
    }

    /// Adds the calls of others.
    pub fn merge(&mut self, other: &Self) {
        for (day, calls) in &other.days {
            self.days.entry(*day).or_insert_with(|| DayCalls::without_hours(0)).merge(*calls);
        }
        self.oldest = self.oldest.max(other.oldest);
    }

    /// The calls of an hour; nothing where they are unknown.
    pub fn calls(&self, hour: Hour) -> Option<u64> {
        if hour < self.oldest.first_hour() {
            return None;
        }
        let Some(day) = self.days.get(&hour.day()) else { return Some(0) };
        day.hours.map(|hours| hours[place(hour)])
    }

    /// The calls of the hours before `end`, oldest first, from the first hour with calls on; nothing where they are
    /// unknown, as from `known_to` on.
    pub fn before(&self, known_to: Hour, end: Hour, uncounted: &[Uncounted]) -> Vec<Option<u64>> {
        let calls = |hour: Hour| {
            if hour >= known_to || uncounted.iter().any(|span| span.touches(hour)) {
                return None;
            }
            self.calls(hour)
        };
        let hours = self.oldest.first_hour().through(end.plus(-1)).map(calls);
        hours.skip_while(|calls| calls.unwrap_or_default() == 0).collect()
    }

    /// The calls from the beginning of a day, which was read, to an hour.
    pub fn between(&self, first: Day, end: Hour) -> u64 {
        let days = self.days.range(first..).take_while(|(day, _)| day.first_hour() < end);
        days.map(|(day, calls)| if *day == end.day() { calls.before(place(end)) } else { calls.calls }).sum()
    }
}

/// Which hour of its day it is.
fn place(hour: Hour) -> usize {
    usize::try_from(hour.of_day()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(text: &str) -> Hour {
        text.parse().unwrap()
    }

    #[test]
    fn hours_before_the_first_call_are_left_out_and_what_was_not_counted_is_unknown() {
        let day = |day: &str| day.parse::<Day>().unwrap();
        let mut own = Hourly::new(
            day("2026-11-20"),
            [
                (day("2026-11-22"), DayCalls::of_hours([(22, 3), (23, 1)])),
                (day("2026-11-23"), DayCalls::without_hours(50)),
                (day("2026-11-25"), DayCalls::of_hours([(0, 7), (1, 9)])),
            ],
        );
        let hours = own.before(hour("2026-11-25T01"), hour("2026-11-25T02"), &[]);
        let expected = [vec![Some(3), Some(1)], vec![None; 24], vec![Some(0); 24], vec![Some(7), None]].concat();
        assert_eq!(hours, expected);
        let (first, last) = ("2026-11-24T05:30".parse().unwrap(), "2026-11-24T06:00".parse().unwrap());
        let hours = own.before(hour("2026-11-25T01"), hour("2026-11-25T01"), &[Uncounted { first, last }]);
        assert_eq!(hours[26..34], [Some(0), Some(0), Some(0), Some(0), Some(0), None, None, Some(0)]);
        assert_eq!(own.between(day("2026-11-23"), hour("2026-11-25T01")), 57);
        own.merge(&Hourly::new(day("2026-11-22"), [(day("2026-11-25"), DayCalls::of_hours([(0, 1)]))]));
        assert_eq!(own.between(day("2026-11-25"), hour("2026-11-26T00")), 17);
    }
}
