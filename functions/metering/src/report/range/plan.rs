//! Where the minutes of a range are to be read.
//!
//! Invariant: a plan names every minute of its range once: in a day, an hour or a minute that is set, or as live.

use crate::window::{Day, Hour, Minute};

/// Where the minutes of a range are to be read, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Days that are over and set.
    pub days: Vec<Day>,
    /// Hours that are over and set.
    pub hours: Vec<Hour>,
    /// Minutes that are set.
    pub minutes: Vec<Minute>,
    /// Minutes that only blocks hold.
    pub live: Vec<Minute>,
    /// The minute up to which windows are taken.
    pub set: Minute,
}

impl Plan {
    /// Adds the minutes from one to another, both set, by the longest windows of UTC that lie between.
    pub(super) fn cover(&mut self, first: Minute, last: Minute) {
        let first_hour = if first.of_hour() == 0 { first.hour() } else { first.hour().plus(1) };
        let last_hour = last.plus(1).hour().plus(-1);
        if first_hour > last_hour {
            self.minutes.extend(first.through(last));
            return;
        }
        self.minutes.extend(first.through(first_hour.first_minute().plus(-1)));
        self.cover_hours(first_hour, last_hour);
        self.minutes.extend(last_hour.last_minute().plus(1).through(last));
    }

    fn cover_hours(&mut self, first: Hour, last: Hour) {
        let first_day = if first.of_day() == 0 { first.day() } else { first.day().plus(1) };
        let last_day = last.plus(1).day().plus(-1);
        if first_day > last_day {
            self.hours.extend(first.through(last));
            return;
        }
        self.hours.extend(first.through(first_day.first_hour().plus(-1)));
        self.days.extend(first_day.through(last_day));
        self.hours.extend(last_day.last_hour().plus(1).through(last));
    }
}

impl Default for Plan {
    fn default() -> Self {
        let set = Minute::of(jiff::Timestamp::UNIX_EPOCH);
        Self { days: Vec::new(), hours: Vec::new(), minutes: Vec::new(), live: Vec::new(), set }
    }
}
