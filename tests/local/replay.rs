//! Records that could not be counted, from the table and from the bucket of batches that were given up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::json;

use super::*;

const STREAM: &str = "complical-usage-stream-test";
const BATCH: &str = "aws/lambda/a-mapping/shardId-000000000000/2026/11/24/given-up.json";

pub(super) fn a_replayed_record_counts_once(local: &Local) {
    let customer = local.customer("replayed@example.com");
    let [first, second] = ["replayed-1", "replayed-2"].map(|id| event(&customer, id));
    let id = failed(local, &first);
    let listed = local.json(&["errors", "list", "--local", "--json"]);
    assert_eq!(listed["records"][0]["id"], *id, "{listed:#}");
    assert_eq!(local.json(&["errors", "show", &id, "--local", "--json"])["text"], *first);
    for _ in 0..2 {
        let replayed = local.json(&["errors", "replay", &id, "--local", "--json"]);
        assert_eq!(replayed["replayed"], 1, "{replayed:#}");
    }
    // A call goes to the same shard, behind what was replayed: once it is counted, so is everything before it.
    assert_eq!(local.call(&customer.key), 200);
    local.expect(&customer, 2);

    for _ in 0..2 {
        give_up(local, &customer, &[&first, &second]);
        let name = format!("s3:{BATCH}");
        let batch = local.json(&["errors", "show", &name, "--local", "--json"]);
        assert_eq!(batch["records"][1]["text"], *second, "{batch:#}");
        // Everything that was not replayed yet: the record of the table was.
        let replayed = local.json(&["errors", "replay", "--local", "--json"]);
        assert_eq!(replayed["replayed"], 2, "{replayed:#}");
    }
    assert_eq!(local.call(&customer.key), 200);
    local.expect(&customer, 4);
    let listed = local.json(&["errors", "list", "--local", "--json"]);
    assert_eq!(listed["batches"], json!([]), "what was replayed is no longer given up");
    a_record_that_would_fail_again_stays_where_it_is(local);
    what_the_log_alone_has_counts_once(local, &customer);
}

fn what_the_log_alone_has_counts_once(local: &Local, customer: &Customer) {
    let lines = [
        json!({"level": "ERROR", "message": "an event is kept in this line alone", "environment": "test",
               "event": event(customer, "logged-1")}),
        json!({"level": "ERROR", "message": "an event is kept in this line alone", "environment": "test",
               "event": "no event"}),
        json!({"level": "INFO", "message": "another line", "event": event(customer, "logged-2")}),
    ];
    let group = "/aws/lambda/CompliCal-API-test-ApiKeyAuthorizerFunction";
    let now = Timestamp::now().as_millisecond();
    let events: Vec<Value> = lines.iter().map(|line| json!({"timestamp": now, "message": line.to_string()})).collect();
    let logs = |operation: &str, body: Value| {
        local.aws("POST", "logs", "/", &format!("Logs_20140328.{operation}"), &body.to_string())
    };
    logs("CreateLogStream", json!({"logGroupName": group, "logStreamName": "kept"}));
    logs("PutLogEvents", json!({"logGroupName": group, "logStreamName": "kept", "logEvents": events}));
    let before = local.counted(customer.email);
    for _ in 0..2 {
        let replayed = local.json(&["errors", "replay", "--from-log", "--local", "--json"]);
        assert_eq!((&replayed["replayed"], &replayed["log"]["lines"]), (&json!(1), &json!(2)), "{replayed:#}");
        let refused = replayed["items"].as_array().unwrap().iter().filter(|item| item["replayed"] == 0);
        assert_eq!(refused.count(), 1, "{replayed:#}");
    }
    assert_eq!(local.call(&customer.key), 200);
    local.expect(customer, before + 2);
}

fn a_record_that_would_fail_again_stays_where_it_is(local: &Local) {
    let record = json!({"StreamName": STREAM, "PartitionKey": "x", "Data": STANDARD.encode("no event")});
    local.aws("POST", "kinesis", "/", "Kinesis_20131202.PutRecord", &record.to_string());
    let began = Instant::now();
    let id = loop {
        let listed = local.json(&["errors", "list", "--local", "--json"]);
        let found = listed["records"].as_array().unwrap().iter().find(|record| record["text"] == "no event").cloned();
        if let Some(found) = found {
            break found["id"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{listed:#}");
    };
    let refused = local.document("on", &["errors", "replay", &id, "--local", "--json"], 1);
    assert_eq!((&refused["replayed"], refused["items"][0]["refused"].as_array().unwrap().len()), (&json!(0), 1));
    assert_eq!(local.json(&["errors", "show", &id, "--local", "--json"])["replayedAt"], Value::Null);
    let (_, story) = local.ends("on", &["errors", "show", "no-such-id", "--local"], 1);
    assert!(story.contains("there is no failed record `no-such-id`"), "{story}");
}

/// A call as the authorizer writes it.
fn event(customer: &Customer, id: &str) -> String {
    let now = format!("{:.3}", Timestamp::now());
    json!({"eventType": "API_CALL", "requestId": id, "timestamp": now, "userEmail": customer.email}).to_string()
}

/// Puts a record under `ERRORS`, as the processor does with one that it cannot count; returns its id.
fn failed(local: &Local, data: &str) -> String {
    let id = format!("{:.3}#shardId-000000000000#1", Timestamp::now());
    let text = |text: &str| json!({"S": text});
    let item = json!({
        "PK": text("ERRORS"), "SK": text(&id), "reason": text("it was too late by a clock that ran ahead"),
        "data": text(&STANDARD.encode(data)), "dataLength": {"N": data.len().to_string()},
    });
    let put = json!({"TableName": "complical-analytics-test", "Item": item});
    local.aws("POST", "dynamodb", "/", "DynamoDB_20120810.PutItem", &put.to_string());
    id
}

/// Puts a batch where Lambda puts those that it gives up.
fn give_up(local: &Local, customer: &Customer, events: &[&str]) {
    let record = |data: &&str| json!({"kinesis": {"partitionKey": customer.email, "sequenceNumber": "1", "data": STANDARD.encode(data)}});
    let event = json!({"Records": events.iter().map(record).collect::<Vec<_>>()});
    let body = json!({"version": "1.0", "payload": event.to_string()});
    local.aws("PUT", "s3", &format!("/{}/{BATCH}", bucket(local)), "", &body.to_string());
}

/// The bucket of the Kinesis stack, which CloudFormation named.
fn bucket(local: &Local) -> String {
    let ask = "Action=DescribeStackResources&Version=2010-05-15&StackName=CompliCal-Kinesis-test";
    let answer = local.aws("POST", "cloudformation", "/", "", ask);
    let resource = answer.split("<member>").find(|resource| resource.contains(">AWS::S3::Bucket<")).unwrap();
    let (_, name) = resource.split_once("<PhysicalResourceId>").unwrap();
    name.split('<').next().unwrap().to_owned()
}
