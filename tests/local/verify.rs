//! What `verify` finds of a system on a machine that others use too.
//!
//! Invariant: what it finds by the clock may miss its limit as far as the machine is slow, all else may not.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::Local;

const VERIFY: [&str; 3] = ["verify", "--local", "--json"];
/// Checks that make calls, and have them answered and counted in time.
const OF_CALLS: [&str; 4] = ["a call with a wrong key", "a call with a key", "the call is counted", "user-stats"];
/// Runs of which one has to pass these.
const TRIES: usize = 3;

/// Runs it after calls that took so long on average.
pub(super) fn all_holds(local: &Local, a_call: Duration) {
    let mut missed = Vec::new();
    while missed.len() < TRIES {
        let (mut failed, _) = found(local);
        if let Some(latency) = failed.remove("metric ProcessingLatency") {
            // Into a block a call takes about as many steps as to its answer: what is slow for both is the machine.
            let average: u128 = latency.split(' ').next().unwrap().parse().unwrap();
            assert!(average < 2 * a_call.as_millis(), "{latency}, and {a_call:?} for a call on average");
        }
        if failed.is_empty() {
            return;
        }
        assert!(failed.keys().all(|check| OF_CALLS.contains(&check.as_str())), "{failed:#?}");
        missed.push(failed);
    }
    panic!("none of {TRIES} runs passes: {missed:#?}");
}

/// The checks that fail, with what they found, and the reconciliation.
pub(super) fn found(local: &Local) -> (BTreeMap<String, String>, Value) {
    let output = local.run("on", &VERIFY);
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    let mut document = local.read(&VERIFY, &stdout, &stderr);
    let checks = document["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "failed");
    let text = |check: &Value, field: &str| check[field].as_str().unwrap().to_owned();
    let failed: BTreeMap<_, _> = checks.map(|check| (text(check, "check"), text(check, "found"))).collect();
    assert_eq!(output.status.code(), Some(i32::from(!failed.is_empty())), "{document:#}");
    (failed, document["reconciliation"].take())
}
