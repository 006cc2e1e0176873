use serde_json::json;

use crate::impact::data_loss::*;
use crate::impact::verdict;

fn table(extra: Value) -> Value {
    let mut resource = json!({"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain",
        "Properties": {"TableName": "calls", "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true}, "DeletionProtectionEnabled": true}});
    for (key, value) in extra.as_object().cloned().unwrap_or_default() {
        match key.as_str() {
            "DeletionPolicy" | "UpdateReplacePolicy" => resource[key] = value,
            _ => resource["Properties"][key] = value,
        }
    }
    json!({"Resources": {"Calls": resource}})
}

fn one(resource_type: &str, properties: Value) -> Value {
    json!({"Resources": {"Thing": {"Type": resource_type, "Properties": properties}}})
}

fn marks(old: &Value, new: &Value) -> Vec<(Impact, String)> {
    verdict(old, new).into_iter().map(|finding| (finding.mark, finding.path)).collect()
}

fn lost(old: &Value, new: &Value) -> Vec<String> {
    let found = verdict(old, new).into_iter().filter(|finding| finding.mark == Impact::LosesData);
    found.map(|finding| finding.why).collect()
}

#[test]
fn a_retained_table_may_leave_the_stack() {
    assert_eq!(marks(&table(json!({})), &json!({"Resources": {}})), []);
}

#[test]
fn a_table_that_is_not_retained_may_not() {
    for policy in ["Delete", "Snapshot"] {
        let found = verdict(&table(json!({"DeletionPolicy": policy})), &json!({"Resources": {}}));
        assert_eq!(found.len(), 1, "{policy}");
        assert!(found[0].is_guarded() && found[0].why.contains(policy), "{found:?}");
    }
}

#[test]
fn a_replaced_table_loses_its_data_whatever_its_policy_says() {
    let found = verdict(&table(json!({})), &table(json!({"TableName": "other"})));
    assert_eq!(found.iter().map(|finding| finding.mark).collect::<Vec<_>>(), [Impact::Replaces, Impact::LosesData]);
    assert!(found[1].is_guarded() && found[1].why.contains("left outside the stack"), "{found:?}");
    let old = table(json!({"UpdateReplacePolicy": "Delete"}));
    let found = lost(&old, &table(json!({"TableName": "other", "UpdateReplacePolicy": "Delete"})));
    assert!(found[0].contains("is deleted"), "{found:?}");
}

#[test]
fn another_key_schema_loses_data() {
    let keys = |name: &str| table(json!({"KeySchema": [{"AttributeName": name, "KeyType": "HASH"}]}));
    assert!(!lost(&keys("PK"), &keys("Id")).is_empty());
}

#[test]
fn a_table_of_another_type_loses_data() {
    let new = json!({"Resources": {"Calls": {"Type": "AWS::SQS::Queue", "Properties": {}}}});
    assert_eq!(lost(&table(json!({})), &new).len(), 1);
    assert!(verdict(&table(json!({})), &new).iter().any(Finding::is_guarded));
}

#[test]
fn items_that_begin_to_expire_by_another_attribute_are_data_lost() {
    let other = table(json!({"TimeToLiveSpecification": {"AttributeName": "createdAt", "Enabled": true}}));
    assert_eq!(lost(&table(json!({})), &other), ["items expire by `createdAt` from now on"]);
    let off = table(json!({"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": false}}));
    assert!(lost(&table(json!({})), &off).is_empty());
    assert_eq!(lost(&off, &table(json!({}))), ["items expire by `ttl` from now on"]);
}

#[test]
fn a_shorter_retention_loses_what_is_older() {
    let stream = |hours: Value| one("AWS::Kinesis::Stream", json!({"RetentionPeriodHours": hours}));
    assert_eq!(lost(&stream(json!(168)), &stream(json!("24"))), ["records older than 24 h go, counted or not"]);
    assert!(lost(&stream(json!(24)), &stream(json!(168))).is_empty());
    assert_eq!(lost(&stream(json!(168)), &one("AWS::Kinesis::Stream", json!({}))).len(), 1);
    let bucket = |days: u64| {
        one("AWS::S3::Bucket", json!({"LifecycleConfiguration": {"Rules": [{"Id": "a", "ExpirationInDays": days}]}}))
    };
    assert_eq!(lost(&bucket(90), &bucket(30)), ["objects expire after 30 days from now on"]);
    assert!(lost(&bucket(90), &bucket(90)).is_empty());
}

#[test]
fn lines_of_a_log_are_marked_and_need_no_consent() {
    let log = |days: u64| one("AWS::Logs::LogGroup", json!({"RetentionInDays": days}));
    let found = verdict(&log(365), &log(30));
    assert_eq!(found[0].mark, Impact::LosesData);
    assert!(!found[0].is_guarded());
    assert_eq!(lost(&one("AWS::Logs::LogGroup", json!({})), &log(30)), ["lines older than 30 days go"]);
}

#[test]
fn protection_that_goes_is_marked() {
    let off = table(json!({"DeletionPolicy": "Delete", "DeletionProtectionEnabled": false,
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": false}}));
    let found = marks(&table(json!({})), &off);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|(mark, _)| *mark == Impact::Unprotects));
    assert_eq!(marks(&off, &table(json!({}))), []);
    let pool = |state: &str| one("AWS::Cognito::UserPool", json!({"DeletionProtection": state}));
    assert_eq!(marks(&pool("ACTIVE"), &pool("INACTIVE")).len(), 1);
}

#[test]
fn a_function_holds_no_data() {
    assert_eq!(marks(&one("AWS::Lambda::Function", json!({})), &json!({"Resources": {}})), []);
}
