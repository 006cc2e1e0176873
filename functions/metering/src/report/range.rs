//! Which windows an answer is about, and where each of their minutes is to be read.
//!
//! Invariant: a plan names every minute of its range once: in a day, an hour or a minute that is set, or as live.

use std::fmt;
use std::str::FromStr;

use contract::limit::HISTORY_DAYS;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::BadParameter;
use crate::window::{Day, Hour, Minute};

/// Most points of an answer: a week of minutes.
pub const MAX_POINTS: i64 = 10_080;
/// Whole minutes of `realtime` before the current one.
pub const REALTIME_MINUTES: i64 = 60;

const MINUTES_PER_HOUR: i64 = 60;
const MINUTES_PER_DAY: i64 = 24 * MINUTES_PER_HOUR;

/// How long a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

/// A length of time such as `15m`, `24h` or `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = "^[0-9]+[mhd]$")))]
pub struct Duration {
    count: u32,
    unit: Granularity,
}

/// Consecutive windows of one length, of which the last is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    granularity: Granularity,
    duration: Duration,
    first: Minute,
    current: Minute,
    points: i64,
}

/// Where the minutes of a range are to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Days that are over and set.
    pub days: Vec<Day>,
    /// Hours that are over and set.
    pub hours: Vec<Hour>,
    /// Minutes that are set.
    pub minutes: Vec<Minute>,
    /// Minutes that only blocks hold.
    pub live: Vec<Minute>,
}

impl Granularity {
    const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Hour => MINUTES_PER_HOUR,
            Self::Day => MINUTES_PER_DAY,
        }
    }

    /// The first minute of the window that holds a minute.
    const fn first_minute(self, minute: Minute) -> Minute {
        match self {
            Self::Minute => minute,
            Self::Hour => minute.hour().first_minute(),
            Self::Day => minute.day().first_hour().first_minute(),
        }
    }
}

impl FromStr for Granularity {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "minute" => Ok(Self::Minute),
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            _ => Err(BadParameter::must("granularity", "be `minute`, `hour` or `day`")),
        }
    }
}

impl Duration {
    const fn minutes(self) -> i64 {
        self.count as i64 * self.unit.minutes()
    }
}

impl FromStr for Duration {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad =
            || BadParameter::must("duration", "be a whole number above zero and a unit, such as `15m`, `24h` or `7d`");
        let unit = match text.chars().last().ok_or_else(bad)? {
            'm' => Granularity::Minute,
            'h' => Granularity::Hour,
            'd' => Granularity::Day,
            _ => return Err(bad()),
        };
        // The unit is one byte. A sign is not a digit, though a number could be read with one.
        let digits = &text[..text.len() - 1];
        let count = if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None };
        let duration = Self { count: count.filter(|count| *count > 0).ok_or_else(bad)?, unit };
        if duration.minutes() > i64::from(HISTORY_DAYS) * MINUTES_PER_DAY {
            return Err(BadParameter::must("duration", &format!("be at most {HISTORY_DAYS}d")));
        }
        Ok(duration)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Granularity::Minute => 'm',
            Granularity::Hour => 'h',
            Granularity::Day => 'd',
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Range {
    /// Reads a range from the parameters of a request, each given once; by default the last 24 hours by the hour.
    /// Parameters with other names are ignored.
    ///
    /// # Errors
    /// When a value is none that its parameter can have, of several the first that is given; or when the two do not fit
    /// together.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        now: Timestamp,
    ) -> Result<Self, BadParameter> {
        let mut granularity = Granularity::Hour;
        let mut duration = Duration { count: 24, unit: Granularity::Hour };
        for (name, value) in parameters {
            match name {
                "granularity" => granularity = value.parse()?,
                "duration" => duration = value.parse()?,
                _ => {}
            }
        }
        if duration.minutes() % granularity.minutes() != 0 {
            return Err(BadParameter::must("duration", "be a whole multiple of the granularity"));
        }
        let points = duration.minutes() / granularity.minutes();
        if points > MAX_POINTS {
            let most = format!("have at most {MAX_POINTS} points; a coarser `granularity` covers more time");
            return Err(BadParameter::must("duration", &most));
        }
        Ok(Self::ending(now, granularity, duration, points))
    }

    /// The range of `realtime`: whole minutes, and then the current one.
    pub fn realtime(now: Timestamp) -> Self {
        let duration = Duration { count: REALTIME_MINUTES as u32, unit: Granularity::Minute };
        Self::ending(now, Granularity::Minute, duration, REALTIME_MINUTES + 1)
    }

    fn ending(now: Timestamp, granularity: Granularity, duration: Duration, points: i64) -> Self {
        let current = Minute::of(now);
        let first = granularity.first_minute(current).plus(-(points - 1) * granularity.minutes());
        Self { granularity, duration, first, current, points }
    }

    /// How long its windows are.
    pub const fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// How much time was asked for.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// Its first instant.
    pub fn from(&self) -> Timestamp {
        self.first.start()
    }

    /// The instant at which its last window ends.
    pub fn to(&self) -> Timestamp {
        self.window(self.points).start()
    }

    /// The first minute of each window, oldest first.
    pub fn windows(&self) -> impl Iterator<Item = Minute> + '_ {
        (0..self.points).map(|n| self.window(n))
    }

    /// Which window holds a minute; none beyond the current minute does.
    pub fn index(&self, minute: Minute) -> Option<usize> {
        let n = minute.since(self.first).div_euclid(self.granularity.minutes());
        usize::try_from(n).ok().filter(|_| minute <= self.current)
    }

    /// Where to read its minutes, when windows are set up to a minute. The current minute and `live` whole ones
    /// before it are read from blocks in any case.
    pub fn plan(&self, set_through: Minute, live: i64) -> Plan {
        let set = set_through.min(self.current.plus(-1 - live));
        let mut next = self.first;
        let days: Vec<_> = match self.granularity {
            Granularity::Day => next.day().through(set.plus(1).day().plus(-1)).collect(),
            Granularity::Hour | Granularity::Minute => Vec::new(),
        };
        next = days.last().map_or(next, |day| day.last_hour().last_minute().plus(1));
        let hours: Vec<_> = match self.granularity {
            Granularity::Day | Granularity::Hour => next.hour().through(set.plus(1).hour().plus(-1)).collect(),
            Granularity::Minute => Vec::new(),
        };
        next = hours.last().map_or(next, |hour| hour.last_minute().plus(1));
        let minutes = next.through(set).collect();
        Plan { days, hours, minutes, live: set.plus(1).max(next).through(self.current).collect() }
    }

    const fn window(&self, n: i64) -> Minute {
        self.first.plus(n * self.granularity.minutes())
    }
}

#[cfg(test)]
mod tests;
