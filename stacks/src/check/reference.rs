//! References to what is not in the template, and resources that wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Problem;
use crate::stack::Stack;

pub(super) fn check(stack: &Stack, problems: &mut Vec<Problem>) {
    let mut needs = BTreeMap::new();
    for (id, declared) in &stack.resources {
        let mut names = BTreeSet::new();
        collect(declared.properties.json(), &mut names);
        names.extend(declared.depends_on.iter().cloned());
        for name in names.iter().filter(|name| !is_known(stack, name)) {
            problems.push(Problem::of(stack, id, format!("refers to {name}, which is not in the stack")));
        }
        needs.insert(id.clone(), names);
    }
    for (name, output) in &stack.outputs {
        let mut names = BTreeSet::new();
        collect(&output.value, &mut names);
        for missing in names.iter().filter(|name| !is_known(stack, name)) {
            let message = format!("the output {name} refers to {missing}, which is not in the stack");
            problems.push(Problem::of_stack(stack, message));
        }
    }
    for id in circle(needs) {
        problems.push(Problem::of(stack, &id, "waits for itself, through what it refers to"));
    }
}

fn is_known(stack: &Stack, name: &str) -> bool {
    name.starts_with("AWS::") || stack.resources.contains_key(name) || stack.parameters.contains_key(name)
}

/// Every name that a value refers to.
fn collect(value: &Json, names: &mut BTreeSet<String>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                match (key.as_str(), value) {
                    ("Ref", Json::String(name)) => _ = names.insert(name.clone()),
                    ("Fn::GetAtt", Json::Array(parts)) => {
                        names.extend(parts.first().and_then(Json::as_str).map(str::to_owned))
                    }
                    ("Fn::Sub", Json::String(text)) => names.extend(substituted(text)),
                    _ => collect(value, names),
                }
            }
        }
        Json::Array(list) => list.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

/// The names in a text for `Fn::Sub`: `${Table.Arn}` names `Table`, `${!x}` nothing.
fn substituted(text: &str) -> impl Iterator<Item = String> {
    let inside = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    let names = inside.map(|(name, _)| name).filter(|name| !name.starts_with('!'));
    names.map(|name| name.split('.').next().unwrap_or(name).to_owned())
}

/// The logical ids that are part of a circle or wait for one.
fn circle(mut needs: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let waiting: BTreeSet<String> = needs.keys().cloned().collect();
        let before = needs.len();
        needs.retain(|_, names| names.iter().any(|name| waiting.contains(name)));
        if needs.len() == before {
            return needs.into_keys().collect();
        }
    }
}
