//! The period of a report, as it is read.
//!
//! Invariant: it is over, and windows have all of it.

use ::report::Period;
use jiff::Timestamp;
use metering::report::breakdown::{By, Dimension, Frame};
use metering::report::range::{Plan, Range};
use metering::window::{Day, Hour, Minute};

use crate::http::Failure;

/// Rows of a table of a report, before what is beyond them: a page is to be read.
const ROWS: usize = 15;

/// A period, as it is read at a time.
pub(super) struct Span {
    pub(super) period: Period,
    pub(super) now: Timestamp,
    /// The minute up to which windows are set.
    pub(super) set: Minute,
    /// Its hours, or the days of a longer one.
    pub(super) points: Range,
    pub(super) days: Range,
    whole: Range,
}

impl Span {
    /// A period and, as far as anything is kept of it, the one before.
    pub(super) fn with_before(period: Period, set: Minute, now: Timestamp) -> Result<(Self, Option<Self>), Failure> {
        Ok((Self::of(period, set, now)?, Self::of(period.before(), set, now).ok()))
    }

    fn of(period: Period, set: Minute, now: Timestamp) -> Result<Self, Failure> {
        if set.end() < period.ends_at() {
            return Err(Failure::BadRequest(format!("{period} is not over, or not all of it is counted yet")));
        }
        let edges = [period.begins_at(), period.ends_at()].map(|edge| edge.to_string());
        let edges = || std::iter::zip(["from", "to"], edges.iter().map(String::as_str));
        let of = |granularity| Range::parse(edges().chain([("granularity", granularity)]), now);
        let points = of(if matches!(period, Period::Day(_)) { "hour" } else { "day" })?;
        let days = of("day")?;
        Ok(Self { period, now, set, whole: points.whole(), points, days })
    }

    /// Where all of it is read.
    pub(super) fn plan(&self) -> Plan {
        self.whole.plan(self.set, 0)
    }

    /// Its first and its last hour.
    pub(super) fn hours(&self) -> (Hour, Hour) {
        (Hour::of(self.period.begins_at()), Hour::of(self.period.ends_at()).plus(-1))
    }

    /// How calls are told apart by something.
    pub(super) fn frame(&self, dimension: Dimension) -> Frame<'_> {
        Frame { as_of: self.now, set: self.set, range: &self.whole, by: By::one(dimension), limit: ROWS }
    }
}

/// The days of a period.
pub(super) fn days(period: Period) -> impl Iterator<Item = Day> {
    Day::of(period.begins_at()).through(Day::of(period.ends_at()).plus(-1))
}
