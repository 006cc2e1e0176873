//! Commands that look, against the running system: their documents, their pipes, and what they see.

use super::*;

pub(super) fn what_looks_and_changes_nothing_answers_as_its_schema_says(local: &Local) {
    let status = local.json(&["status", "--local", "--json"]);
    assert_eq!(status["stream"]["shards"], 2, "{status:#}");
    let logs = local.json(&["logs", "stream-processor", "--local", "--json"]);
    assert!(!logs["events"].as_array().unwrap().is_empty(), "{logs:#}");
    let email = "one@example.com";
    let token = local.json(&["users", "token", "--local", "--json", "--email", email]);
    assert_eq!(token["userEmail"], email);
    let users = local.json(&["users", "list", "--local", "--json"]);
    assert!(users["users"].as_array().unwrap().iter().any(|user| user["userEmail"] == email), "{users:#}");
    let set = local.json(&["users", "set", "--local", "--json", "--email", email, "--company", "Example Pty Ltd"]);
    assert_eq!((&set["companyName"], &set["admin"]), (&"Example Pty Ltd".into(), &Value::Null), "{set:#}");
    let reset = local.json(&["users", "reset-password", "--local", "--json", "--email", email]);
    assert_eq!(reset["userEmail"], email, "{reset:#}");
    let made = local.json(&["keys", "create", "--local", "--json", "--email", email, "--name", "short-lived"]);
    let id = made["apiKeyId"].as_str().unwrap();
    let keys = local.json(&["keys", "list", "--local", "--json", "--email", email]);
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2, "{keys:#}");
    let revoked = local.json(&["keys", "revoke", "--local", "--json", "--email", email, id]);
    assert!(revoked["revokedAt"].is_string(), "{revoked:#}");
    let scaled = local.json(&["scale", "--local", "--json", "--shards", "2"]);
    assert_eq!(scaled["changed"], false, "{scaled:#}");
    let cost = local.json(&["cost", "--json", "--calls", "0"]);
    assert_eq!(cost["modes"][0]["usdPerMillionCalls"], Value::Null, "{cost:#}");
    let cost = local.json(&["cost", "--json", "--rate", "100", "--viewers", "2"]);
    assert_eq!(cost["looking"]["viewers"], 2, "{cost:#}");
    an_export_has_as_many_calls_as_are_counted(local, email);
    let yesterday = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24)).to_string();
    let out = local.folder.join("reports");
    let report = ["report", "--local", "--json", "--day", &yesterday[..10], "--out", out.to_str().unwrap()];
    assert_eq!(local.json(&report)["apiCalls"], 0);
    let diff = local.json(&["diff", "--local", "--json"]);
    assert_eq!((&diff["summary"]["changes"], &diff["summary"]["functions"]), (&0.into(), &0.into()), "{diff:#}");
    assert!(diff["functions"].as_array().unwrap().iter().all(|code| code["code"] == "same"), "{diff:#}");
}

fn an_export_has_as_many_calls_as_are_counted(local: &Local, email: &str) {
    let file = local.folder.join("calls.jsonl");
    let out = file.to_str().unwrap();
    let export = local.json(&["export", "--local", "--json", "--email", email, "--format", "jsonl", "--out", out]);
    let stats = local.analytics(&format!("/v1/analytics/user-stats?email={email}"));
    let calls = stats["allTime"]["apiCalls"].as_u64().unwrap();
    assert!(calls > 0 && export["calls"] == calls, "{calls}, {export:#}");
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count() as u64, calls);
}

pub(super) fn a_follower_ends_quietly_when_its_pipe_is_closed(local: &Local) {
    let followers: [&[&str]; 2] = [&["status", "--local", "--watch"], &["logs", "stream-processor", "--local", "-f"]];
    for arguments in followers {
        let mut follower = local.start("on", arguments);
        let mut line = String::new();
        BufReader::new(follower.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let closed = Instant::now();
        let status = loop {
            if let Some(status) = follower.try_wait().unwrap() {
                break status;
            }
            if closed.elapsed() > Duration::from_secs(20) {
                follower.kill().unwrap();
                panic!("{arguments:?} goes on though nobody reads it");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let story = std::io::read_to_string(follower.stderr.take().unwrap()).unwrap();
        assert!(status.success() && !line.is_empty(), "{arguments:?}: {status}\n{story}");
        assert!(!story.contains("error"), "{arguments:?}: {story}");
    }
}

pub(super) fn what_was_changed_by_hand_is_drift(local: &Local) {
    let path = "/2015-03-31/functions/CompliCal-Kinesis-test-AnalyticsApi/configuration";
    let memory = |megabytes: u64| local.aws("PUT", "lambda", path, "", &format!(r#"{{"MemorySize":{megabytes}}}"#));
    memory(1024);
    let diff = local.document("on", &["diff", "--local", "--drift", "--json"], 1);
    let resource = &diff["drift"][0]["resources"][0];
    assert_eq!(resource["logicalId"], "AnalyticsApi", "{diff:#}");
    let difference = serde_json::json!({"path": "Properties.MemorySize", "expected": "512", "actual": "1024"});
    assert_eq!(resource["differences"][0], difference);
    memory(512);
    let diff = local.json(&["diff", "--local", "--drift", "--json"]);
    assert!(diff["drift"].as_array().unwrap().iter().all(|drift| drift["status"] == "IN_SYNC"), "{diff:#}");
}
