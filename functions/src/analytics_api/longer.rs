//! Which windows of a plan longer ones know as well: the minutes of hours, the hours of days.
//!
//! Invariant: a window is in the longer ones or in what is left, and goes back there where a longer one was set before
//! courses were kept.

use std::collections::BTreeSet;

use metering::course::Course;
use metering::report::range::{Granularity, Plan};
use metering::total::Total;
use metering::window::{Day, Hour, Minute};
use store::windows::Span;

/// A plan for points of one granularity.
pub(super) struct Longer<'a> {
    plan: &'a Plan,
    /// Hours that hold minutes of the plan. They are over and set.
    pub(super) hours: Vec<Hour>,
    /// Days that hold hours of the plan. They are over and set.
    pub(super) days: Vec<Day>,
    /// Points that courses held.
    pub(super) points: Vec<(Minute, Total)>,
    minutes_left: BTreeSet<Minute>,
    hours_left: BTreeSet<Hour>,
}

impl<'a> Longer<'a> {
    pub(super) fn of(plan: &'a Plan, granularity: Granularity) -> Self {
        let hours = match (granularity, plan.minutes.first(), plan.minutes.last()) {
            (Granularity::Minute, Some(first), Some(last)) => {
                first.hour().through(last.plus(1).hour().plus(-1)).collect()
            }
            _ => Vec::new(),
        };
        let days = match (granularity, plan.hours.first(), plan.hours.last()) {
            (Granularity::Hour, Some(first), Some(last)) => first.day().through(last.plus(1).day().plus(-1)).collect(),
            _ => Vec::new(),
        };
        let minutes_left = plan.minutes.iter().filter(|minute| !hours.contains(&minute.hour())).copied().collect();
        let hours_left = plan.hours.iter().filter(|hour| !days.contains(&hour.day())).copied().collect();
        Self { plan, hours, days, points: Vec::new(), minutes_left, hours_left }
    }

    /// Takes the points of a longer window from its course, or gives them back to the plan where it has none.
    pub(super) fn add(&mut self, span: Span, course: Option<&Course>) {
        match (span, course) {
            (Span::Hour(hour), Some(course)) if self.hours.contains(&hour) => {
                let minute = |(place, total): (u8, Total)| (hour.first_minute().plus(place.into()), total);
                self.points.extend(course.parts().map(minute));
            }
            (Span::Day(day), Some(course)) if self.days.contains(&day) => {
                let hour = |(place, total): (u8, Total)| (day.first_hour().plus(place.into()).first_minute(), total);
                self.points.extend(course.parts().map(hour));
            }
            (Span::Hour(hour), None) => {
                self.minutes_left.extend(self.plan.minutes.iter().filter(|minute| minute.hour() == hour));
            }
            (Span::Day(day), None) => self.hours_left.extend(self.plan.hours.iter().filter(|hour| hour.day() == day)),
            _ => {}
        }
    }

    /// What is to be read window by window.
    pub(super) fn left(&self) -> Plan {
        Plan {
            days: self.plan.days.clone(),
            hours: self.hours_left.iter().copied().collect(),
            minutes: self.minutes_left.iter().copied().collect(),
            live: Vec::new(),
        }
    }
}
