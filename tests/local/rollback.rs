//! Rolling back where it cannot be finished at once, and data that goes.

use super::*;

const PROCESSOR: &str = "/2017-10-31/functions/CompliCal-Kinesis-test-StreamProcessor/concurrency";

/// First the processor does not run, then the roll-back is killed before the stacks go; the third time finishes it.
/// Calls are made all the while.
pub(super) fn a_roll_back_is_refused_interrupted_and_finished(local: &Local) {
    local.aws("PUT", "lambda", PROCESSOR, "", r#"{"ReservedConcurrentExecutions":0}"#);
    std::thread::sleep(Duration::from_secs(1));
    let arguments = ["destroy", "--local", "--yes", "--wait", "2"];
    let (removed, story) = local.ends("off", &arguments, 1);
    assert!(story.contains("the stream is not drained: at least "), "{story}");
    assert!(story.contains("hint: CompliCal-Kinesis-test stays as it is, and no call is lost"), "{story}");
    assert_eq!(removed, "", "nothing was removed");
    every_stack_is_there(local);

    local.aws("DELETE", "lambda", PROCESSOR, "", "");
    let mut interrupted = local.start("off", &["destroy", "--local", "--yes"]);
    let story = BufReader::new(interrupted.stderr.take().unwrap());
    let drained = story.lines().map(Result::unwrap).find(|line| line.contains("the stream is drained"));
    interrupted.kill().unwrap();
    interrupted.wait().unwrap();
    assert!(drained.is_some(), "it did not drain");

    let finished = local.document("off", &["destroy", "--local", "--yes", "--json"], 0);
    assert_eq!(finished["drained"], true, "{finished:#}");
    let removed = finished["removed"].as_array().unwrap();
    assert!(removed.iter().any(|stack| stack == "CompliCal-Kinesis-test"), "{finished:#}");
    let again = local.document("off", &["destroy", "--local", "--yes", "--json"], 0);
    assert_eq!(again["removed"], serde_json::json!([]), "{again:#}");
}

pub(super) fn data_goes_only_with_its_name_typed_out(local: &Local) {
    let asking = ["destroy", "--local", "--delete-data"];
    let (_, story) = local.ends("off", &asking, 1);
    assert!(story.contains("there is no terminal to ask on"), "{story}");
    assert!(story.contains("hint: add --confirm test"), "{story}");
    // `--yes` answers the question whether, not the question which.
    local.ends("off", &[&asking[..], &["--yes"]].concat(), 1);
    let (_, story) = local.ends("off", &[&asking[..], &["--yes", "--confirm", "prod"]].concat(), 1);
    assert!(story.contains("`prod` is not `test`, nothing was changed"), "{story}");
    every_stack_is_there(local);
    let gone = local.document("off", &[&asking[..], &["--confirm", "test", "--json"]].concat(), 0);
    let deleted = gone["deleted"].as_array().unwrap();
    assert!(deleted.iter().any(|name| name == "complical-analytics-test"), "{gone:#}");
    assert_eq!(gone["kept"], serde_json::json!([]), "{gone:#}");
}

fn every_stack_is_there(local: &Local) {
    let status = local.document("off", &["status", "--local", "--json"], 0);
    let stacks = status["stacks"].as_array().unwrap();
    let is_there = |stack: &Value| stack["status"].as_str().is_some_and(|status| status.ends_with("_COMPLETE"));
    assert!(stacks.len() == 3 && stacks.iter().all(is_there), "{status:#}");
}
