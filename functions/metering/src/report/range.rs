//! Which windows an answer is about.
//!
//! Invariant: the windows follow each other without a gap, and the last is under way or over.

mod duration;
mod plan;
mod question;
mod span;

use contract::Route;
use jiff::Timestamp;

pub use self::duration::{Duration, Granularity};
pub use self::plan::Plan;
pub use self::span::Span;
use super::BadParameter;
use super::zone::Zone;
use crate::window::{Day, Minute};

/// Most points of an answer: a week of minutes.
pub const MAX_POINTS: i64 = 10_080;
/// Whole minutes of `realtime` before the current one.
pub const REALTIME_MINUTES: i64 = 60;

/// Consecutive windows of one granularity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    granularity: Granularity,
    duration: Duration,
    zone: Zone,
    /// Where the windows begin, and where the last one ends.
    edges: Vec<Minute>,
    current: Minute,
}

impl Range {
    /// Reads a range from the parameters of a request, each given once; by default the last 24 hours by the hour.
    /// Parameters with other names are ignored.
    ///
    /// # Errors
    /// When a value is none that its parameter can have, of several the first that is given; or when they do not fit
    /// together.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        now: Timestamp,
    ) -> Result<Self, BadParameter> {
        question::parse(parameters, Granularity::Hour, Duration::by_default(Route::TimeSeries))?.range(now)
    }

    /// Reads a range of hours; where no parameter says how long it is, so long.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); `granularity` is a parameter with another name.
    pub fn of_hours<'a>(
        duration: Duration,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        now: Timestamp,
    ) -> Result<Self, BadParameter> {
        let parameters = parameters.into_iter().filter(|(name, _)| *name != "granularity");
        question::parse(parameters, Granularity::Hour, duration)?.range(now)
    }

    /// The range of `realtime`: whole minutes, and then the current one.
    pub fn realtime(now: Timestamp) -> Self {
        let (current, zone) = (Minute::of(now), Zone::UTC);
        let edges = current.plus(-REALTIME_MINUTES).through(current.plus(1)).collect();
        let duration = Duration::of_minutes(REALTIME_MINUTES);
        Self { granularity: Granularity::Minute, duration, zone, edges, current }
    }

    /// Reads a range of days of UTC; where no parameter says how long it is, so long.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); `granularity` and `tz` are parameters with other names.
    pub fn of_days<'a>(
        duration: Duration,
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        now: Timestamp,
    ) -> Result<Self, BadParameter> {
        let parameters = parameters.into_iter().filter(|(name, _)| !matches!(*name, "granularity" | "tz"));
        question::parse(parameters, Granularity::Day, duration)?.range(now)
    }

    /// One window from a minute to the beginning of another.
    pub fn between(first: Minute, end: Minute, zone: Zone, now: Timestamp) -> Self {
        let duration = Duration::of_minutes(end.since(first));
        Self { granularity: Granularity::Minute, duration, zone, edges: vec![first, end], current: Minute::of(now) }
    }

    /// One day, or the beginning of one, that a zone's midnight begins.
    pub fn of_day(midnight: Minute, end: Minute, zone: Zone, now: Timestamp) -> Self {
        Self { granularity: Granularity::Day, ..Self::between(midnight, end, zone, now) }
    }

    /// The same time as one window.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { edges: self.edges.first().into_iter().chain(self.edges.last()).copied().collect(), ..self.clone() }
    }

    /// How long its windows are.
    pub const fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// The zone of its days.
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// How much time it is, as it was asked for.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Its first instant.
    pub fn from(&self) -> Timestamp {
        self.first().start()
    }

    /// The instant at which its last window ends.
    pub fn to(&self) -> Timestamp {
        self.end().start()
    }

    /// The instant of it up to which windows are set, when they are up to a minute.
    pub fn settled_to(&self, set: Minute) -> Timestamp {
        set.end().clamp(self.from(), self.to())
    }

    /// Its last minute that has begun.
    pub fn last(&self) -> Minute {
        self.end().plus(-1).min(self.current)
    }

    /// The first minute of each window, oldest first.
    pub fn windows(&self) -> impl Iterator<Item = Minute> + '_ {
        self.edges.iter().copied().take(self.edges.len().saturating_sub(1))
    }

    /// Where each window begins and the next one does, oldest first.
    pub fn edges(&self) -> impl DoubleEndedIterator<Item = (Minute, Minute)> + '_ {
        self.edges.iter().copied().zip(self.edges.iter().copied().skip(1))
    }

    /// The days of UTC that are windows of it: for these, and no others, days are stored.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        let days = self.edges().map(|(first, next)| (first.day(), first, next));
        days.filter(|(day, first, next)| {
            day.first_hour().first_minute() == *first && day.plus(1).first_hour().first_minute() == *next
        })
        .map(|(day, _, _)| day)
    }

    /// Which window holds a minute; none beyond the current minute does.
    pub fn index(&self, minute: Minute) -> Option<usize> {
        let begun = self.edges.partition_point(|edge| *edge <= minute);
        begun.checked_sub(1).filter(|_| begun < self.edges.len() && minute <= self.current)
    }

    /// Where to read its minutes, when windows are set up to a minute. The current minute and `live` whole ones
    /// before it are read from blocks in any case.
    pub fn plan(&self, set_through: Minute, live: i64) -> Plan {
        let set = set_through.min(self.current.plus(-1 - live));
        let mut plan = Plan { set, ..Plan::default() };
        for (first, next) in self.edges() {
            plan.cover(first, next.plus(-1).min(set));
        }
        plan.live = set.plus(1).max(self.first()).through(self.last()).collect();
        plan
    }

    fn first(&self) -> Minute {
        self.edges.first().copied().unwrap_or(self.current)
    }

    fn end(&self) -> Minute {
        self.edges.last().copied().unwrap_or(self.current)
    }
}

#[cfg(test)]
mod tests;
