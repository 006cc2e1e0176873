//! The monthly quota: what is left of it, when it starts anew, which thresholds are reached.
//!
//! Invariant: a quota's period is the calendar month of UTC.

use std::fmt;
use std::str::FromStr;

use contract::limit::DEFAULT_MONTHLY_QUOTA;
use jiff::{SignedDuration, Timestamp};

use crate::window::Month;

/// From this share on, in percent, each call passes the gate.
const NEAR: u64 = 80;
/// With so many calls left, each passes the gate, whatever the share.
const LAST: u64 = 100;

/// Calls that a user may make in a month: 1 to [`MAX`](Self::MAX), or none where an earlier deployment stored that.
/// Whoever stores one and whoever reads it back use this type, so that neither knows a number that the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonthlyQuota(u64);

/// A number that no quota has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a quota must be a whole number of calls a month, from 1 to {}", MonthlyQuota::MAX)]
pub struct InvalidQuota;

/// How much of a quota is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls in this month.
    pub used: u64,
    /// Most calls in a month.
    pub limit: u64,
}

impl MonthlyQuota {
    /// The largest, in calls a month: more than any API answers, and far below where sums of such numbers end.
    pub const MAX: u64 = 1_000_000_000_000_000;

    /// Calls a month.
    pub const fn calls(self) -> u64 {
        self.0
    }

    /// The quota that a stored number means: an earlier deployment took any number, and what is too large is the
    /// largest.
    pub fn stored(number: u128) -> Self {
        Self(u64::try_from(number).unwrap_or(u64::MAX).min(Self::MAX))
    }
}

/// The quota of a user for whom no other was set.
impl Default for MonthlyQuota {
    fn default() -> Self {
        Self(DEFAULT_MONTHLY_QUOTA)
    }
}

impl TryFrom<u64> for MonthlyQuota {
    type Error = InvalidQuota;

    fn try_from(calls: u64) -> Result<Self, InvalidQuota> {
        if (1..=Self::MAX).contains(&calls) { Ok(Self(calls)) } else { Err(InvalidQuota) }
    }
}

/// A quota as a person types it: digits alone.
impl FromStr for MonthlyQuota {
    type Err = InvalidQuota;

    fn from_str(text: &str) -> Result<Self, InvalidQuota> {
        // The standard library takes a sign before a number.
        let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits.and_then(|digits| digits.parse::<u64>().ok()).ok_or(InvalidQuota)?.try_into()
    }
}

impl fmt::Display for MonthlyQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Quota {
    /// Whether another call is too many.
    pub const fn is_exhausted(self) -> bool {
        self.used >= self.limit
    }

    /// Whether little enough is left that a stale count would matter.
    pub const fn is_near(self) -> bool {
        self.used >= self.limit / 100 * NEAR + self.limit % 100 * NEAR / 100 || self.remaining() <= LAST
    }

    /// How long a count may be used before it is read again: the less is left, the shorter.
    pub const fn fresh(self) -> SignedDuration {
        SignedDuration::from_secs(if self.remaining() <= LAST {
            1
        } else if self.is_near() {
            5
        } else {
            30
        })
    }

    /// Calls left.
    pub const fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Those of some thresholds, in percent, that are reached. No quota at all has none.
    pub fn reached(self, thresholds: &[u64]) -> impl DoubleEndedIterator<Item = u64> {
        let share = u128::from(self.used) * 100;
        let is_reached =
            move |threshold: &u64| self.limit > 0 && share >= u128::from(*threshold) * u128::from(self.limit);
        thresholds.iter().copied().filter(is_reached)
    }

    /// How many calls reach a threshold of the limit, in percent.
    pub const fn calls_at(self, threshold: u64) -> u64 {
        (self.limit / 100 * threshold).saturating_add((self.limit % 100 * threshold).div_ceil(100))
    }
}

/// Seconds until the quota starts anew, at least one.
pub fn retry_after_seconds(now: Timestamp) -> i64 {
    Month::of(now).end().duration_since(now).as_secs().max(0) + 1
}

#[cfg(test)]
mod tests {
    use contract::plan::THRESHOLDS;

    use super::*;

    #[test]
    fn a_quota_has_a_least_and_a_greatest_number_and_no_sign() {
        for (text, calls) in [("1", 1), ("10000", 10_000), ("1000000000000000", MonthlyQuota::MAX)] {
            assert_eq!(text.parse::<MonthlyQuota>().unwrap().calls(), calls);
        }
        for text in ["", "0", "-1", "+5", " 5", "1e3", "\u{ff15}", "1000000000000001", "9223372036854775808"] {
            assert_eq!(text.parse::<MonthlyQuota>(), Err(InvalidQuota), "{text:?}");
        }
        let stored = [0, 5, u128::from(u64::MAX), u128::MAX].map(|number| MonthlyQuota::stored(number).calls());
        assert_eq!(stored, [0, 5, MonthlyQuota::MAX, MonthlyQuota::MAX]);
    }

    #[test]
    fn every_threshold_is_reached_by_the_calls_that_it_says_and_by_none_fewer() {
        let reached = |used, limit| Quota { used, limit }.reached(&THRESHOLDS).collect::<Vec<_>>();
        let of_ten = [4, 5, 7, 8, 9, 10, 11].map(|used| reached(used, 10).len());
        assert_eq!(of_ten, [0, 1, 1, 2, 3, 5, 5]);
        for limit in [1, 3, 7, 10, 199, 10_000, MonthlyQuota::MAX, u64::MAX] {
            for threshold in THRESHOLDS {
                let calls = Quota { used: 0, limit }.calls_at(threshold);
                assert!(reached(calls, limit).contains(&threshold), "{threshold} % of {limit}");
                assert!(!reached(calls - 1, limit).contains(&threshold), "{threshold} % of {limit}");
            }
        }
        assert!(reached(0, 0).is_empty());
    }

    #[test]
    fn a_quota_is_exhausted_at_its_limit_and_near_before() {
        assert!(!Quota { used: 9, limit: 10 }.is_exhausted());
        assert!(Quota { used: 10, limit: 10 }.is_exhausted());
        assert!(!Quota { used: 7_999, limit: 10_000 }.is_near());
        assert!(Quota { used: 8_000, limit: 10_000 }.is_near());
        assert!(Quota { used: 0, limit: 100 }.is_near());
        assert!(!Quota { used: 0, limit: 101 }.is_near());
        assert!(!Quota { used: u64::MAX / 2, limit: u64::MAX }.is_near());
    }

    #[test]
    fn a_count_is_read_more_often_the_less_is_left() {
        let seconds = |used| Quota { used, limit: 10_000 }.fresh().as_secs();
        assert_eq!([0, 7_999, 8_000, 9_899, 9_900, 10_001].map(seconds), [30, 30, 5, 5, 1, 1]);
    }

    #[test]
    fn the_quota_starts_anew_with_the_month() {
        let now = "2026-12-31T23:59:30Z".parse().unwrap();
        assert_eq!(retry_after_seconds(now), 31);
    }
}
