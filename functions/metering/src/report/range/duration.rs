//! How long windows and ranges are.
//!
//! Invariant: a duration is whole minutes, hours or days, at least one.

use std::fmt;
use std::str::FromStr;

use contract::Route;
use contract::limit::HISTORY_DAYS;
use serde::{Serialize, Serializer};

use super::BadParameter;

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
    /// A day.
    Day,
}

/// A length of time such as `15m`, `24h` or `90d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String", extend("pattern" = "^[0-9]+[mhd]$")))]
pub struct Duration {
    count: u32,
    unit: Granularity,
}

impl Granularity {
    /// How many minutes it has, where clocks do not change.
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Hour => MINUTES_PER_HOUR,
            Self::Day => MINUTES_PER_DAY,
        }
    }

    /// Its word.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl FromStr for Granularity {
    type Err = BadParameter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::Minute, Self::Hour, Self::Day].into_iter().find(|one| one.word() == text);
        found.ok_or_else(|| BadParameter::must("granularity", "be `minute`, `hour` or `day`"))
    }
}

impl Duration {
    /// So many of a unit.
    pub const fn new(count: u32, unit: Granularity) -> Self {
        Self { count, unit }
    }

    /// How much time a route's answer is about, where the request does not say: of a heat map weeks enough for a pattern,
    /// of an export all the calls that are kept.
    pub const fn by_default(route: Route) -> Self {
        match route {
            Route::Heatmap => Self::new(28, Granularity::Day),
            Route::CompanyStats | Route::Anomalies => Self::new(30, Granularity::Day),
            Route::Export => Self::new(HISTORY_DAYS, Granularity::Day),
            _ => Self::new(24, Granularity::Hour),
        }
    }

    /// So many minutes, in the largest unit that has them whole.
    pub fn of_minutes(minutes: i64) -> Self {
        let units = [Granularity::Day, Granularity::Hour];
        let unit = units.into_iter().find(|unit| minutes % unit.minutes() == 0).unwrap_or(Granularity::Minute);
        Self { count: u32::try_from(minutes / unit.minutes()).unwrap_or(u32::MAX), unit }
    }

    /// How many minutes it has.
    pub const fn minutes(self) -> i64 {
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
        // The unit is one byte. A sign is no digit, though a number could be read with one.
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
