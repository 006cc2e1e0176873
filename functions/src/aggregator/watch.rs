//! Follows counts of calls through a day, from those of the days before it, and finds anomalies in them.
//!
//! Invariant: what is found on a day depends on the counts from a set number of days before it on, and on nothing that
//! this process has seen otherwise: another one finds the same.

use forecast::anomaly::{Detector, Kind, Observation};
use jiff::civil::Date;
use metering::anomaly::{Anomaly, Series, Step};
use metering::uncounted::Uncounted;
use metering::window::{Day, Minute};
use store::windows::Counts;

/// A day of the calendar begins so many hours earlier somewhere than in UTC, and ends so many later elsewhere.
const ZONES_HOURS: i64 = 14;

/// What is known to be unlike other times.
#[derive(Clone, Debug, Default)]
pub(super) struct Exceptions {
    /// Nobody observed these minutes.
    pub(super) uncounted: Vec<Uncounted>,
    /// Days of the calendar, wherever it is such a day.
    pub(super) holidays: Vec<Date>,
}

/// What follows a series.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) series: Series,
    /// The first minute of the count that is read next.
    pub(super) next: Minute,
    detector: Detector,
    has_begun: bool,
    pub(super) found: Vec<Found>,
}

/// An anomaly, and what was done about it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) anomaly: Anomaly,
    pub(super) is_announced: bool,
    pub(super) is_end_noted: bool,
}

impl Exceptions {
    fn observation(&self, step: Step, first: Minute, calls: Option<u64>) -> Observation {
        let last = first.plus(step.minutes() - 1);
        let Some(calls) = calls else { return Observation::Missing };
        if self.uncounted.iter().any(|span| span.first <= last && first <= span.last) {
            return Observation::Missing;
        }
        if self.holidays.iter().any(|day| is_holiday(*day, first)) {
            return Observation::Known(calls as f64);
        }
        Observation::Value(calls as f64)
    }
}

/// Whether it is that day somewhere.
fn is_holiday(date: Date, minute: Minute) -> bool {
    let day: Option<Day> = date.to_string().parse().ok();
    day.is_some_and(|day| {
        let first = day.first_hour().plus(-ZONES_HOURS).first_minute();
        (first..=day.last_hour().plus(ZONES_HOURS).last_minute()).contains(&minute)
    })
}

impl Watch {
    /// Follows a series from a minute on.
    pub(super) fn new(series: Series, first: Minute) -> Self {
        let detector = Detector::new(Kind::Counts, series.step.minutes() * 60);
        Self { series, next: first, detector, has_begun: false, found: Vec::new() }
    }

    /// Reads the counts up to the one that ends with a minute; those that are not named had no calls.
    pub(super) fn read(&mut self, counts: &Counts, last: Minute, exceptions: &Exceptions) {
        let step = self.series.step;
        while self.next.plus(step.minutes() - 1) <= last {
            let first = self.next;
            self.next = first.plus(step.minutes());
            let calls = counts.get(&first).copied().unwrap_or(Some(0));
            // Before the first call there was nothing to count.
            self.has_begun |= calls.is_some_and(|calls| calls > 0);
            if self.has_begun {
                self.observe(first, exceptions.observation(step, first, calls));
            }
        }
    }

    fn observe(&mut self, first: Minute, observation: Observation) {
        let reading = self.detector.observe(first.start().as_second(), observation);
        if let (true, Some(begun)) = (reading.begins, self.detector.anomaly()) {
            let (expected, observed, score) = (begun.expected, begun.observed, begun.score);
            let anomaly = Anomaly { series: self.series.clone(), begin: first, end: None, expected, observed, score };
            self.found.push(Found { anomaly, is_announced: false, is_end_noted: false });
        }
        if let (true, Some(last)) = (reading.ends, self.found.last_mut()) {
            last.anomaly.end = Some(first);
        }
    }
}
