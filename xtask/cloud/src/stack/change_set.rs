//! ResourceChange sets: made, shown, carried out.
//!
//! Invariant: what is carried out is the change set that was shown, by its id, and no other; what an endpoint does not
//! have of how to carry it out is gone without, and told.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use aws_sdk_cloudformation::operation::create_change_set::builders::CreateChangeSetFluentBuilder;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    self, Capability, ChangeSetStatus, ChangeSetType, DeploymentConfig, DeploymentConfigMode, DeploymentMode,
    Parameter, ResourceToImport, Tag,
};
use cloudformation::diagnosis::FailedEvent;
use cloudformation::event::Role;
use cloudformation::resource_change::ResourceChange;
use cloudformation::status::Status;
use stacks::Stack;
use xtask::Failure;

use super::diagnosis::{self, Of};
use super::read;
use crate::Connection;
use crate::aws::error::failed_to;
use crate::aws::error::{Conflict, conflict};
use crate::aws::package_bucket;
use crate::console::observer::Observer;

/// The largest template that a request may carry, in bytes (CloudFormation quotas); larger ones go through S3.
const LARGEST_TEMPLATE: usize = 51_200;

/// What a change set is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    pub stack: &'a Stack,
    /// The environment's name, for the stack's tags.
    pub env: &'a str,
    /// The template, as JSON.
    pub template: String,
    /// The values of its parameters.
    pub parameters: Vec<Parameter>,
    /// Whether the stack is made, changed, or made of what is there.
    pub kind: ChangeSetType,
    /// What is there, for an import.
    pub imports: Vec<ResourceToImport>,
    /// How it is carried out.
    pub options: ChangeSetOptions,
}

/// How CloudFormation is to carry a change set out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeSetOptions {
    /// Without waiting until resources are ready to serve.
    pub express: bool,
    /// Resources that were changed by hand become what the template says.
    pub revert_drift: bool,
}

impl ChangeSetOptions {
    /// Asks for it.
    fn ask(self, kind: &ChangeSetType, create: CreateChangeSetFluentBuilder) -> CreateChangeSetFluentBuilder {
        let mut create = create;
        if self.express {
            // Express mode leaves failures where they are unless it is told otherwise.
            let config = DeploymentConfig::builder().mode(DeploymentConfigMode::Express).disable_rollback(false);
            create = create.deployment_config(config.build());
        }
        // What is made has not been changed by anybody.
        if self.revert_drift && *kind == ChangeSetType::Update {
            create = create.deployment_mode(DeploymentMode::RevertDrift);
        }
        create
    }

    /// Says what of it the endpoint does not have: one that does repeats it.
    fn compare(self, answer: &DescribeChangeSetOutput, observer: &dyn Observer) {
        let name = answer.stack_name().unwrap_or_default();
        let is_express = answer.deployment_config().and_then(|config| config.mode()).is_some();
        if self.express && !is_express {
            observer.note(&format!("{name}: this endpoint has no express mode, going on without it"));
        }
        if self.revert_drift && answer.deployment_mode().is_none() {
            observer
                .note(&format!("{name}: this endpoint cannot revert what was changed by hand, going on without it"));
        }
    }
}

/// A change set that can be carried out.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    pub id: String,
    /// The ARN of its stack.
    pub stack_id: String,
    /// What it would do.
    pub changes: Vec<ResourceChange>,
}

/// Has CloudFormation work out the changes; `None` when there are none.
///
/// # Errors
/// When CloudFormation refuses the template, with each reason told first, or cannot be asked.
pub async fn create(
    connection: &Connection,
    bucket: &str,
    request: Request<'_>,
    observer: &dyn Observer,
) -> Result<Option<ChangeSet>> {
    let (declared, options) = (request.stack, request.options);
    let (id, stack_id) = ask(connection, bucket, request).await?;
    match wait(connection, &id, options, observer).await {
        Ok(Some(changes)) => Ok(Some(ChangeSet { id, stack_id, changes })),
        Ok(None) => {
            remove(connection, &id).await?;
            Ok(None)
        }
        Err(error) => {
            // The stack's own name for what refuses it is a sentence; the validations say which property.
            for cause in diagnosis::errors(connection, Of::ChangeSet(&id)).await {
                let declared_at = diagnosis::declared_at(Some(declared), &cause);
                observer.failure(&FailedEvent { role: Role::Cause, event: cause, declared_at });
            }
            discard(connection, &id, &stack_id).await?;
            Err(error)
        }
    }
}

/// Asks for the change set; returns its ARN and that of its stack.
async fn ask(connection: &Connection, bucket: &str, request: Request<'_>) -> Result<(String, String)> {
    let Request { stack, env, template, parameters, kind, imports, options } = request;
    let stack = stack.name();
    let milliseconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    // Two deploys may begin in one millisecond.
    let name = format!("xtask-{milliseconds}-{}", std::process::id());
    let client = connection.cloudformation();
    let mut create = client
        .create_change_set()
        .stack_name(stack)
        .change_set_name(&name)
        .change_set_type(kind.clone())
        .capabilities(Capability::CapabilityNamedIam)
        .set_parameters(Some(parameters));
    create = options.ask(&kind, create);
    // An import may not touch the tags.
    create = if kind == ChangeSetType::Import {
        create.set_resources_to_import(Some(imports))
    } else {
        create.tags(tag("Application", "complical")).tags(tag("Environment", env))
    };
    create = if template.len() <= LARGEST_TEMPLATE {
        create.template_body(template)
    } else {
        let key = format!("templates/{stack}/{name}.json");
        create.template_url(package_bucket::put_template(connection, bucket, &key, &template).await?)
    };
    let created = create.send().await.map_err(conflict(format!("make a change set for {stack}")))?;
    Ok((created.id().unwrap_or_default().to_owned(), created.stack_id().unwrap_or_default().to_owned()))
}

/// Removes a change set that will not be carried out, and the empty stack that was made for it. A stack that another
/// deploy has filled in the meantime is no longer empty, and stays.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn discard(connection: &Connection, id: &str, stack_id: &str) -> Result<()> {
    remove(connection, id).await?;
    let description = read::describe(connection, stack_id).await?;
    if description.as_ref().map(read::status) == Some(Status::ReviewInProgress.name()) {
        let client = connection.cloudformation();
        client.delete_stack().stack_name(stack_id).send().await.map_err(failed_to("remove the empty stack"))?;
    }
    Ok(())
}

async fn remove(connection: &Connection, id: &str) -> Result<()> {
    let client = connection.cloudformation();
    client.delete_change_set().change_set_name(id).send().await.map_err(failed_to("remove the change set"))?;
    Ok(())
}

/// Begins to carry out a change set.
///
/// # Errors
/// When it is no longer what was shown: something else has changed the stack since.
pub async fn execute(connection: &Connection, change_set: &ChangeSet) -> Result<()> {
    let client = connection.cloudformation();
    let execute = client.execute_change_set().change_set_name(&change_set.id);
    execute.send().await.map_err(conflict("carry out the change set"))?;
    Ok(())
}

/// Waits until the changes are known; `None` when there are none.
async fn wait(
    connection: &Connection,
    id: &str,
    options: ChangeSetOptions,
    observer: &dyn Observer,
) -> Result<Option<Vec<ResourceChange>>> {
    let client = connection.cloudformation();
    let mut changes = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let ask = client.describe_change_set().change_set_name(id).set_next_token(page.clone());
        let answer = ask.send().await.map_err(conflict("read the change set"))?;
        let reason = answer.status_reason().unwrap_or_default();
        match answer.status() {
            Some(ChangeSetStatus::CreateComplete) => {
                let unusable = answer.execution_status().is_some_and(|status| status.as_str() == "UNAVAILABLE");
                if unusable {
                    return Err(Failure::new(format!("the change set cannot be carried out: {reason}")).into());
                }
                changes.extend(answer.changes().iter().filter_map(|change| change.resource_change()).map(change));
                page = answer.next_token().map(str::to_owned);
                if page.is_none() {
                    options.compare(&answer, observer);
                    return Ok(Some(changes));
                }
            }
            Some(ChangeSetStatus::Failed) if has_no_changes(reason) => return Ok(None),
            Some(ChangeSetStatus::Failed) => {
                return Err(Failure::new(format!("CloudFormation refuses the change: {reason}")).into());
            }
            Some(status) if status.as_str().starts_with("DELETE") => return Err(Conflict.into()),
            _ => tokio::time::sleep(connection.pause()).await,
        }
    }
}

/// CloudFormation has no status for "nothing to do", only these two sentences.
fn has_no_changes(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// A change as CloudFormation describes it.
fn change(change: &types::ResourceChange) -> ResourceChange {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let mut paths: Vec<String> = Vec::new();
    for detail in change.details() {
        let Some(target) = detail.target() else { continue };
        let place = target.attribute().map_or("", |attribute| attribute.as_str());
        let path = match target.name() {
            Some(name) => format!("{place}.{name}"),
            None => place.to_owned(),
        };
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    ResourceChange {
        action: change.action().map_or("", |action| action.as_str()).into(),
        logical_id: text(change.logical_resource_id()),
        resource_type: text(change.resource_type()),
        replacement: change.replacement().map_or("", |replacement| replacement.as_str()).into(),
        paths,
        retained: change.policy_action() == Some(&types::PolicyAction::Retain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_do_is_told_from_a_refusal() {
        assert!(has_no_changes("The submitted information didn't contain changes. Submit different information."));
        assert!(!has_no_changes("Template error: unresolved dependency"));
    }
}
