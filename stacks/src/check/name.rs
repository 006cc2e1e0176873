//! Physical names across stacks: each is declared once, and whatever is named is declared by one of the stacks.

use std::collections::BTreeMap;

use contract::variable;
use serde_json::Value as Json;

use super::Problem;
use crate::stack::Stack;

/// The property by which a type is named.
const NAMES: [(&str, &str); 6] = [
    ("AWS::Lambda::Function", "FunctionName"),
    ("AWS::Kinesis::Stream", "Name"),
    ("AWS::DynamoDB::Table", "TableName"),
    ("AWS::ApiGateway::RestApi", "Name"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::CloudWatch::Alarm", "AlarmName"),
];

/// What the variables of functions and the dimensions of metrics name.
const REFERENCES: [(&str, &str); 9] = [
    (variable::ANALYTICS_TABLE, "AWS::DynamoDB::Table"),
    (variable::API_USAGE_TABLE, "AWS::DynamoDB::Table"),
    (variable::API_KEYS_TABLE, "AWS::DynamoDB::Table"),
    (variable::DEADLINES_TABLE, "AWS::DynamoDB::Table"),
    (variable::KINESIS_STREAM, "AWS::Kinesis::Stream"),
    ("FunctionName", "AWS::Lambda::Function"),
    ("StreamName", "AWS::Kinesis::Stream"),
    ("TableName", "AWS::DynamoDB::Table"),
    ("ApiName", "AWS::ApiGateway::RestApi"),
];

/// Names by type and name, each with where it is declared.
type Declared<'a> = BTreeMap<(&'a str, &'a str), &'a Stack>;

pub(super) fn check(stacks: &[Stack], problems: &mut Vec<Problem>) {
    let mut names = Declared::new();
    for stack in stacks {
        for (id, declared) in &stack.resources {
            let property = NAMES.iter().find(|(kind, _)| *kind == declared.kind).map(|(_, property)| *property);
            let name = property.and_then(|property| declared.properties.json()[property].as_str());
            let Some(name) = name else { continue };
            if let Some(other) = names.insert((&declared.kind, name), stack) {
                let message = format!("the name {name} is taken by another resource of {}", other.name);
                problems.push(Problem::of(stack, id, message));
            }
        }
    }
    for stack in stacks {
        for (id, declared) in &stack.resources {
            let properties = declared.properties.json();
            for (kind, name) in references(properties) {
                if !names.contains_key(&(kind, name)) {
                    let message = format!("names {name}, but no stack declares a {kind} of that name");
                    problems.push(Problem::of(stack, id, message));
                }
            }
        }
    }
}

/// What a resource names by text instead of by reference, with the type it is of.
fn references(properties: &Json) -> Vec<(&'static str, &str)> {
    let variables = properties["Environment"]["Variables"].as_object().into_iter().flatten();
    let mut named: Vec<(&str, &Json)> = variables.map(|(name, value)| (name.as_str(), value)).collect();
    named.push(("FunctionName", &properties["FunctionName"]));
    let math = properties["Metrics"].as_array().into_iter().flatten();
    let of_metrics = math.map(|metric| &metric["MetricStat"]["Metric"]["Dimensions"]);
    for dimension in of_metrics.chain([&properties["Dimensions"]]).filter_map(Json::as_array).flatten() {
        named.push((dimension["Name"].as_str().unwrap_or_default(), &dimension["Value"]));
    }
    let kind = |name: &str| REFERENCES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    named.into_iter().filter_map(|(name, value)| Some((kind(name)?, value.as_str()?))).collect()
}
