//! What programs are told: one document, or one object a line, as the schema has them.

use std::path::Path;

use serde_json::Value;

use crate::aws::Aws;
use crate::command::{Ended, Workshop};

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/line.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn lines(ended: &Ended) -> Vec<Value> {
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let schema = schema();
    lines.iter().for_each(|line| check(line, &schema));
    lines
}

/// What the schema says of the names: those of the object's type, and no others. (The types of the values are checked
/// by whoever has a validator.)
fn check(line: &Value, schema: &Value) {
    let kinds = schema["oneOf"].as_array().unwrap();
    let of_type = |kind: &&Value| kind["properties"]["type"]["const"] == line["type"];
    let kind = kinds.iter().find(of_type).unwrap_or_else(|| panic!("the schema has no type for {line}"));
    assert_eq!(kind["additionalProperties"], false);
    let known = kind["properties"].as_object().unwrap();
    for name in line.as_object().unwrap().keys() {
        assert!(known.contains_key(name), "`{name}` is not in the schema: {line}");
    }
    for name in kind["required"].as_array().unwrap() {
        assert!(line.get(name.as_str().unwrap()).is_some(), "{name} is missing: {line}");
    }
}

fn of_type<'a>(lines: &'a [Value], kind: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == kind).collect()
}

#[test]
fn a_deploy_is_told_line_by_line_and_the_last_is_the_result() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    let ended = workshop.run(&aws, &["deploy", "--yes", "--json=lines"]);
    let lines = lines(ended.expect(0, &[]));
    assert_eq!(of_type(&lines, "change")[0]["logicalId"], "RestApi");
    let events = of_type(&lines, "event");
    assert_eq!(events.len(), 5);
    assert_eq!((&events[2]["status"], &events[2]["seconds"]), (&"UPDATE_COMPLETE".into(), &2.0.into()));
    let last = lines.last().unwrap();
    assert_eq!((&last["type"], &last["stacks"][0]["changed"]), (&"result".into(), &true.into()));
}

#[test]
fn a_line_comes_when_it_happens() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start(&aws, &["deploy", "--yes", "--json=lines"]);
    let first = deploy.wait_for_line(r#""type":"event""#);
    assert!(first.contains("UPDATE_IN_PROGRESS"), "{first}");
    aws.cloudformation().holds = false;
    deploy.end().expect(0, &[]);
}

#[test]
fn a_failure_is_told_with_its_cause_its_place_and_its_hint() {
    let (aws, workshop) = (Aws::play("create-fails"), Workshop::new());
    let lines = lines(workshop.run(&aws, &["deploy", "--yes", "--json=lines"]).expect(1, &[]));
    let cause = of_type(&lines, "cause")[0];
    assert_eq!(cause["logicalId"], "ApiKeyAuthorizerFunctionLogs");
    assert!(cause["declaredAt"].as_str().unwrap().starts_with("stacks/src/"), "{cause}");
    assert!(cause["hint"].as_str().unwrap().starts_with("a resource with this name"), "{cause}");
    assert_eq!(of_type(&lines, "consequence").len(), 2);
    let last = lines.last().unwrap();
    assert_eq!((&last["type"], &last["exitStatus"]), (&"failure".into(), &1.into()));
    assert_eq!(last["message"], "CompliCal-API-test is ROLLBACK_COMPLETE");
}

#[test]
fn a_document_is_one_and_lists_the_same_events() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    let ended = workshop.run(&aws, &["deploy", "--yes", "--json"]);
    let document: Value = serde_json::from_str(&ended.expect(0, &[]).stdout).unwrap();
    assert_eq!(document["stacks"][0]["stack"], "CompliCal-API-test");
    let events = document["events"].as_array().unwrap();
    events.iter().for_each(|event| check(event, &schema()));
    assert_eq!(of_type(events, "event").len(), 5);

    let aws = Aws::play("delete-fails");
    let ended = workshop.run(&aws, &["destroy", "--yes", "CompliCal-API-test", "--json=document"]);
    let document: Value = serde_json::from_str(&ended.expect(1, &[]).stdout).unwrap();
    assert_eq!(document["failure"]["exitStatus"], 1);
    assert_eq!(of_type(document["events"].as_array().unwrap(), "cause").len(), 1);
}

#[test]
fn a_document_of_what_never_ends_is_wrong_usage() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    for arguments in [&["logs", "deadlines-api", "--follow", "--json"][..], &["status", "--watch", "--json"]] {
        workshop.run(&aws, arguments).expect(2, &["would never end", "hint: use --json=lines"]);
    }
}

#[test]
fn a_log_is_followed_line_by_line() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    let event = r#"{"events": [{"eventId": "1", "timestamp": 1, "logStreamName": "s", "message": "START"}]}"#;
    aws.answer("logs FilterLogEvents", 200, event);
    let mut logs = workshop.start(&aws, &["logs", "deadlines-api", "--follow", "--json=lines"]);
    let line = logs.wait_for_line("START");
    check(&serde_json::from_str(&line).unwrap(), &schema());
    logs.signal("INT");
    logs.end().expect(0, &[]);
}
