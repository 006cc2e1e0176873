//! Physical names across stacks: each is declared once, and whatever is named is declared by one of the stacks.

use std::collections::BTreeMap;

use contract::variable;
use serde_json::Value as Json;

use super::Problem;
use crate::alarm::{Alarm, One};
use crate::function::Function;
use crate::log_group::LogGroup;
use crate::resource::Resource as _;
use crate::rest_api::RestApi;
use crate::stack::Stack;
use crate::stream::Stream;
use crate::table::Table;

/// The property by which a type is named.
const NAMES: [(&str, &str); 6] = [
    (Function::TYPE, "FunctionName"),
    (Stream::TYPE, "Name"),
    (Table::TYPE, "TableName"),
    (RestApi::TYPE, "Name"),
    (LogGroup::TYPE, "LogGroupName"),
    (Alarm::<One>::TYPE, "AlarmName"),
];

/// What the variables of functions and the dimensions of metrics name.
const REFERENCES: [(&str, &str); 9] = [
    (variable::ANALYTICS_TABLE, Table::TYPE),
    (variable::API_USAGE_TABLE, Table::TYPE),
    (variable::API_KEYS_TABLE, Table::TYPE),
    (variable::DEADLINES_TABLE, Table::TYPE),
    (variable::KINESIS_STREAM, Stream::TYPE),
    ("FunctionName", Function::TYPE),
    ("StreamName", Stream::TYPE),
    ("TableName", Table::TYPE),
    ("ApiName", RestApi::TYPE),
];

/// Names by type and name, each with where it is declared.
type Declared<'a> = BTreeMap<(&'a str, &'a str), &'a Stack>;

pub(super) fn check(stacks: &[Stack], problems: &mut Vec<Problem>) {
    let mut names = Declared::new();
    for stack in stacks {
        for (id, declared) in &stack.resources {
            let property =
                NAMES.iter().find(|(named, _)| *named == declared.resource_type).map(|(_, property)| *property);
            let name = property.and_then(|property| declared.properties.json()[property].as_str());
            let Some(name) = name else { continue };
            if let Some(other) = names.insert((&declared.resource_type, name), stack) {
                let message = format!("the name {name} is taken by another resource of {}", other.name);
                problems.push(Problem::of(stack, id, message));
            }
        }
    }
    for stack in stacks {
        for (id, declared) in &stack.resources {
            let properties = declared.properties.json();
            for (resource_type, name) in references(properties) {
                if !names.contains_key(&(resource_type, name)) {
                    let message = format!("names {name}, but no stack declares an {resource_type} of that name");
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
    let resource_type =
        |name: &str| REFERENCES.iter().find(|(known, _)| *known == name).map(|(_, resource_type)| *resource_type);
    named.into_iter().filter_map(|(name, value)| Some((resource_type(name)?, value.as_str()?))).collect()
}
