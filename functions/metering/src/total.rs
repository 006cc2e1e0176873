//! A window over all users: what the dashboard and the operators see.
//!
//! Invariant: made from the usages of the window's subjects, so that it cannot disagree with them.

use std::collections::BTreeMap;

use contract::limit;
use serde::{Deserialize, Serialize};

use crate::answer::GatewayFailures;
use crate::breakdown::Breakdown;
use crate::course::{Course, Slice, Went};
use crate::digest::subject_hash;
use crate::distributions::Distributions;
use crate::fold::UsageBySubject;
use crate::leader::{Leader, Outcome, bounded, rank};
use crate::number::round;
use crate::performance::Performance;
use crate::plan::ByPlan;
use crate::refusals::Refusals;
use crate::subject::Subject;
use crate::usage::{Crossed, PathCalls, Usage, nobodys};
use crate::user_set::{Ends, Listed, UserSet};

/// Sums over every subject of a window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Total {
    /// Distinct events. It only ever grows.
    pub events: u64,
    /// Distinct calls.
    pub calls: u64,
    /// Users with at least one call.
    pub users: u64,
    /// How many callers of its hour and its day are listed; nothing where its own users are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
    /// Sum of latencies, in microseconds.
    pub latency_us: u64,
    /// Calls that have a latency.
    pub timed: u64,
    /// Failed authentications.
    pub auth_failures: u64,
    /// Calls over a quota.
    pub rate_limited: u64,
    /// Users with the most calls.
    pub top_users: Vec<Leader>,
    /// Companies with the most calls.
    pub top_companies: Vec<Leader>,
    /// Users who were refused most often for their quota.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top_rate_limited: Vec<Leader>,
    /// How the calls went.
    #[serde(skip_serializing_if = "Performance::is_empty")]
    pub performance: Performance,
    /// Calls by `METHOD /path`.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub paths: Breakdown<PathCalls, { limit::MAX_TOTAL_PATHS_BYTES }>,
    /// Calls by status and path at once, of every key.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub crossed: Crossed<{ limit::MAX_TOTAL_PATHS_BYTES }>,
    /// Response times by `METHOD /path`.
    #[serde(skip_serializing_if = "Distributions::is_empty")]
    pub path_responses: Distributions,
    /// Why keys were refused.
    #[serde(skip_serializing_if = "Refusals::is_empty")]
    pub refusals: Refusals,
    /// What the gateway refused by itself. No call is among it.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub gateway: GatewayFailures,
    /// The part that belongs to no subject; a longer window is made from these and its subjects' usages.
    pub unattributed: Usage,
}

/// A total under way: part after part, none of which has to stay.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    total: Total,
    /// Every company's calls and how they went: one may have users in several parts.
    companies: BTreeMap<String, (u64, Outcome)>,
    users: UserSet,
    ends: Ends,
    plans: ByPlan,
}

impl Total {
    /// The total of a fold.
    pub fn of(fold: &UsageBySubject) -> Self {
        let mut tally = Tally::default();
        tally.add(fold);
        tally.total()
    }

    /// Adds the sums of another total, and none of its names and users.
    pub fn add_sums(&mut self, other: &Self) {
        self.events += other.events;
        self.calls += other.calls;
        self.latency_us = self.latency_us.saturating_add(other.latency_us);
        self.timed += other.timed;
        self.auth_failures += other.auth_failures;
        self.rate_limited += other.rate_limited;
        self.performance.merge(&other.performance);
        self.gateway.merge(&other.gateway);
    }

    /// How many callers are listed of windows whose parts these are; nothing where users of one of them are not.
    pub fn listed_in<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Option<Listed> {
        let more = |most: Listed, part: &Self| {
            let Listed { of_hour, of_day } = part.listed?;
            Some(Listed { of_hour: most.of_hour.max(of_hour), of_day: most.of_day.max(of_day) })
        };
        parts.into_iter().filter(|part| part.users > 0).try_fold(Listed::default(), more)
    }

    /// Whether nothing happened, not even at the gateway.
    pub fn is_empty(&self) -> bool {
        self.events == 0 && self.gateway.is_empty()
    }

    /// Calls, let through or over the quota, whose answer is not known.
    pub fn unknown(&self) -> u64 {
        (self.calls + self.rate_limited).saturating_sub(self.performance.known())
    }

    /// Of how many calls, let through or over the quota, and of how many others the gateway's answer is known.
    pub fn known(&self) -> u64 {
        self.performance.known() + self.gateway.iter().map(|(_, failures)| failures).sum::<u64>()
    }

    /// The average latency in milliseconds; zero where no call has one.
    pub fn average_latency_ms(&self) -> f64 {
        if self.timed == 0 { 0.0 } else { round(self.latency_us as f64 / 1_000.0 / self.timed as f64) }
    }
}

impl Tally {
    /// Adds the fold of a part of the window that shares no subject with the others.
    pub fn add(&mut self, fold: &UsageBySubject) {
        self.plans.add(&fold.plans);
        self.total.unattributed.merge(&fold.unattributed);
        self.count(&fold.unattributed);
        for (subject, usage) in &fold.usages {
            self.count(usage);
            if let (Subject::User(email), true) = (subject, usage.rate_limited > 0) {
                let leader = Leader::counted(email.as_str().to_owned(), usage.rate_limited);
                rank(&mut self.total.top_rate_limited, leader, || None);
            }
            if let (Subject::User(email), true) = (subject, usage.calls > 0) {
                self.total.users += 1;
                let caller = subject_hash(subject);
                self.users.add(caller);
                fold.courses.get(subject).into_iter().for_each(|course| self.ends.add(caller, course));
                let leader = Leader::counted(email.as_str().to_owned(), usage.calls);
                rank(&mut self.total.top_users, leader, || Some(Outcome::of(usage)));
                if let Some(company) = &usage.company {
                    let outcome = Outcome::of(usage);
                    let company = self.companies.entry(company.clone().into());
                    company
                        .and_modify(|(calls, sum)| {
                            *calls += usage.calls;
                            sum.merge(&outcome);
                        })
                        .or_insert_with(|| (usage.calls, outcome.clone()));
                }
            }
        }
    }

    /// Adds what the gateway refused by itself.
    pub fn add_gateway(&mut self, failures: &GatewayFailures) {
        self.total.gateway.merge(failures);
    }

    fn count(&mut self, usage: &Usage) {
        self.total.events += usage.events;
        self.total.calls += usage.calls;
        self.total.latency_us = self.total.latency_us.saturating_add(usage.latency_us);
        self.total.timed += usage.timed;
        self.total.auth_failures += usage.auth_failures;
        self.total.rate_limited += usage.rate_limited;
        self.total.performance.merge(&usage.performance);
        self.total.paths.merge(&usage.paths);
        usage.crossed.iter().for_each(|(name, calls)| self.total.crossed.add(nobodys(name).as_ref(), calls));
        self.total.path_responses.merge(&usage.path_responses);
        self.total.refusals.merge(&usage.refusals);
    }

    /// The users of what was added.
    pub const fn users(&self) -> &UserSet {
        &self.users
    }

    /// The same by when they called, where what was added came about from parts.
    pub const fn ends(&self) -> &Ends {
        &self.ends
    }

    /// What the users of each plan did, as far as the folds that were added told them apart.
    pub const fn plans(&self) -> &ByPlan {
        &self.plans
    }

    /// The total of what was added.
    pub fn total(self) -> Total {
        let mut top_companies = Vec::new();
        for (name, (calls, outcome)) in self.companies {
            rank(&mut top_companies, Leader::counted(name, calls), || Some(outcome));
        }
        let Total { top_users, .. } = self.total;
        Total { top_users: bounded(top_users), top_companies: bounded(top_companies), ..self.total }
    }
}

/// Parts of all subjects, as totals without names.
impl Course {
    /// Adds a part of all subjects.
    pub fn add_total(&mut self, place: u8, total: &Total) {
        let Total { calls, latency_us, timed, rate_limited, auth_failures, users, .. } = *total;
        let went = Went { performance: total.performance.clone(), gateway: total.gateway.clone() };
        self.parts.insert(place, Slice { calls, latency_us, timed, rate_limited, auth_failures, users, went });
    }

    /// The parts, as totals without names.
    pub fn parts(&self) -> impl Iterator<Item = (u8, Total)> + '_ {
        self.parts.iter().map(|(place, slice)| (*place, Total::from(slice.clone())))
    }
}

impl From<Slice> for Total {
    fn from(slice: Slice) -> Self {
        let Slice { calls, latency_us, timed, rate_limited, auth_failures, users, went } = slice;
        let Went { performance, gateway } = went;
        Self { calls, latency_us, timed, rate_limited, auth_failures, users, performance, gateway, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::{self, Email};

    #[test]
    fn callers_of_a_window_are_listed_where_those_of_each_part_are() {
        let part = |users: u64, listed: Option<[u64; 2]>| {
            let listed = listed.map(|[of_hour, of_day]| Listed { of_hour, of_day });
            Total { users, listed, ..Total::default() }
        };
        let nobody = part(0, None);
        let (first, next) = (part(3, Some([3, 9])), part(2, Some([4, 8])));
        assert_eq!(Total::listed_in([&nobody, &first, &next]), Some(Listed { of_hour: 4, of_day: 9 }));
        assert_eq!(Total::listed_in([&nobody]), Some(Listed::default()));
        assert_eq!(Total::listed_in([&first, &part(1, None)]), None);
    }

    #[test]
    fn no_total_outgrows_an_item_whatever_its_names_hold() {
        let usage = |n: u64| Usage {
            company: Some(format!("{n}{}", "\u{1}".repeat(70_000)).into()),
            calls: n,
            events: u64::MAX / 5_000,
            ..Usage::default()
        };
        let mut fold = UsageBySubject::default();
        for n in 1..3_000 {
            let email = Email::named(&format!("{n}@{}", "\u{1}".repeat(email::MAX_BYTES - 6))).unwrap();
            fold.add(Subject::User(email), &usage(n));
        }
        let total = Total::of(&fold);
        assert_eq!((total.calls, total.users, total.top_users[0].count), (2_999 * 1_500, 2_999, 2_999));
        let bytes = serde_json::to_string(&total).unwrap().len();
        assert!((20_000..30_000).contains(&bytes), "{bytes}");
    }
}
