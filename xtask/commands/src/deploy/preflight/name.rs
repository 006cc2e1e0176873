//! Whether names that a template fixes are taken by something outside the stacks.
//!
//! Invariant: what the stack owns already is not a conflict, and neither is data that the stack will adopt.

use std::collections::BTreeSet;

use anyhow::Result;
use cloudformation::data_resource;
use cloudformation::resource_type;
use serde_json::Value;
use xtask::Failure;

use super::PreflightFinding;
use cloud::Connection;
use cloud::aws::error::{failed_to, found};
use cloud::stack::import;
use cloud::stack::read;

/// Names of a template that something else has.
pub async fn taken(connection: &Connection, stack: &str, template: &Value) -> Vec<PreflightFinding> {
    let own = match own(connection, stack).await {
        Ok(own) => own,
        Err(error) => return vec![PreflightFinding::not_checked(&error)],
    };
    let is_new = own.is_none();
    let own = own.unwrap_or_default();
    let mut findings = Vec::new();
    for (resource_type, name) in named(template).into_iter().filter(|(_, name)| !own.contains(*name)) {
        findings.extend(match is_there(connection, resource_type, name).await {
            Ok(true) => Some(PreflightFinding::Problem(conflict(stack, resource_type, name))),
            Ok(false) => None,
            Err(error) => Some(PreflightFinding::not_checked(&error)),
        });
    }
    if is_new {
        // A new stack adopts what is left of an earlier one.
        return findings;
    }
    for resource in data_resource::data_resources(template).into_iter().filter(|resource| !own.contains(&resource.name))
    {
        findings.extend(match import::exists(connection, &resource).await {
            Ok(true) => Some(PreflightFinding::Problem(conflict(stack, &resource.resource_type, &resource.name))),
            Ok(false) => None,
            Err(error) => Some(PreflightFinding::not_checked(&error)),
        });
    }
    findings
}

fn conflict(stack: &str, resource_type: &str, name: &str) -> Failure {
    let failure = Failure::new(format!("the name {name} ({resource_type}) is taken by something outside {stack}"));
    match resource_type {
        resource_type::LOG_GROUP => failure.hint(format!(
            "a late invocation makes a log anew after its stack is gone; remove it: aws logs delete-log-group \
             --log-group-name {name}"
        )),
        resource_type::FUNCTION => {
            failure.hint(format!("remove it, if nothing needs it: aws lambda delete-function --function-name {name}"))
        }
        _ => failure.hint(format!("import it into {stack} in the console, or remove it, if its data may go")),
    }
}

/// The names of a template's functions and logs.
fn named(template: &Value) -> Vec<(&str, &str)> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let named = resources.filter_map(|(_, resource)| {
        let resource_type = resource["Type"].as_str()?;
        let property = match resource_type {
            resource_type::FUNCTION => "FunctionName",
            resource_type::LOG_GROUP => "LogGroupName",
            _ => return None,
        };
        Some((resource_type, resource["Properties"][property].as_str()?))
    });
    named.collect()
}

/// The physical names of what a stack owns; nothing where there is no stack.
async fn own(connection: &Connection, stack: &str) -> Result<Option<BTreeSet<String>>> {
    let resources = read::resources(connection, stack).await?;
    let ids = resources.iter().filter_map(|resource| resource.physical_resource_id());
    let own: BTreeSet<String> = ids.map(str::to_owned).collect();
    Ok((!own.is_empty()).then_some(own))
}

async fn is_there(connection: &Connection, resource_type: &str, name: &str) -> Result<bool> {
    if resource_type == resource_type::LOG_GROUP {
        let asked = connection.logs().describe_log_groups().log_group_name_prefix(name).send().await;
        let answer = asked.map_err(failed_to(format!("look for the log {name}")))?;
        return Ok(answer.log_groups().iter().any(|group| group.log_group_name() == Some(name)));
    }
    Ok(found(
        connection.lambda().get_function_configuration().function_name(name).send().await,
        format!("look for the function {name}"),
    )?
    .is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_names_that_are_spelled_out_can_be_taken() {
        let template = json!({"Resources": {
            "A": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "a"}},
            "B": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "X"}}},
            "C": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "c"}}
        }});
        assert_eq!(named(&template), [("AWS::Lambda::Function", "a")]);
    }

    #[test]
    fn a_conflict_names_the_command_that_ends_it() {
        let failure = conflict("S", "AWS::Logs::LogGroup", "/aws/lambda/a");
        assert!(failure.hints()[0].ends_with("--log-group-name /aws/lambda/a"), "{:?}", failure.hints());
    }
}
