//! What `verify` says of calls that are on the stream and are not counted.
//!
//! Invariant: what the test takes away it puts back.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::{Environment, limit, name};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Local, verify};

/// Puts calls of some minutes ago on the stream: their minutes are settled. Then takes the block of one away.
pub(super) fn a_call_that_is_not_counted_is_found(local: &Local) {
    const LATE: i64 = 6;
    let env = Environment::default();
    let now = Timestamp::now();
    for n in 0..LATE {
        let at = now - SignedDuration::from_mins(4 + n);
        let event = json!({"eventType": "API_CALL", "requestId": format!("late-{n}"), "timestamp": at.to_string(),
                           "userEmail": "late@example.com"});
        let data = STANDARD.encode(event.to_string());
        let record = json!({"StreamName": name::stream(&env), "PartitionKey": "late@example.com", "Data": data});
        local.aws("POST", "kinesis", "/", "Kinesis_20131202.PutRecord", &record.to_string());
    }
    // Whatever else it finds: the calls that come late are old when they are counted, which it may find too.
    let reconciled = || -> (bool, Value) {
        let (failed, all) = verify::found(local);
        (!failed.contains_key("every call counted once"), all)
    };
    let began = Instant::now();
    loop {
        let (ok, all) = reconciled();
        if ok && all["counted"].as_i64() >= Some(LATE) {
            assert_eq!((&all["stream"], &all["gateway"]), (&all["counted"], &Value::Null), "{all}");
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "{all}");
    }
    let minute = &(now - SignedDuration::from_mins(5)).to_string()[..16];
    let table = name::analytics_table(&env);
    let block = (0..limit::BUCKETS).find_map(|bucket| {
        let pk = json!({":pk": {"S": format!("CALLS#{minute}#{bucket}")}});
        let query = json!({"TableName": table, "KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": pk});
        dynamodb(local, "Query", &query)["Items"].as_array()?.first().cloned()
    });
    let block = block.unwrap();
    let key = json!({"PK": block["PK"], "SK": block["SK"]});
    dynamodb(local, "DeleteItem", &json!({"TableName": table, "Key": key}));
    let (ok, all) = reconciled();
    let differing = all["differing"].as_array().unwrap();
    assert!(!ok && differing.len() == 1 && differing[0]["minute"] == minute, "{all}");
    assert_eq!(differing[0]["lost"], json!(["late-1"]), "{all}");
    dynamodb(local, "PutItem", &json!({"TableName": table, "Item": block}));
    assert!(reconciled().0);
}

pub(super) fn dynamodb(local: &Local, operation: &str, request: &Value) -> Value {
    let target = format!("DynamoDB_20120810.{operation}");
    serde_json::from_str(&local.aws("POST", "dynamodb", "/", &target, &request.to_string())).unwrap()
}
