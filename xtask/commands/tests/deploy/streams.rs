//! What people and programs are told by the same run: the one says nothing that the other does not.

use contract::{Environment, Function};
use serde_json::Value;

use crate::aws::Aws;
use crate::command::{Ended, Workshop};

const API: &str = "CompliCal-API-test";
const KINESIS: &str = "CompliCal-Kinesis-test";

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// What people are told where programs are told this object, written down once more: an oracle, not the code's own way.
fn lines(object: &Value) -> Vec<String> {
    let text = |name: &str| text(object, name);
    let hints = |first: String| {
        let hints = object["hints"].as_array().into_iter().flatten().chain(object.get("hint"));
        std::iter::once(first).chain(hints.map(|hint| format!("hint: {}", hint.as_str().unwrap()))).collect()
    };
    let place = object["declaredAt"].as_str().map_or_else(String::new, |at| format!(" (declared at {at})"));
    let failed = format!("{} {}{place}: {}", text("logicalId"), text("resourceType"), text("reason"));
    match text("type") {
        "note" => vec![text("message").to_owned()],
        "problem" => hints(format!("problem: {}", text("message"))),
        "failure" => hints(format!("error: {}", text("message"))),
        "cause" => hints(format!("cause: {failed}")),
        "consequence" => hints(format!("then: {failed}")),
        "rollBack" => hints(format!("the roll-back stopped at: {failed}")),
        "change" => vec![change(object)],
        "event" => vec![event(object)],
        "check" => {
            let word = if text("outcome") == "failed" { "FAILED" } else { text("outcome") };
            vec![format!("{word:<8}{}: {}", text("check"), text("found"))]
        }
        "result" => Vec::new(),
        other => panic!("no words are known for `{other}`: {object}"),
    }
}

fn change(object: &Value) -> String {
    let verb = match (text(object, "action"), object["retained"] == true) {
        ("Add", _) => "+ add",
        ("Remove", true) => "- leave in the account, outside the stack",
        ("Remove", false) => "- remove",
        ("Import", _) => "< adopt with its data",
        _ => "~ change",
    };
    let replaces = match text(object, "replacement") {
        "True" => " REPLACES",
        "Conditional" => " MAY REPLACE",
        _ => "",
    };
    let paths: Vec<&str> = object["paths"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let paths = if paths.is_empty() { String::new() } else { format!(" ({})", paths.join(", ")) };
    format!("  {verb}{replaces} {} {}{paths}", text(object, "logicalId"), text(object, "resourceType"))
}

fn event(object: &Value) -> String {
    let text = |name: &str| text(object, name);
    let took = object["seconds"].as_f64().map_or_else(String::new, |seconds| format!(" ({seconds:.1} s)"));
    let reason = if text("reason").is_empty() { String::new() } else { format!(": {}", text("reason")) };
    let (time, stack, status) = (&text("time")[11..19], text("stack"), text("status"));
    format!("{time} {stack} {status:<28} {} {}{took}{reason}", text("logicalId"), text("resourceType"))
}

/// That both streams of a run with `--json=lines` tell the same in the same order; returns what people read.
#[track_caller]
fn alike(ended: &Ended) -> Vec<String> {
    let objects: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<String> = objects.iter().flat_map(lines).collect();
    let said: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(told, said);
    let last = text(objects.last().unwrap(), "type");
    assert_eq!(last, if ended.status == Some(0) { "result" } else { "failure" });
    told
}

fn has(lines: &[String], words: &str) -> bool {
    lines.iter().any(|line| line.contains(words))
}

#[test]
fn a_deploy_tells_both_the_same_whether_it_succeeds_fails_or_does_not_begin() {
    let workshop = Workshop::new();
    let slow = alike(workshop.run(&Aws::play("slow"), &["deploy", "--yes", "--json=lines"]).expect(0, &[]));
    assert!(has(&slow, "running: ") && has(&slow, "packed "), "{slow:#?}");
    assert!(has(&slow, "deadlines: "), "{slow:#?}");
    let failed = alike(workshop.run(&Aws::play("create-fails"), &["deploy", "--yes", "--json=lines"]).expect(1, &[]));
    assert!(has(&failed, "cause: ") && has(&failed, "then: "), "{failed:#?}");
    let aws = Aws::empty();
    aws.answer("kinesis DescribeLimits", 200, r#"{"ShardLimit": 0, "OpenShardCount": 0}"#);
    alike(workshop.run(&aws, &["deploy", "--express", "--json=lines"]).expect(1, &["not approved"]));
}

#[test]
fn a_destroy_tells_both_its_whole_drain_as_it_goes() {
    let (aws, workshop) = (Aws::standing(&[(KINESIS, "CREATE_COMPLETE")]), Workshop::new());
    let function = |function: Function| function.physical_name(&Environment::default());
    let authorizer = format!("lambda GET /2015-03-31/functions/{}/configuration", function(Function::ApiKeyAuthorizer));
    // It changed long ago, so no call is under way.
    aws.answer(&authorizer, 200, r#"{"LastModified": "2026-01-01T00:00:00.000+0000"}"#);
    let aggregator =
        format!("lambda POST /2015-03-31/functions/{}/invocations", function(Function::RealtimeAggregator));
    aws.answer(&aggregator, 200, r#"{"done": true, "watermark": "2026-11-24T10:00"}"#);
    let shards = r#"{"Shards": [{"ShardId": "shardId-0", "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"},
        "SequenceNumberRange": {"StartingSequenceNumber": "1"}}]}"#;
    aws.answer("kinesis ListShards", 200, shards);
    aws.answer("kinesis GetShardIterator", 200, r#"{"ShardIterator": "here"}"#);
    let records = r#"{"MillisBehindLatest": 0, "NextShardIterator": "next", "Records": []}"#;
    aws.answer("kinesis GetRecords", 200, records);

    let told = alike(workshop.run(&aws, &["destroy", "--yes", "--json=lines"]).expect(0, &[]));
    let story = [
        "  - remove CompliCal-Kinesis-test",
        "waiting until the stream's 1 shards are processed",
        "the stream is drained (",
        "counting what was called up to now",
        "every window is closed up to 2026-11-24T10:00",
        "removing CompliCal-Kinesis-test",
        " DELETE_COMPLETE ",
    ];
    let mut rest = told.iter();
    for words in story {
        assert!(rest.any(|line| line.contains(words)), "`{words}` is not told, or not here: {told:#?}");
    }
}

#[test]
fn a_destroy_that_fails_tells_both_why() {
    let (aws, workshop) = (Aws::play("delete-fails"), Workshop::new());
    let told = alike(workshop.run(&aws, &["destroy", "--yes", API, "--json=lines"]).expect(1, &[]));
    assert!(has(&told, "cause: "), "{told:#?}");
}

#[test]
fn a_verify_tells_both_each_check_and_how_it_ends() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    let told = alike(workshop.run(&aws, &["verify", "--json=lines"]).expect(1, &["checking test with the toggle off"]));
    assert!(has(&told, "ok      no stack CompliCal-Kinesis-test: it is not deployed"), "{told:#?}");
    assert!(has(&told, "FAILED  table "), "{told:#?}");
    assert!(told.last().unwrap().ends_with("checks failed"), "{told:#?}");
}
