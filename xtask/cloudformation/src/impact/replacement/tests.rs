use std::path::{Path, PathBuf};

use serde_json::json;

use crate::impact::replacement::*;

fn template(resource_type: &str, properties: Value) -> Value {
    json!({"Resources": {"Thing": {"Type": resource_type, "Properties": properties}}})
}

#[test]
fn a_create_only_property_replaces_and_is_named() {
    let old = template("AWS::Kinesis::Stream", json!({"Name": "a", "ShardCount": 2}));
    let new = template("AWS::Kinesis::Stream", json!({"Name": "b", "ShardCount": 4}));
    let found = findings(&old, &new);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].mark, found[0].path.as_str()), (Impact::Replaces, "Properties.Name"));
    assert!(found[0].why.starts_with("Name cannot change"), "{}", found[0].why);
}

#[test]
fn a_change_inside_a_create_only_property_replaces_as_well() {
    let resource_type = "AWS::Kinesis::StreamConsumer";
    let old = template(resource_type, json!({"Tags": [{"Key": "a", "Value": "1"}]}));
    let new = template(resource_type, json!({"Tags": [{"Key": "a", "Value": "2"}]}));
    assert_eq!(findings(&old, &new)[0].mark, Impact::Replaces);
}

#[test]
fn a_key_schema_may_replace() {
    let old = template("AWS::DynamoDB::Table", json!({"KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}]}));
    let new = template("AWS::DynamoDB::Table", json!({"KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}]}));
    assert!(findings(&old, &new).iter().all(|finding| finding.mark == Impact::MayReplace));
    assert!(!findings(&old, &new).is_empty());
}

#[test]
fn an_ordinary_change_replaces_nothing() {
    let old = template("AWS::Lambda::Function", json!({"Timeout": 3, "Handler": "a"}));
    let new = template("AWS::Lambda::Function", json!({"Timeout": 5, "Handler": "b"}));
    assert_eq!(findings(&old, &new), []);
}

#[test]
fn a_type_that_is_not_in_the_table_is_never_called_safe() {
    let old = template("AWS::Glue::Table", json!({"X": 1}));
    let found = findings(&old, &template("AWS::Glue::Table", json!({"X": 2})));
    assert_eq!(found[0].mark, Impact::MayReplace);
    assert!(found[0].why.contains("not among the types"), "{}", found[0].why);
}

#[test]
fn resources_that_come_or_go_are_no_replacement() {
    let one = template("AWS::Kinesis::Stream", json!({"Name": "a"}));
    assert_eq!(findings(&one, &json!({"Resources": {}})), []);
    assert_eq!(findings(&Value::Null, &one), []);
}

#[test]
fn a_new_type_under_an_old_id_replaces() {
    let found = findings(&template("AWS::SQS::Queue", json!({})), &template("AWS::SNS::Topic", json!({})));
    assert_eq!((found[0].mark, found[0].path.as_str()), (Impact::Replaces, "Type"));
}

#[test]
fn the_table_is_sorted_and_names_each_type_once() {
    assert!(CREATE_ONLY.iter().zip(&CREATE_ONLY[1..]).all(|(one, next)| one.resource_type < next.resource_type));
}

/// cfn-lint's folder of schemas, where the environment variable `CFN_LINT` names its program.
fn schemas() -> Option<PathBuf> {
    let program = PathBuf::from(std::env::var_os("CFN_LINT")?);
    let libraries = std::fs::read_dir(program.parent()?.parent()?.join("lib")).ok()?;
    let folders = libraries.flatten().map(|python| python.path().join("site-packages/cfnlint/data/schemas"));
    folders.into_iter().find(|folder| folder.is_dir())
}

/// Which file holds which type's schema: JSON in newer versions, Python in older ones, with the same entries.
fn index(folder: &Path) -> String {
    let files = ["providers/ap-south-1.json", "providers/ap_south_1.py"].map(|file| folder.join(file));
    files.iter().find_map(|file| std::fs::read_to_string(file).ok()).expect("cfn-lint keeps its schemas elsewhere now")
}

#[test]
fn the_table_holds_all_that_the_schemas_do_where_cfn_lint_is_installed() {
    let Some(folder) = schemas() else { return };
    let index = index(&folder);
    for CreateOnly { resource_type, always, sometimes } in &CREATE_ONLY {
        let entry = index
            .split_once(&format!("\"{resource_type}\": \""))
            .unwrap_or_else(|| panic!("no schema of {resource_type}"));
        let hash: String = entry.1.chars().take_while(|c| *c != '"').collect();
        let text = std::fs::read(folder.join(format!("resources/{hash}.json"))).unwrap();
        let schema: Value = serde_json::from_slice(&text).unwrap();
        for (key, ours) in [("createOnlyProperties", always), ("conditionalCreateOnlyProperties", sometimes)] {
            for path in schema[key].as_array().into_iter().flatten() {
                let property = path.as_str().and_then(|path| path.strip_prefix("/properties/")).unwrap_or_default();
                assert!(ours.contains(&property), "{resource_type} {key}: {property} is missing");
            }
        }
    }
}
