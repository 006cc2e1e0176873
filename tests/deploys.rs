//! Deploys to the local system that are killed, doubled and repeated: what is deployed is what one deploy makes.
//!
//! Invariant: CloudFormation is the only state, so no run has to know how the one before it ended.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::local::Local;

/// How long a deploy takes that changes nothing.
const UNCHANGED: Duration = Duration::from_secs(2);
/// How long a deploy takes that makes everything, with the packages built and in their bucket.
const FIRST: Duration = Duration::from_secs(15);

fn start(local: &Local) -> Child {
    let mut deploy = local.command("on", &["deploy", "--local", "--yes", "--json"]);
    deploy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(deploy: Child) -> Value {
    let output = deploy.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn changed(document: &Value) -> Vec<&str> {
    let stacks = document["stacks"].as_array().unwrap().iter();
    stacks.filter(|stack| stack["changed"] == true).map(|stack| stack["stack"].as_str().unwrap()).collect()
}

#[test]
fn killed_doubled_or_repeated_deploys_end_where_one_would() {
    let local = Local::up();
    // The quickest of some tells what it takes; others share the machine with other tests.
    let repeated = (0..5).map(|_| {
        let began = Instant::now();
        assert_eq!(changed(&end(start(&local))), Vec::<&str>::new());
        began.elapsed()
    });
    let quickest = repeated.min().unwrap();
    assert!(quickest < UNCHANGED, "a deploy that changes nothing takes {quickest:?}");

    local.done("off", &["destroy", "--local", "--yes"]);
    let mut killed = start(&local);
    let said = BufReader::new(killed.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.into_iter().any(|line| line.contains("_IN_PROGRESS")), "it ended before it was killed");
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Each ends well, whichever is first and wherever the killed one has left the stacks.
    let both = [start(&local), start(&local)].map(end);
    for document in &both {
        assert_eq!(document["stacks"].as_array().unwrap().len(), 3, "{document}");
    }
    assert_eq!(changed(&end(start(&local))), Vec::<&str>::new());

    let all = ["CompliCal-Kinesis-test", "CompliCal-API-test", "CompliCal-Dashboard-test"];
    let destroy = ["destroy", "--local", "--yes", "--delete-data", "--confirm", "test"];
    local.done("on", &[&destroy[..], &all].concat());
    let began = Instant::now();
    assert_eq!(changed(&end(start(&local))), all);
    assert!(began.elapsed() < FIRST, "a first deploy takes {:?}", began.elapsed());
}
