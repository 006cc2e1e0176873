//! The answer of `security`: why calls were refused, where they came from, and who called over their quota.
//!
//! Invariant: the failures of the reasons add up to all of them, those of each reason's addresses to the reason's; each
//! reason has room of its own, so that whoever fails in one way hides nobody who fails in another.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde::Serialize;

use super::instant::Instant;
use super::range::Range;
use super::tops::Tops;
use crate::breakdown::{Breakdown, OTHER};
use crate::key::Reason;
use crate::refusals::Sources;
use crate::total::Total;
use crate::window::Minute;

/// The answer of `security`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Security {
    /// The moment of which the answer is.
    as_of: Instant,
    /// Until when figures are put together. Of what follows only numbers are known.
    settled_to: Instant,
    /// When the first hour begins.
    from: Instant,
    /// When the last hour ends.
    to: Instant,
    /// Calls without a good key.
    auth_failures: u64,
    /// They by their reason, the most frequent first.
    reasons: Vec<RefusedFor>,
    /// Calls over a quota.
    rate_limited: u64,
    /// Who made them, the most frequent first: those who are among the ten of some window.
    rate_limited_users: Vec<OverQuota>,
    /// What the gateway refused by itself, of which nobody's call is known, the most frequent first.
    gateway: Vec<RefusedByGateway>,
}

/// Failures of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct RefusedFor {
    /// Why the key was refused; null where that is not known, or not yet.
    reason: Option<Reason>,
    failures: u64,
    /// By the caller's address, the most frequent first; `*` stands for addresses that are not told apart.
    addresses: Vec<FromAddress>,
    /// By what the key begins with, as for addresses. Keys that nobody has made may begin with anything.
    prefixes: Vec<WithPrefix>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct FromAddress {
    address: String,
    failures: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct WithPrefix {
    prefix: String,
    failures: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct OverQuota {
    user_email: String,
    rate_limited: u64,
    /// How many they can be at most, where somebody is not among the ten of every window.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limited_at_most: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct RefusedByGateway {
    /// The HTTP status.
    status: String,
    /// What API Gateway calls the answer, such as `THROTTLED`.
    response_type: String,
    failures: u64,
}

impl Security {
    /// The answer from windows that share no event, of a range that is set up to a minute.
    pub fn new<'a>(as_of: Timestamp, range: &Range, set: Minute, totals: impl IntoIterator<Item = &'a Total>) -> Self {
        let (mut all, mut over_quota) = (Total::default(), Tops::default());
        for total in totals {
            all.add_sums(total);
            all.refusals.merge(&total.refusals);
            over_quota.add(total.rate_limited, &total.top_rate_limited);
        }
        let over_quota = over_quota.into_ranking().into_iter();
        Self {
            as_of: as_of.into(),
            settled_to: range.settled_to(set).into(),
            from: range.from().into(),
            to: range.to().into(),
            auth_failures: all.auth_failures,
            reasons: reasons(&all),
            rate_limited: all.rate_limited,
            rate_limited_users: over_quota
                .map(|top| OverQuota {
                    user_email: top.name,
                    rate_limited: top.count,
                    rate_limited_at_most: top.at_most,
                })
                .collect(),
            gateway: ranking(&all.gateway)
                .map(|(name, failures)| {
                    let (status, response_type) = name.split_once(' ').unwrap_or((OTHER, &name));
                    RefusedByGateway { status: status.into(), response_type: response_type.into(), failures }
                })
                .collect(),
        }
    }
}

fn reasons(all: &Total) -> Vec<RefusedFor> {
    let of = |reason: Option<Reason>, sources: &Sources| RefusedFor {
        reason,
        failures: sources.failures,
        addresses: ranking(&sources.addresses).map(|(address, failures)| FromAddress { address, failures }).collect(),
        prefixes: ranking(&sources.prefixes).map(|(prefix, failures)| WithPrefix { prefix, failures }).collect(),
    };
    let mut reasons: Vec<_> = all.refusals.iter().map(|(reason, sources)| of(Some(reason), sources)).collect();
    let told: u64 = reasons.iter().map(|reason| reason.failures).sum();
    if let Some(failures @ 1..) = all.auth_failures.checked_sub(told) {
        reasons.push(of(None, &Sources { failures, ..Sources::default() }));
    }
    reasons.sort_by_key(|reason| Reverse(reason.failures));
    reasons
}

/// Names by their numbers, the most frequent first, and last what is not told apart.
fn ranking<const MAX: usize>(counts: &Breakdown<u64, MAX>) -> impl Iterator<Item = (String, u64)> {
    let mut counts: Vec<_> = counts.iter().map(|(name, count)| (name.to_owned(), *count)).collect();
    counts.sort_by_key(|(name, count)| (name == OTHER, Reverse(*count)));
    counts.into_iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Event;
    use crate::fold::DistinctEvents;
    use crate::leader::Leader;

    #[test]
    fn failures_are_told_apart_by_reason_and_none_is_lost() {
        let failure = |n: u32, reason: Option<&str>, address: &str, prefix: &str| -> Event {
            serde_json::from_value(json!({
                "eventType": "API_AUTH_FAILED", "requestId": n.to_string(), "timestamp": "2026-11-24T09:00:00Z",
                "reason": reason, "sourceIp": address, "apiKeyPrefix": prefix,
            }))
            .unwrap()
        };
        let mut events: Vec<Event> = (0..5)
            .map(|n| failure(n, Some("invalid_api_key"), ["203.0.113.9", "203.0.113.1"][n as usize / 3], "ck_aaaaa"))
            .collect();
        events.push(failure(7, Some("revoked_api_key"), "198.51.100.7", "ck_bbbbb"));
        events.push(failure(8, None, "198.51.100.7", ""));
        let mut total = Total::of(&events.into_iter().collect::<DistinctEvents>().fold());
        total.rate_limited = 9;
        total.top_rate_limited = vec![Leader::counted("a@b.au".into(), 5), Leader::counted("c@d.au".into(), 3)];
        total.gateway.add("429 THROTTLED", &4);
        // A minute that is live knows numbers alone.
        let live = Total { auth_failures: 2, rate_limited: 1, ..Total::default() };
        let now = "2026-11-24T10:15:30Z".parse().unwrap();
        let range = Range::parse([], now).unwrap();
        let set = "2026-11-24T10:14".parse().unwrap();
        let answer = serde_json::to_value(Security::new(now, &range, set, [&total, &live])).unwrap();
        assert_eq!(answer["authFailures"], 9);
        let reasons = answer["reasons"].as_array().unwrap().iter();
        let reasons: Vec<_> = reasons.map(|reason| json!([reason["reason"], reason["failures"]])).collect();
        assert_eq!(json!(reasons), json!([["invalid_api_key", 5], [null, 3], ["revoked_api_key", 1]]));
        let addresses = json!([
            { "address": "203.0.113.9", "failures": 3 }, { "address": "203.0.113.1", "failures": 2 },
        ]);
        assert_eq!(answer["reasons"][0]["addresses"], addresses);
        assert_eq!(answer["reasons"][0]["prefixes"], json!([{ "prefix": "ck_aaaaa", "failures": 5 }]));
        let over_quota = json!([
            { "userEmail": "a@b.au", "rateLimited": 5, "rateLimitedAtMost": 6 },
            { "userEmail": "c@d.au", "rateLimited": 3, "rateLimitedAtMost": 4 },
        ]);
        assert_eq!((&answer["rateLimited"], &answer["rateLimitedUsers"]), (&json!(10), &over_quota));
        assert_eq!(answer["gateway"], json!([{ "status": "429", "responseType": "THROTTLED", "failures": 4 }]));
    }
}
