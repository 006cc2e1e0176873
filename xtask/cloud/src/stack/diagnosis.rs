//! Why an operation failed, as CloudFormation says, and the way out of the state that the stack is in.
//!
//! Invariant: where `DescribeEvents` is missing or may not be called, the stack's own events have to do.

use aws_sdk_cloudformation::types::{EventFilter, OperationEvent};
use cloudformation::diagnosis::{FailedEvent, failures, stuck};
use cloudformation::event::StackEvent;
use cloudformation::resolution::resolutions;
use jiff::Timestamp;
use stacks::Stack;
use xtask::Failure;

use super::read::instant;
use crate::Connection;

/// Whose errors `DescribeEvents` is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// An operation on a stack, by the stack's id.
    Stack(&'a str),
    /// The making of a change set, by its ARN.
    ChangeSet(&'a str),
}

/// Why an operation failed, and the error that ends the command.
#[derive(Debug)]
pub struct Diagnosis {
    /// The causes first.
    pub failures: Vec<FailedEvent>,
    /// The status that the stack was left in, with the ways out of it.
    pub error: Failure,
}

/// Explains the end of an operation from its events, oldest first, and from what else is known of them.
pub fn explain(
    id: &str,
    status: &str,
    history: &[StackEvent],
    known: Vec<StackEvent>,
    declared: Option<&Stack>,
) -> Diagnosis {
    let failures = failures(history, known);
    let name = id.split('/').nth(1).unwrap_or(id);
    let failure = Failure::new(format!("{name} is {status}"));
    let error = resolutions(name, status, &stuck(&failures)).into_iter().fold(failure, Failure::hint);
    let failed = |(role, event): (_, StackEvent)| {
        let declared_at = declared_at(declared, &event);
        FailedEvent { role, event, declared_at }
    };
    Diagnosis { failures: failures.into_iter().map(failed).collect(), error }
}

/// Where in the code the resource of an event is declared.
pub fn declared_at(declared: Option<&Stack>, event: &StackEvent) -> Option<String> {
    declared?.declared_at(&event.logical_id).map(|at| at.to_string())
}

/// The errors that `DescribeEvents` knows, with the path of the property where it says so; none where the endpoint lacks
/// the call or the caller may not make it.
pub async fn errors(connection: &Connection, of: Of<'_>) -> Vec<StackEvent> {
    let client = connection.cloudformation();
    let ask = client.describe_events().filters(EventFilter::builder().failed_events(true).build());
    let ask = match of {
        Of::Stack(id) => ask.stack_name(id),
        Of::ChangeSet(id) => ask.change_set_name(id),
    };
    let Ok(answer) = ask.send().await else { return Vec::new() };
    answer.operation_events().iter().filter_map(error).collect()
}

fn error(event: &OperationEvent) -> Option<StackEvent> {
    let resource_type = event.event_type()?.as_str();
    if !resource_type.ends_with("_ERROR") {
        return None;
    }
    let reasons = [event.validation_status_reason(), event.hook_status_reason(), event.resource_status_reason()];
    let reason = reasons.into_iter().flatten().find(|reason| !reason.is_empty())?;
    let path = event.validation_path().filter(|path| !path.is_empty());
    let status = event.resource_status().map_or(resource_type, |status| status.as_str());
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Some(StackEvent {
        id: text(event.event_id()),
        time: event.timestamp().and_then(instant).unwrap_or(Timestamp::UNIX_EPOCH),
        stack: event.stack_id().and_then(|id| id.split('/').nth(1)).unwrap_or_default().to_owned(),
        logical_id: text(event.logical_resource_id()),
        resource_type: text(event.resource_type()),
        status: status.to_owned(),
        reason: path.map_or_else(|| reason.to_owned(), |path| format!("{reason} (at {path})")),
    })
}
