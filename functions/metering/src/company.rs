//! What the users of each company did in a day.
//!
//! Invariant: made from the usages of the day's users, each of whom is in one company: of several that calls name the
//! last by letters. The companies of parts that share no user merge, in any order, to those of the whole.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::course::Course;
use crate::fold::UsageBySubject;
use crate::subject::Subject;
use crate::usage::Usage;

/// Most members whose calls are told apart in a day: those with the most calls, then the most over the quota, then by
/// letters.
pub const MAX_MEMBERS: usize = 100;

/// A company's day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompanyDay {
    /// What all members did.
    #[serde(flatten)]
    pub sums: MemberSums,
    /// Members with calls that were let through.
    pub users: u64,
    /// Their calls by the hour of the day; none where it was set before hours were kept.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub hours: BTreeMap<u8, u64>,
    /// What each did, those with the most calls first, and of these the most over the quota; at most [`MAX_MEMBERS`].
    pub members: Vec<(String, MemberSums)>,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MemberSums {
    /// Calls that were let through.
    pub calls: u64,
    /// Those that were answered with a status of 400 or more, as far as answers are known.
    pub errors: u64,
    /// Calls over the quota.
    pub rate_limited: u64,
    /// When the last call that was let through was.
    pub last: Option<Timestamp>,
}

/// The companies of a day, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Companies {
    days: BTreeMap<String, CompanyDay>,
}

impl Companies {
    /// Adds the users of a part.
    pub fn add(&mut self, fold: &UsageBySubject) {
        for (subject, usage) in &fold.usages {
            let company = usage.company.as_deref().filter(|company| !company.is_empty());
            let sums = MemberSums::of(usage);
            if let (Subject::User(email), Some(company), false) = (subject, company, sums.is_empty()) {
                let day = self.days.entry(company.to_owned()).or_default();
                day.add(email.as_str(), sums);
                day.add_hours(fold.courses.get(subject));
            }
        }
    }

    /// The days, by the company's name.
    pub const fn days(&self) -> &BTreeMap<String, CompanyDay> {
        &self.days
    }
}

impl CompanyDay {
    fn add(&mut self, member: &str, sums: MemberSums) {
        self.sums.add(&sums);
        self.users += u64::from(sums.calls > 0);
        let order = |sums: &MemberSums, name: &str| (Reverse((sums.calls, sums.rate_limited)), name.to_owned());
        let wanted = order(&sums, member);
        let place = self.members.partition_point(|(name, sums)| order(sums, name) < wanted);
        self.members.insert(place, (member.to_owned(), sums));
        self.members.truncate(MAX_MEMBERS);
    }
}

impl CompanyDay {
    fn add_hours(&mut self, course: Option<&Course>) {
        for (hour, calls) in course.into_iter().flat_map(Course::calls).filter(|(_, calls)| *calls > 0) {
            *self.hours.entry(hour).or_default() += calls;
        }
    }
}

impl MemberSums {
    fn of(usage: &Usage) -> Self {
        Self { calls: usage.calls, errors: usage.errors(), rate_limited: usage.rate_limited, last: usage.last }
    }

    /// Whether nobody called.
    pub const fn is_empty(&self) -> bool {
        self.calls == 0 && self.rate_limited == 0
    }

    /// Adds what was done on another day, or by another.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.rate_limited += other.rate_limited;
        self.last = self.last.max(other.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(users: impl IntoIterator<Item = u64>) -> UsageBySubject {
        let mut fold = UsageBySubject::default();
        for n in users {
            let company = ["One", "Two", ""][(n % 3) as usize];
            let usage = Usage { calls: n % 50, events: 60, company: Some(company.into()), ..Usage::default() };
            fold.add(Subject::User(format!("user{n}@example.com").parse().unwrap()), &usage);
        }
        fold
    }

    #[test]
    fn of_members_whose_calls_are_all_over_the_quota_those_with_the_most_are_told_apart_after_callers() {
        let mut fold = UsageBySubject::default();
        for n in 0..150_u64 {
            let (calls, rate_limited) = (u64::from(n == 0), n);
            let usage = Usage { calls, rate_limited, company: Some("One".into()), ..Usage::default() };
            fold.add(Subject::User(format!("user{n}@example.com").parse().unwrap()), &usage);
        }
        let mut companies = Companies::default();
        companies.add(&fold);
        let day = &companies.days()["One"];
        assert_eq!((day.sums.calls, day.sums.rate_limited, day.users), (1, (0..150).sum(), 1));
        let told: Vec<_> = day.members.iter().map(|(_, sums)| sums.rate_limited).collect();
        assert_eq!(told, [0].into_iter().chain((51..150).rev()).collect::<Vec<_>>());
    }

    #[test]
    fn parts_merge_in_any_order_and_the_most_frequent_members_are_told_apart() {
        let (mut whole, mut parts) = (Companies::default(), Companies::default());
        whole.add(&fold(0..900));
        for part in [600..900, 0..200, 200..600] {
            parts.add(&fold(part));
        }
        assert_eq!(whole, parts);
        let one = &whole.days()["One"];
        let calls = (0..900_u64).filter(|n| n % 3 == 0).map(|n| n % 50);
        assert_eq!((one.sums.calls, one.users, one.members.len()), (calls.clone().sum(), 294, MAX_MEMBERS));
        let mut sorted: Vec<_> = calls.collect();
        sorted.sort_unstable_by_key(|calls| Reverse(*calls));
        let told: Vec<_> = one.members.iter().map(|(_, sums)| sums.calls).collect();
        assert_eq!(told, sorted[..MAX_MEMBERS]);
        assert_eq!(whole.days().len(), 2, "nobody is in a company without a name");
    }
}
