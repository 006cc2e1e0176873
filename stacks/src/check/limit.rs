//! Limits that CloudFormation and the services set (CloudFormation User Guide, "Understand CloudFormation quotas").

use serde_json::Value as Json;

use super::Problem;
use crate::stack::Stack;

const RESOURCES: usize = 500;
const PARAMETERS: usize = 200;
const OUTPUTS: usize = 200;
const TEMPLATE_BYTES: usize = 1_000_000;
const DESCRIPTION_BYTES: usize = 1_024;
const STACK_NAME: usize = 128;
const LOGICAL_ID: usize = 255;
/// Lambda: all variables of a function together, names and values.
const VARIABLES_BYTES: usize = 4_096;

/// The property that names a resource of a type, and how long the name may be.
const NAMES: [(&str, &str, usize); 9] = [
    ("AWS::Lambda::Function", "FunctionName", 64),
    ("AWS::Kinesis::Stream", "Name", 128),
    ("AWS::Kinesis::StreamConsumer", "ConsumerName", 128),
    ("AWS::DynamoDB::Table", "TableName", 255),
    ("AWS::Logs::LogGroup", "LogGroupName", 512),
    ("AWS::CloudWatch::Alarm", "AlarmName", 255),
    ("AWS::CloudWatch::Dashboard", "DashboardName", 255),
    ("AWS::ApiGateway::Stage", "StageName", 128),
    ("AWS::Cognito::UserPool", "UserPoolName", 128),
];

pub(super) fn check(stack: &Stack, problems: &mut Vec<Problem>) {
    let counts = [
        ("resources", stack.resources.len(), RESOURCES),
        ("parameters", stack.parameters.len(), PARAMETERS),
        ("outputs", stack.outputs.len(), OUTPUTS),
        ("bytes of template", stack.json().len(), TEMPLATE_BYTES),
        ("bytes of description", stack.description.len(), DESCRIPTION_BYTES),
        ("characters of name", stack.name.len(), STACK_NAME),
    ];
    for (what, count, most) in counts {
        if count > most {
            problems.push(Problem::of_stack(stack, format!("{count} {what}: CloudFormation takes {most}")));
        }
    }
    if stack.resources.is_empty() {
        problems.push(Problem::of_stack(stack, "no resources: CloudFormation takes one at least"));
    }
    let named = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !named(&stack.name) || !stack.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        problems.push(Problem::of_stack(stack, "a stack's name is letters, digits and `-`, beginning with a letter"));
    }
    for id in stack.resources.keys().chain(stack.parameters.keys()).chain(stack.outputs.keys()) {
        if id.is_empty() || id.len() > LOGICAL_ID || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            problems.push(Problem::of(stack, id, "a logical id is 1 to 255 letters and digits"));
        }
    }
    for (id, declared) in &stack.resources {
        resource(stack, id, &declared.kind, declared.properties.json(), problems);
    }
}

fn resource(stack: &Stack, id: &str, kind: &str, properties: &Json, problems: &mut Vec<Problem>) {
    for (_, property, most) in NAMES.iter().filter(|(of, ..)| *of == kind) {
        let name = properties[property].as_str().unwrap_or_default();
        if name.len() > *most {
            let message = format!("{property} `{name}` has {} characters: {kind} takes {most}", name.len());
            problems.push(Problem::of(stack, id, message));
        }
    }
    let variables = properties["Environment"]["Variables"].as_object();
    let bytes: usize = variables.into_iter().flatten().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if bytes > VARIABLES_BYTES {
        problems.push(Problem::of(stack, id, format!("{bytes} bytes of variables: Lambda takes {VARIABLES_BYTES}")));
    }
}
