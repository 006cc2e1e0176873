//! Which windows of a plan longer ones know as well: the minutes of hours, the hours of days.
//!
//! Invariant: a window is in the longer ones or in what is left, and goes back there where a longer one was set before
//! courses were kept.

use std::collections::BTreeSet;

use metering::course::Course;
use metering::report::range::Plan;
use metering::total::Total;
use metering::user_set::Listed;
use metering::window::{Day, Hour, Minute};
use store::windows::Span;

/// The windows of a plan, sorted by where they are read.
pub(super) struct Longer<'a> {
    plan: &'a Plan,
    /// Hours that hold minutes of the plan. They are over and set.
    pub(super) hours: Vec<Hour>,
    /// Days that hold hours of the plan. They are over and set.
    pub(super) days: Vec<Day>,
    /// Windows that courses held.
    pub(super) points: Vec<(Span, Total)>,
    minutes_left: BTreeSet<Minute>,
    hours_left: BTreeSet<Hour>,
}

impl<'a> Longer<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let is_set_hour = |hour: &Hour| hour.last_minute() <= plan.set;
        let is_set_day = |day: &Day| is_set_hour(&day.last_hour());
        let hours: BTreeSet<_> = plan.minutes.iter().map(|minute| minute.hour()).filter(is_set_hour).collect();
        let days: BTreeSet<_> = plan.hours.iter().map(|hour| hour.day()).filter(is_set_day).collect();
        let minutes_left = plan.minutes.iter().filter(|minute| !hours.contains(&minute.hour())).copied().collect();
        let hours_left = plan.hours.iter().filter(|hour| !days.contains(&hour.day())).copied().collect();
        let (hours, days) = (hours.into_iter().collect(), days.into_iter().collect());
        Self { plan, hours, days, points: Vec::new(), minutes_left, hours_left }
    }

    /// Takes the windows of a longer one from its course, with what is listed of it, or gives them back to the plan where
    /// it has none.
    pub(super) fn add(&mut self, span: Span, course: Option<&Course>, listed: Option<Listed>) {
        let part = |total| Total { listed, ..total };
        match (span, course) {
            (Span::Hour(hour), Some(course)) if self.hours.contains(&hour) => {
                let minutes = course.parts().map(|(place, total)| (hour.first_minute().plus(place.into()), total));
                let wanted = minutes.filter(|(minute, _)| self.plan.minutes.binary_search(minute).is_ok());
                self.points.extend(wanted.map(|(minute, total)| (Span::Minute(minute), part(total))));
            }
            (Span::Day(day), Some(course)) if self.days.contains(&day) => {
                let hours = course.parts().map(|(place, total)| (day.first_hour().plus(place.into()), total));
                let wanted = hours.filter(|(hour, _)| self.plan.hours.binary_search(hour).is_ok());
                self.points.extend(wanted.map(|(hour, total)| (Span::Hour(hour), part(total))));
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
            set: self.plan.set,
        }
    }
}
