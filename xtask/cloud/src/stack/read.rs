//! What CloudFormation has of a stack: its description, its events, its template.
//!
//! Invariant: a stack that is not there is not an error.

use std::collections::BTreeSet;

use crate::Connection;
use crate::aws::error::{failed_to, found};
use anyhow::Result;
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::{self, Stack as Description, StackResourceSummary, TemplateStage};
use cloudformation::event::StackEvent;
use cloudformation::status::{NextStep, Recovery, next_step};
use jiff::Timestamp;
use serde_json::Value;
use xtask::Failure;

/// A stack as the account has it; `None` when there is none of the name.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn describe(connection: &Connection, name_or_id: &str) -> Result<Option<Description>> {
    let asked = connection.cloudformation().describe_stacks().stack_name(name_or_id).send().await;
    Ok(found(asked, format!("describe {name_or_id}"))?
        .and_then(|answer| answer.stacks.unwrap_or_default().into_iter().next()))
}

/// The resources that a stack has; none where it is not there.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn resources(connection: &Connection, name_or_id: &str) -> Result<Vec<StackResourceSummary>> {
    let list = connection.cloudformation().list_stack_resources().stack_name(name_or_id);
    let listed = list.into_paginator().items().send().try_collect().await;
    Ok(found(listed, format!("list the resources of {name_or_id}"))?.unwrap_or_default())
}

/// The value of an output of a stack, if it has it.
pub fn output<'a>(description: &'a Description, key: &str) -> Option<&'a str> {
    let mut outputs = description.outputs().iter();
    outputs.find(|output| output.output_key() == Some(key)).and_then(|output| output.output_value())
}

/// The status of a description, such as `CREATE_COMPLETE`.
pub fn status(description: &Description) -> &str {
    description.stack_status().map_or("", |status| status.as_str())
}

/// The ids of the newest events there are, so that only later ones are shown.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn event_ids(connection: &Connection, name_or_id: &str) -> Result<BTreeSet<String>> {
    let (newest, _) = page(connection, name_or_id, None).await?;
    Ok(newest.into_iter().map(|event| event.id).collect())
}

/// The ids of the newest events from before the operation that is under way.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn earlier_event_ids(connection: &Connection, name_or_id: &str) -> Result<BTreeSet<String>> {
    let (newest, _) = page(connection, name_or_id, None).await?;
    // Where it began before this page, the oldest event here is where the story starts.
    let n_of_this =
        newest.iter().position(StackEvent::begins_operation).map_or(newest.len().saturating_sub(1), |at| at + 1);
    Ok(newest.into_iter().skip(n_of_this).map(|event| event.id).collect())
}

/// Events not yet seen, oldest first.
pub(super) async fn events(connection: &Connection, id: &str, known: &BTreeSet<String>) -> Result<Vec<StackEvent>> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let (events, next) = page(connection, id, token).await?;
        let n_read = events.len();
        let new: Vec<StackEvent> = events.into_iter().filter(|event| !known.contains(&event.id)).collect();
        let all_new = new.len() == n_read;
        found.extend(new);
        token = next;
        // Newest come first: a page with one seen before ends what is new.
        if token.is_none() || !all_new {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

/// A page of events, newest first, and the token of the next one. A stack that is not there has none.
async fn page(connection: &Connection, id: &str, token: Option<String>) -> Result<(Vec<StackEvent>, Option<String>)> {
    let ask = connection.cloudformation().describe_stack_events().stack_name(id).set_next_token(token);
    Ok(found(ask.send().await, format!("read the events of {id}"))?
        .map_or((Vec::new(), None), |answer| (answer.stack_events().iter().map(event).collect(), answer.next_token)))
}

/// An event as the SDK has it.
fn event(event: &types::StackEvent) -> StackEvent {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    StackEvent {
        id: text(event.event_id()),
        time: event.timestamp().and_then(instant).unwrap_or(Timestamp::UNIX_EPOCH),
        stack: text(event.stack_name()),
        logical_id: text(event.logical_resource_id()),
        resource_type: text(event.resource_type()),
        status: event.resource_status().map_or_else(String::new, |status| status.as_str().to_owned()),
        reason: text(event.resource_status_reason()),
    }
}

/// An instant, as the SDK has it.
pub fn instant(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_nanosecond(time.as_nanos()).ok()
}

/// The template that a stack was deployed with; nothing where a deploy would make the stack.
///
/// # Errors
/// When CloudFormation cannot be asked, or the template is none of ours.
pub async fn deployed(connection: &Connection, stack: &str) -> Result<Option<Value>> {
    let description = describe(connection, stack).await?;
    let status = description.as_ref().map(status);
    if matches!(next_step(status), NextStep::Create | NextStep::Recover(Recovery::Delete)) {
        return Ok(None);
    }
    template(connection, stack).await.map(Some)
}

/// The template of a stack that is there, by its name or id.
///
/// # Errors
/// When CloudFormation cannot be asked, or the template is none of ours.
pub async fn template(connection: &Connection, stack: &str) -> Result<Value> {
    let client = connection.cloudformation();
    let asked = client.get_template().stack_name(stack).template_stage(TemplateStage::Original).send().await;
    let answer = asked.map_err(failed_to(format!("read the template of {stack}")))?;
    let body = answer.template_body().unwrap_or_default();
    serde_json::from_str(body).map_err(|error| {
        Failure::new(format!("the template of {stack} is not JSON, so it was not deployed from here: {error}")).into()
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::StackStatus;
    use cloudformation::status::Status;

    #[test]
    fn the_sdk_knows_each_status_and_no_other() {
        for status in Status::ALL {
            assert_eq!(StackStatus::from(status.name()).as_str(), status.name());
        }
        let names = StackStatus::values();
        assert_eq!(names.len(), Status::ALL.len(), "the SDK knows {names:?}");
    }
}
