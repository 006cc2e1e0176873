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

/// How often either is tried. The quickest tells what it takes, because others share the machine.
const TRIES: usize = 5;

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
    one_takes(UNCHANGED, || changes(&local, &[]));

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
    one_takes(FIRST, || {
        local.done("on", &[&destroy[..], &all].concat());
        changes(&local, &all)
    });
}

/// Deploys, and returns how long it took.
fn changes(local: &Local, stacks: &[&str]) -> Duration {
    let began = Instant::now();
    assert_eq!(changed(&end(start(local))), stacks);
    began.elapsed()
}

/// Deploys until one takes less than a limit.
fn one_takes(less_than: Duration, deploy: impl Fn() -> Duration) {
    let mut took = Vec::new();
    while took.iter().all(|took| *took >= less_than) {
        assert!(took.len() < TRIES, "deploys take {took:?}, each more than {less_than:?}");
        took.push(deploy());
    }
}
