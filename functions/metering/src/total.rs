//! A window over all users: what the dashboard and the operators see.
//!
//! Invariant: made from the usages of the window's subjects, so that it cannot disagree with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fold::UsageBySubject;
use crate::subject::Subject;
use crate::usage::{Usage, round};

/// Entries of a top list.
pub(crate) const TOP: usize = 10;

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
    /// Sum of latencies, in microseconds.
    pub latency_us: u64,
    /// Calls that have a latency.
    pub timed: u64,
    /// Failed authentications.
    pub auth_failures: u64,
    /// Calls over a quota.
    pub rate_limited: u64,
    /// Users with the most calls.
    pub top_users: Vec<(String, u64)>,
    /// Companies with the most calls.
    pub top_companies: Vec<(String, u64)>,
    /// The part that belongs to no subject; a longer window is made from these and its subjects' usages.
    pub unattributed: Usage,
}

/// A total under way: part after part, none of which has to stay.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    total: Total,
    /// Calls of every company: one may have users in several parts.
    companies: BTreeMap<String, u64>,
}

impl Total {
    /// The total of a fold.
    pub fn of(fold: &UsageBySubject) -> Self {
        let mut tally = Tally::default();
        tally.add(fold);
        tally.total()
    }

    /// The average latency in milliseconds; zero where no call has one.
    pub fn average_latency_ms(&self) -> f64 {
        if self.timed == 0 { 0.0 } else { round(self.latency_us as f64 / 1_000.0 / self.timed as f64) }
    }
}

impl Tally {
    /// Adds the fold of a part of the window that shares no subject with the others.
    pub fn add(&mut self, fold: &UsageBySubject) {
        self.total.unattributed.merge(&fold.unattributed);
        self.count(&fold.unattributed);
        for (subject, usage) in &fold.usages {
            self.count(usage);
            if let (Subject::User(email), true) = (subject, usage.calls > 0) {
                self.total.users += 1;
                self.total.top_users.push((email.as_str().to_owned(), usage.calls));
                if let Some(company) = &usage.company {
                    *self.companies.entry(company.clone().into()).or_default() += usage.calls;
                }
            }
        }
        self.total.top_users = top(std::mem::take(&mut self.total.top_users));
    }

    fn count(&mut self, usage: &Usage) {
        self.total.events += usage.events;
        self.total.calls += usage.calls;
        self.total.latency_us = self.total.latency_us.saturating_add(usage.latency_us);
        self.total.timed += usage.timed;
        self.total.auth_failures += usage.auth_failures;
        self.total.rate_limited += usage.rate_limited;
    }

    /// The total of what was added.
    pub fn total(self) -> Total {
        Total { top_companies: top(self.companies), ..self.total }
    }
}

/// The most frequent, by count, then by name. Names are bounded, so that their number bounds the list.
fn top(counts: impl IntoIterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|(one, few), (other, many)| (many, one).cmp(&(few, other)));
    counts.truncate(TOP);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::{self, Email};

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
        assert_eq!((total.calls, total.users, total.top_users[0].1), (2_999 * 1_500, 2_999, 2_999));
        let bytes = serde_json::to_string(&total).unwrap().len();
        assert!((20_000..30_000).contains(&bytes), "{bytes}");
    }
}
