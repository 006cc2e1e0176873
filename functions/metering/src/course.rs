//! How a window came about: the minutes of an hour, the hours of a day.
//!
//! Invariant: a part in which nothing happened is not there, and one that is there is the whole part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::total::Total;
use crate::usage::Usage;

/// The parts of a window in which something happened, by their place: the minute of an hour, the hour of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Course {
    parts: BTreeMap<u8, Slice>,
}

/// What happened in a part. Written as a list of numbers, in the order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 6]", into = "[u64; 6]")]
struct Slice {
    calls: u64,
    latency_us: u64,
    timed: u64,
    rate_limited: u64,
    auth_failures: u64,
    users: u64,
}

impl Course {
    /// Adds a part of one subject.
    pub fn add_usage(&mut self, place: u8, usage: &Usage) {
        let slice = Slice {
            calls: usage.calls,
            latency_us: usage.latency_us,
            timed: usage.timed,
            rate_limited: usage.rate_limited,
            auth_failures: usage.auth_failures,
            users: u64::from(usage.calls > 0),
        };
        self.parts.insert(place, slice);
    }

    /// Adds a part of all subjects.
    pub fn add_total(&mut self, place: u8, total: &Total) {
        let Total { calls, latency_us, timed, rate_limited, auth_failures, users, .. } = *total;
        self.parts.insert(place, Slice { calls, latency_us, timed, rate_limited, auth_failures, users });
    }

    /// The parts, as totals without names.
    pub fn parts(&self) -> impl Iterator<Item = (u8, Total)> + '_ {
        self.parts.iter().map(|(place, slice)| (*place, Total::from(*slice)))
    }
}

impl From<Slice> for Total {
    fn from(slice: Slice) -> Self {
        let Slice { calls, latency_us, timed, rate_limited, auth_failures, users } = slice;
        Self { calls, latency_us, timed, rate_limited, auth_failures, users, ..Self::default() }
    }
}

impl From<[u64; 6]> for Slice {
    fn from([calls, latency_us, timed, rate_limited, auth_failures, users]: [u64; 6]) -> Self {
        Self { calls, latency_us, timed, rate_limited, auth_failures, users }
    }
}

impl From<Slice> for [u64; 6] {
    fn from(slice: Slice) -> Self {
        let Slice { calls, latency_us, timed, rate_limited, auth_failures, users } = slice;
        [calls, latency_us, timed, rate_limited, auth_failures, users]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_is_read_as_it_was_written_and_holds_nothing_of_empty_parts() {
        let mut course = Course::default();
        course.add_usage(59, &Usage { calls: 2, latency_us: 3_500, timed: 1, ..Usage::default() });
        course.add_total(0, &Total { rate_limited: 1, ..Total::default() });
        let json = serde_json::to_string(&course).unwrap();
        assert_eq!(json, r#"{"0":[0,0,0,1,0,0],"59":[2,3500,1,0,0,1]}"#);
        assert_eq!(serde_json::from_str::<Course>(&json).unwrap(), course);
    }
}
