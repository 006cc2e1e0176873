//! How a window came about: the minutes of an hour, the hours of a day.
//!
//! Invariant: a part in which nothing happened is not there, and one that is there is the whole part.

use std::collections::BTreeMap;
use std::fmt;

use contract::limit::MAX_COURSE_BYTES;
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::answer::GatewayFailures;
use crate::breakdown::Breakdown;
use crate::performance::Performance;
use crate::usage::Usage;

/// The parts of a window in which something happened, by their place: the minute of an hour, the hour of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Course {
    pub(crate) parts: BTreeMap<u8, Slice>,
}

/// What happened in a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredSlice", into = "StoredSlice")]
pub(crate) struct Slice {
    pub(crate) calls: u64,
    pub(crate) latency_us: u64,
    pub(crate) timed: u64,
    pub(crate) rate_limited: u64,
    pub(crate) auth_failures: u64,
    pub(crate) users: u64,
    pub(crate) went: Went,
}

/// How it went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Went {
    #[serde(flatten)]
    pub(crate) performance: Performance,
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub(crate) gateway: GatewayFailures,
}

/// The calls of the parts of a window by their place: a [`Course`] of which nothing else is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct CallsByPlace(BTreeMap<u8, FirstNumber>);

/// The first number of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FirstNumber(u64);

/// A slice as it is written: a list of numbers in the order of the fields, and what more is known of it.
#[derive(Serialize, Deserialize)]
struct StoredSlice(u64, u64, u64, u64, u64, u64, #[serde(default, skip_serializing_if = "Went::is_empty")] Went);

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
            went: Went { performance: usage.performance.clone(), gateway: GatewayFailures::default() },
        };
        self.parts.insert(place, slice);
    }

    /// The same as small as it has to be: without histograms where these take too much.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let histograms = |slice: &Slice| {
            let Performance { latency, response, .. } = &slice.went.performance;
            latency.stored_bytes() + response.stored_bytes()
        };
        if self.parts.values().map(histograms).sum::<usize>() > MAX_COURSE_BYTES {
            for slice in self.parts.values_mut() {
                let Performance { latency, response, .. } = &mut slice.went.performance;
                (*latency, *response) = Default::default();
            }
        }
        self
    }
}

impl Course {
    /// The calls of its parts, by their place.
    pub fn calls(&self) -> impl Iterator<Item = (u8, u64)> {
        self.parts.iter().map(|(place, slice)| (*place, slice.calls))
    }

    /// Whether something happened in a part.
    pub fn has(&self, place: u8) -> bool {
        self.parts.contains_key(&place)
    }
}

impl CallsByPlace {
    /// The calls of the parts, by their place.
    pub fn iter(&self) -> impl Iterator<Item = (u8, u64)> {
        self.0.iter().map(|(place, FirstNumber(calls))| (*place, *calls))
    }
}

impl<'de> Deserialize<'de> for FirstNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = FirstNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list that begins with a number")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<FirstNumber, A::Error> {
                let first = list.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(FirstNumber(first))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

impl Went {
    fn is_empty(&self) -> bool {
        self.performance.is_empty() && self.gateway.is_empty()
    }
}

impl From<StoredSlice> for Slice {
    fn from(stored: StoredSlice) -> Self {
        let StoredSlice(calls, latency_us, timed, rate_limited, auth_failures, users, went) = stored;
        Self { calls, latency_us, timed, rate_limited, auth_failures, users, went }
    }
}

impl From<Slice> for StoredSlice {
    fn from(slice: Slice) -> Self {
        let Slice { calls, latency_us, timed, rate_limited, auth_failures, users, went } = slice;
        Self(calls, latency_us, timed, rate_limited, auth_failures, users, went)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Answer;
    use crate::total::Total;

    #[test]
    fn a_course_is_read_as_it_was_written_and_holds_nothing_of_empty_parts() {
        let mut course = Course::default();
        course.add_usage(59, &Usage { calls: 2, latency_us: 3_500, timed: 1, ..Usage::default() });
        course.add_total(0, &Total { rate_limited: 1, ..Total::default() });
        let json = serde_json::to_string(&course).unwrap();
        assert_eq!(json, r#"{"0":[0,0,0,1,0,0],"59":[2,3500,1,0,0,1]}"#);
        assert_eq!(serde_json::from_str::<Course>(&json).unwrap(), course);
        let mut usage = Usage { calls: 1, ..Usage::default() };
        usage.performance.answered(Some(Answer { status: 200, response_us: None }));
        course.add_usage(59, &usage);
        let json = serde_json::to_string(&course).unwrap();
        assert_eq!(json, r#"{"0":[0,0,0,1,0,0],"59":[1,0,0,0,0,1,{"statuses":{"200":1}}]}"#);
        assert_eq!(serde_json::from_str::<Course>(&json).unwrap(), course);
        let calls = serde_json::from_str::<CallsByPlace>(&json).unwrap();
        assert!(calls.iter().eq([(0, 0), (59, 1)]) && course.calls().eq(calls.iter()));
    }

    #[test]
    fn a_course_that_outgrows_its_bytes_has_no_histograms_and_every_number() {
        let mut course = Course::default();
        for place in 0..60 {
            let mut usage = Usage { calls: 1, ..Usage::default() };
            usage.performance.latency = (0..8_000).map(|n| n * n * 900).collect();
            usage.performance.response = usage.performance.latency.clone();
            course.add_usage(place, &usage);
        }
        let bounded = course.clone().bounded();
        assert_ne!(bounded, course);
        let bytes = serde_json::to_string(&bounded).unwrap().len();
        assert!(bytes < 5_000, "{bytes}");
        assert_eq!(bounded.parts().map(|(_, total)| total.calls).sum::<u64>(), 60);
    }
}
