//! Whose fault failures are.
//!
//! Invariant: each failure is one party's: what was refused for a quota or a key is counted by its event, and what no
//! call got by the gateway's own line.

use serde::Serialize;

use crate::total::Total;

/// What the gateway calls refusals to take a call that it might have taken (API Gateway Developer Guide, "Gateway
/// response types").
const OF_THE_GATEWAY: [&str; 2] = ["THROTTLED", "WAF_FILTERED"];
/// How the gateway's names begin of answers that stand for a function of ours.
const OURS: [&str; 3] = ["AUTHORIZER_", "INTEGRATION_", "API_CONFIGURATION_"];
/// The status of a call over its quota, which its event has counted.
const OVER_QUOTA: u16 = 429;

/// Failures by whose fault they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Faults {
    /// Bad requests, with a good key.
    caller: u64,
    /// Calls over a quota.
    quota: u64,
    /// Calls without a good key.
    key: u64,
    /// Calls that a function of ours failed.
    ours: u64,
    /// Calls that the gateway did not take: too many at once, or refused by its firewall.
    gateway: u64,
}

impl Faults {
    /// The failures of a window, as far as the answers to its calls are known.
    pub fn of(total: &Total) -> Self {
        let mut faults = Self { quota: total.rate_limited, key: total.auth_failures, ..Self::default() };
        for (status, calls) in total.performance.statuses.iter() {
            match status.parse() {
                Ok(OVER_QUOTA) => {}
                Ok(400..500) => faults.caller += calls,
                Ok(500..) => faults.ours += calls,
                _ => {}
            }
        }
        for (name, failures) in total.gateway.iter() {
            let (status, kind) = name.split_once(' ').unwrap_or((name, ""));
            if OURS.iter().any(|ours| kind.starts_with(ours)) {
                faults.ours += failures;
            } else if OF_THE_GATEWAY.contains(&kind) || !status.starts_with('4') {
                faults.gateway += failures;
            } else {
                faults.caller += failures;
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_is_one_partys() {
        let mut total = Total { rate_limited: 2, auth_failures: 3, ..Total::default() };
        for (status, calls) in [("200", 50), ("404", 4), ("429", 2), ("502", 5)] {
            total.performance.statuses.add(status, &calls);
        }
        for name in ["429 THROTTLED", "403 WAF_FILTERED", "500 DEFAULT_5XX"] {
            total.gateway.add(name, &7);
        }
        total.gateway.add("500 AUTHORIZER_FAILURE", &1);
        total.gateway.add("403 MISSING_AUTHENTICATION_TOKEN", &1);
        assert_eq!(Faults::of(&total), Faults { caller: 5, quota: 2, key: 3, ours: 6, gateway: 21 });
    }
}
