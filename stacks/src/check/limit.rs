//! Limits that CloudFormation and the services set (CloudFormation User Guide, "Understand CloudFormation quotas").

use serde_json::Value as Json;

use super::Problem;
use crate::alarm::{Alarm, One};
use crate::consumer::Consumer;
use crate::function::Function;
use crate::log_group::LogGroup;
use crate::resource::Resource as _;
use crate::stack::Stack;
use crate::stage::Stage;
use crate::stream::Stream;
use crate::table::Table;
use crate::user_pool::UserPool;
use crate::widget::Dashboard;

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
    (Function::TYPE, "FunctionName", 64),
    (Stream::TYPE, "Name", 128),
    (Consumer::TYPE, "ConsumerName", 128),
    (Table::TYPE, "TableName", 255),
    (LogGroup::TYPE, "LogGroupName", 512),
    (Alarm::<One>::TYPE, "AlarmName", 255),
    (Dashboard::TYPE, "DashboardName", 255),
    (Stage::TYPE, "StageName", 128),
    (UserPool::TYPE, "UserPoolName", 128),
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
        resource(stack, id, &declared.resource_type, declared.properties.json(), problems);
    }
}

fn resource(stack: &Stack, id: &str, resource_type: &str, properties: &Json, problems: &mut Vec<Problem>) {
    for (_, property, most) in NAMES.iter().filter(|(of, ..)| *of == resource_type) {
        let name = properties[property].as_str().unwrap_or_default();
        if name.len() > *most {
            let message = format!("{property} `{name}` has {} characters: {resource_type} takes {most}", name.len());
            problems.push(Problem::of(stack, id, message));
        }
    }
    let variables = properties["Environment"]["Variables"].as_object();
    let bytes: usize = variables.into_iter().flatten().map(|(name, value)| name.len() + value.to_string().len()).sum();
    if bytes > VARIABLES_BYTES {
        problems.push(Problem::of(stack, id, format!("{bytes} bytes of variables: Lambda takes {VARIABLES_BYTES}")));
    }
}
