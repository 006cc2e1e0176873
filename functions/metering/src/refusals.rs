//! Why keys were refused, and where they came from.
//!
//! Invariant: each reason has room of its own, so that whoever fails in one way, however often and from wherever, hides
//! nobody who fails in another; the numbers of each reason are always exact.

use std::collections::BTreeMap;

use contract::limit;
use serde::{Deserialize, Serialize};

use crate::breakdown::Breakdown;
use crate::event::Event;
use crate::key::Reason;

/// Failed authentications by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Refusals {
    by_reason: BTreeMap<Reason, Sources>,
}

/// Failures of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sources {
    /// How many.
    pub failures: u64,
    /// By the caller's address.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub addresses: Breakdown<u64, { limit::MAX_ADDRESSES_BYTES }>,
    /// By what the key begins with.
    #[serde(skip_serializing_if = "Breakdown::is_empty")]
    pub prefixes: Breakdown<u64, { limit::MAX_PREFIXES_BYTES }>,
}

impl Refusals {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_reason.is_empty()
    }

    /// Adds a failed authentication, if it has a reason.
    pub fn add(&mut self, event: &Event) {
        let Some(reason) = event.reason else { return };
        let sources = self.by_reason.entry(reason).or_default();
        sources.failures += 1;
        if let Some(address) = &event.source_ip {
            sources.addresses.add(address, &1);
        }
        if let Some(prefix) = &event.api_key_prefix {
            sources.prefixes.add(prefix.as_str(), &1);
        }
    }

    /// Adds other failures.
    pub fn merge(&mut self, other: &Self) {
        for (reason, Sources { failures, addresses, prefixes }) in &other.by_reason {
            let sources = self.by_reason.entry(*reason).or_default();
            sources.failures += failures;
            sources.addresses.merge(addresses);
            sources.prefixes.merge(prefixes);
        }
    }

    /// Each reason that there was, with its failures.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, &Sources)> {
        self.by_reason.iter().map(|(reason, sources)| (*reason, sources))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_who_fails_from_everywhere_hides_nobody_who_fails_otherwise() {
        let failure = |reason: &str, n: u32| -> Event {
            let address = std::net::Ipv4Addr::from(n).to_string();
            serde_json::from_value(json!({
                "eventType": "API_AUTH_FAILED", "requestId": n.to_string(), "timestamp": "2026-11-24T10:15:30Z",
                "reason": reason, "sourceIp": address, "apiKeyPrefix": format!("ck_{:05}", n % 100_000),
            }))
            .unwrap()
        };
        let mut refusals = Refusals::default();
        (0..20_000).for_each(|n| refusals.add(&failure("invalid_api_key", n)));
        (0..2).for_each(|_| refusals.add(&failure("revoked_api_key", 3_405_803_785)));
        let found: BTreeMap<_, _> = refusals.iter().collect();
        assert_eq!(found[&Reason::InvalidApiKey].failures, 20_000);
        assert_eq!(found[&Reason::InvalidApiKey].addresses.iter().map(|(_, failures)| failures).sum::<u64>(), 20_000);
        let revoked: Vec<_> = found[&Reason::RevokedApiKey].addresses.iter().collect();
        assert_eq!(revoked, [("203.0.113.9", &2)]);
        let bytes = serde_json::to_string(&refusals).unwrap().len();
        assert!(bytes <= limit::MAX_REFUSALS_BYTES, "{bytes}");
    }
}
