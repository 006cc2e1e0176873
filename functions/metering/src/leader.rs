//! Those with the most of a window, as its lists name them, and how their calls went.
//!
//! Invariant: a list depends on the whole window alone, whatever its parts and their order, and takes a bounded number of
//! bytes: of its response times those of the first are kept, up to the first that has no room.

use contract::limit::MAX_LEADERS_RESPONSES_BYTES;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::usage::Usage;

/// Entries of a list.
pub(crate) const TOP: usize = 10;

/// Somebody of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Leader {
    /// A user's address or a company.
    pub name: String,
    /// How many calls, of the kind that the list is about.
    pub count: u64,
    /// How these went, where that is known.
    pub outcome: Option<Outcome>,
}

/// How somebody's calls went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Those that were answered with a status of 400 or more, as far as answers are known.
    pub errors: u64,
    /// When the last was.
    pub last: Option<Timestamp>,
    /// How long they took to answer, where there was room for it.
    pub response: Option<Histogram>,
}

/// As it is written: a name and a number, and what more is known, instants in milliseconds.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Counted(String, u64),
    Outcome(String, u64, u64, Option<i64>, Option<Histogram>),
}

impl Leader {
    /// Somebody of whom no more is known.
    pub const fn counted(name: String, count: u64) -> Self {
        Self { name, count, outcome: None }
    }

    /// Whether it stands before another: with more calls, or with as many and before it by letters.
    fn leads(&self, other: &Self) -> bool {
        (other.count, &self.name) < (self.count, &other.name)
    }
}

impl Outcome {
    /// How the calls of a usage went.
    pub fn of(usage: &Usage) -> Self {
        let response = Some(usage.performance.response.clone());
        Self { errors: usage.errors(), last: usage.last, response }
    }

    /// Calls of a minute of which no more is known yet.
    pub fn in_minute(start: Timestamp) -> Self {
        Self { errors: 0, last: Some(start), response: Some(Histogram::default()) }
    }

    /// Adds how other calls went. Response times are those of all of them, or not known.
    pub fn merge(&mut self, other: &Self) {
        self.errors += other.errors;
        self.last = self.last.max(other.last);
        self.response = self.response.take().zip(other.response.as_ref()).map(|(mut one, other)| {
            one.merge(other);
            one
        });
    }
}

/// Puts somebody in their place of a list, if they are among the first of it. `outcome` is asked only then.
pub fn rank(list: &mut Vec<Leader>, mut leader: Leader, outcome: impl FnOnce() -> Option<Outcome>) {
    let place = list.partition_point(|other| other.leads(&leader));
    if place < TOP {
        leader.outcome = outcome();
        list.insert(place, leader);
        list.truncate(TOP);
    }
}

/// The list with no more response times than it has room for.
#[must_use]
pub fn bounded(mut list: Vec<Leader>) -> Vec<Leader> {
    let mut bytes = 0;
    for outcome in list.iter_mut().filter_map(|leader| leader.outcome.as_mut()) {
        bytes += outcome.response.as_ref().map_or(0, Histogram::stored_bytes);
        if bytes > MAX_LEADERS_RESPONSES_BYTES {
            outcome.response = None;
        }
    }
    list
}

impl From<Leader> for Stored {
    fn from(Leader { name, count, outcome }: Leader) -> Self {
        match outcome {
            None => Self::Counted(name, count),
            Some(Outcome { errors, last, response }) => {
                Self::Outcome(name, count, errors, last.map(Timestamp::as_millisecond), response)
            }
        }
    }
}

impl From<Stored> for Leader {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Counted(name, count) => Self::counted(name, count),
            Stored::Outcome(name, count, errors, last, response) => {
                let last = last.and_then(|millis| Timestamp::from_millisecond(millis).ok());
                Self { name, count, outcome: Some(Outcome { errors, last, response }) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leader(name: &str, count: u64, response: impl IntoIterator<Item = u64>) -> Leader {
        let response = Some(response.into_iter().collect());
        let last = Timestamp::from_millisecond(1_500).ok();
        Leader { name: name.into(), count, outcome: Some(Outcome { errors: 1, last, response }) }
    }

    #[test]
    fn the_first_ten_stay_in_their_order_whichever_came_first() {
        let leaders: Vec<_> = (0..30_u64).map(|n| leader(&format!("{:02}", n * 7 % 30), n % 6, [n])).collect();
        let list = |leaders: &mut dyn Iterator<Item = &Leader>| {
            let mut list = Vec::new();
            leaders.for_each(|leader| rank(&mut list, leader.clone(), || leader.outcome.clone()));
            list
        };
        let ranked = list(&mut leaders.iter());
        assert_eq!(ranked, list(&mut leaders.iter().rev()));
        let places: Vec<_> = ranked.iter().map(|leader| (u64::MAX - leader.count, &leader.name)).collect();
        assert!(places.is_sorted() && ranked.len() == TOP && ranked[0].count == 5, "{places:?}");
    }

    #[test]
    fn a_leader_is_read_as_it_was_written_also_by_an_earlier_deployment() {
        let outcome = leader("a@b.au", 5, [3_000]);
        let json = serde_json::to_string(&outcome).unwrap();
        assert_eq!(json, r#"["a@b.au",5,1,1500,"xAEB"]"#);
        assert_eq!(serde_json::from_str::<Leader>(&json).unwrap(), outcome);
        assert_eq!(serde_json::from_str::<Leader>(r#"["a@b.au",5]"#).unwrap(), Leader::counted("a@b.au".into(), 5));
    }

    #[test]
    fn response_times_that_have_no_room_are_left_out_and_then_those_of_a_sum_are_not_known() {
        let long = || (0..2_000).map(|n| n * n * 30);
        let list = bounded((0..10).map(|n| leader(&n.to_string(), 9, long())).collect());
        let kept: Vec<_> = list.iter().map(|leader| leader.outcome.as_ref().unwrap().response.is_some()).collect();
        assert!(kept[0] && !kept[9] && kept.is_sorted_by(|one, next| one >= next), "{kept:?}");
        let mut sum = list[0].outcome.clone().unwrap();
        sum.merge(list[9].outcome.as_ref().unwrap());
        assert_eq!((sum.errors, sum.response), (2, None));
    }
}
