//! The roles of templates, as grants: one action on one resource each.
//!
//! Invariant: a request is allowed when one grant covers its action, its resource and everything its condition asks of.

use std::collections::BTreeMap;
use std::fmt;

use contract::Function;
use contract::name::DEFAULT_REGION;
use serde_json::{Map, Value};

use super::{ACCOUNT, BUCKET, Request};

/// The one type whose reference is its ARN.
const TOPIC: &str = "AWS::SNS::Topic";
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";
const NAMESPACE: &str = "cloudwatch:namespace";

/// One action on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// The key of its condition, and the values that the key may have.
    pub(crate) only_if: Option<(&'static str, Vec<String>)>,
}

/// What a function may do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Role(pub(crate) Vec<Grant>);

impl Role {
    pub(crate) fn allows(&self, request: &Request) -> bool {
        self.0.iter().any(|grant| grant.allows(request))
    }

    /// The role without each grant, and without each value of a condition, with what it is then without.
    pub(crate) fn lessened(&self) -> Vec<(Grant, Self)> {
        let mut lessened = Vec::new();
        for (n, grant) in self.0.iter().enumerate() {
            let mut without = self.clone();
            let taken = without.0.remove(n);
            lessened.push((taken, without));
            let Some((key, values)) = &grant.only_if else { continue };
            for value in values {
                let mut narrower = self.clone();
                let left = values.iter().filter(|other| *other != value).cloned().collect();
                narrower.0[n].only_if = Some((key, left));
                let taken = Grant { only_if: Some((key, vec![value.clone()])), ..grant.clone() };
                lessened.push((taken, narrower));
            }
        }
        lessened
    }
}

impl Grant {
    fn allows(&self, request: &Request) -> bool {
        if self.action != request.action || !matches(&self.resource, &request.resource) {
            return false;
        }
        match &self.only_if {
            None => true,
            Some((LEADING_KEYS, patterns)) => {
                assert!(
                    !request.partitions.is_empty(),
                    "{request:?} names no item: `ForAllValues` would hold of nothing"
                );
                request.partitions.iter().all(|key| patterns.iter().any(|pattern| matches(pattern, key)))
            }
            Some((_, namespaces)) => request.namespace.as_ref().is_some_and(|namespace| namespaces.contains(namespace)),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)?;
        match &self.only_if {
            Some((key, values)) => write!(f, " where {key} is {}", values.join(" or ")),
            None => Ok(()),
        }
    }
}

/// Whether a text is of a pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).filter(|n| rest.is_char_boundary(*n)).any(|n| matches(after, &rest[n..]))
}

/// The role of each function that some stacks declare.
pub(crate) fn roles(stacks: &[stacks::Stack]) -> BTreeMap<Function, Role> {
    let mut roles = BTreeMap::new();
    for stack in stacks {
        let template: Value = serde_json::from_str(&stack.to_json()).unwrap();
        let resources = template["Resources"].as_object().unwrap();
        for function in Function::ALL {
            let Some(role) = resources.get(&format!("{}Role", function.logical_id())) else { continue };
            let policies = role["Properties"]["Policies"].as_array().unwrap();
            let statements =
                policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
            let grants = statements.flat_map(|statement| grants(statement, resources)).collect();
            assert!(roles.insert(function, Role(grants)).is_none(), "{function:?} has two roles");
        }
    }
    roles
}

/// What a function is told by the template that declares it: names of resources are those that they get.
pub(crate) fn variables(stacks: &[stacks::Stack], function: Function) -> BTreeMap<String, String> {
    let mut templates = stacks.iter().map(|stack| serde_json::from_str::<Value>(&stack.to_json()).unwrap());
    let template = templates.find(|it| !it["Resources"][function.logical_id()].is_null()).unwrap();
    let name = |value: &Value| match value["Ref"].as_str() {
        None => value.as_str().unwrap_or_else(|| panic!("not known: {value}")).to_owned(),
        Some(id) => {
            let resource = &template["Resources"][id];
            let properties = &resource["Properties"];
            assert!(!properties.is_null(), "{id} is not in the stack");
            if resource["Type"] == TOPIC {
                return arn(id, resource);
            }
            let names = ["TableName", "Name"].map(|property| properties[property].as_str());
            names.into_iter().flatten().next().unwrap_or(BUCKET).to_owned()
        }
    };
    let told = &template["Resources"][function.logical_id()]["Properties"]["Environment"]["Variables"];
    told.as_object().unwrap().iter().map(|(variable, value)| (variable.clone(), name(value))).collect()
}

fn grants(statement: &Value, resources: &Map<String, Value>) -> Vec<Grant> {
    let known = ["Effect", "Action", "Resource", "Condition"];
    assert!(statement.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{statement}");
    assert_eq!(statement["Effect"], "Allow");
    let only_if = statement.get("Condition").map(condition);
    let resource = text(&statement["Resource"], resources);
    let actions = statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned());
    actions.map(|action| Grant { action, resource: resource.clone(), only_if: only_if.clone() }).collect()
}

fn condition(condition: &Value) -> (&'static str, Vec<String>) {
    let values =
        |values: &Value| values.as_array().unwrap().iter().map(|value| value.as_str().unwrap().into()).collect();
    let [(operator, of)] = condition.as_object().unwrap().iter().collect::<Vec<_>>()[..] else { panic!("{condition}") };
    match (operator.as_str(), of.as_object().unwrap().iter().collect::<Vec<_>>()[..].as_ref()) {
        ("ForAllValues:StringLike", [(key, of)]) if *key == LEADING_KEYS => (LEADING_KEYS, values(of)),
        ("StringEquals", [(key, of)]) if *key == NAMESPACE => (NAMESPACE, values(of)),
        _ => panic!("not known: {condition}"),
    }
}

/// A value of a template, as CloudFormation makes it.
fn text(value: &Value, resources: &Map<String, Value>) -> String {
    let attribute = |id: &str| arn(id, &resources[id]);
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    if let Some(parts) = value["Fn::GetAtt"].as_array() {
        assert!(parts[1] == "Arn" || parts[1] == "ConsumerARN", "not known: {value}");
        return attribute(parts[0].as_str().unwrap());
    }
    if let Some(id) = value["Ref"].as_str() {
        assert_eq!(resources[id]["Type"], TOPIC, "{value} is not an ARN");
        return attribute(id);
    }
    let mut text = String::new();
    let mut rest = value["Fn::Sub"].as_str().unwrap_or_else(|| panic!("not known: {value}"));
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap();
        text += before;
        text += &match name {
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => DEFAULT_REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            name => attribute(name.strip_suffix(".Arn").unwrap_or_else(|| panic!("not known: {name}"))),
        };
        rest = after;
    }
    text + rest
}

/// The ARN of a resource, as its service makes it.
fn arn(id: &str, resource: &Value) -> String {
    let named = |property: &str| resource["Properties"][property].as_str().unwrap().to_owned();
    let of = |service: &str, rest: String| format!("arn:aws:{service}:{DEFAULT_REGION}:{ACCOUNT}:{rest}");
    match resource["Type"].as_str().unwrap() {
        "AWS::DynamoDB::Table" => of("dynamodb", format!("table/{}", named("TableName"))),
        "AWS::Kinesis::Stream" => of("kinesis", format!("stream/{}", named("Name"))),
        "AWS::Kinesis::StreamConsumer" => of("kinesis", format!("stream/s/consumer/{}:1", named("ConsumerName"))),
        "AWS::Logs::LogGroup" => of("logs", format!("log-group:{}:*", named("LogGroupName"))),
        "AWS::S3::Bucket" => format!("arn:aws:s3:::{BUCKET}"),
        TOPIC => of("sns", named("TopicName")),
        other => panic!("{id} is a {other}, whose ARN is not known"),
    }
}

#[test]
fn a_pattern_is_met_as_iam_meets_it() {
    for (pattern, text) in [("a", "a"), ("a*", "a"), ("a*", "ab"), ("*", ""), ("a*c", "abc"), ("a*b*", "a😀bb")] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a", "ab"), ("a*", "b"), ("a*c", "abcd"), ("", "a"), ("USER#*", "KEY#a")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}
