//! Why an operation failed: the cause first, then what followed from it, each with its place in the code, and the way
//! out of the state that the stack is in.
//!
//! Invariant: the stack's own events suffice; what `DescribeEvents` knows beyond them is added where the endpoint has it.

use aws_sdk_cloudformation::types::{EventFilter, OperationEvent};
use cloudformation::event::{self, Event, Role};
use cloudformation::known_error::hint;
use cloudformation::progress::Step;
use cloudformation::resolution::ways_out;
use jiff::Timestamp;
use serde_json::Value;
use stacks::Stack;
use xtask::Failure;

use super::read::instant;
use crate::Connection;
use crate::console::reporter::Story;

/// Whose errors `DescribeEvents` is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Of<'a> {
    /// An operation on a stack, by the stack's id.
    Stack(&'a str),
    /// The making of a change set, by its ARN.
    ChangeSet(&'a str),
}

/// Tells why an operation on a stack ended as it did, and returns the error that ends the command.
pub async fn explain(
    connection: &Connection,
    id: &str,
    status: &str,
    declared: Option<&Stack>,
    history: &[Event],
    story: &Story,
) -> anyhow::Error {
    let began = history.first().map_or(Timestamp::UNIX_EPOCH, |event| event.time);
    let known = errors(connection, Of::Stack(id)).await.into_iter().filter(|error| error.time >= began);
    let events = merge(history, known.collect());
    let failures = event::failures(&events);
    for (role, event) in &failures {
        tell(*role, event, declared, story);
    }
    let stuck: Vec<&str> = stuck(&failures);
    let name = id.split('/').nth(1).unwrap_or(id);
    let failure = Failure::new(format!("{name} is {status}"));
    ways_out(name, status, &stuck).into_iter().fold(failure, Failure::hint).into()
}

/// Tells of one failure.
pub fn tell(role: Role, event: &Event, declared: Option<&Stack>, story: &Story) {
    let at = declared.and_then(|stack| stack.declared_at(&event.logical_id)).map(|at| at.to_string());
    let place = at.as_ref().map_or_else(String::new, |at| format!(" (declared at {at})"));
    let (word, name) = match role {
        Role::Cause => ("cause", "cause"),
        Role::Consequence => ("then", "consequence"),
        Role::RollBack => ("the roll-back stopped at", "rollBack"),
    };
    let printer = story.printer();
    printer.say(format!("{word}: {} {}{place}: {}", event.logical_id, event.kind, event.reason));
    let hint = if role == Role::Consequence { None } else { hint(&event.reason) };
    if let Some(hint) = hint {
        printer.hint(hint);
    }
    let mut object = Step { seconds: None }.object(name, event);
    for (field, value) in [("declaredAt", at.as_deref()), ("hint", hint)] {
        if let Some(value) = value {
            object[field] = Value::from(value);
        }
    }
    story.tell(object);
}

/// The errors that `DescribeEvents` knows, with the path of the property where it says so; none where the endpoint lacks
/// the call or the caller may not make it.
pub async fn errors(connection: &Connection, of: Of<'_>) -> Vec<Event> {
    let client = connection.cloudformation();
    let ask = client.describe_events().filters(EventFilter::builder().failed_events(true).build());
    let ask = match of {
        Of::Stack(id) => ask.stack_name(id),
        Of::ChangeSet(id) => ask.change_set_name(id),
    };
    let Ok(answer) = ask.send().await else { return Vec::new() };
    answer.operation_events().iter().filter_map(error).collect()
}

fn error(event: &OperationEvent) -> Option<Event> {
    let kind = event.event_type()?.as_str();
    if !kind.ends_with("_ERROR") {
        return None;
    }
    let reasons = [event.validation_status_reason(), event.hook_status_reason(), event.resource_status_reason()];
    let reason = reasons.into_iter().flatten().find(|reason| !reason.is_empty())?;
    let path = event.validation_path().filter(|path| !path.is_empty());
    let status = event.resource_status().map_or(kind, |status| status.as_str());
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Some(Event {
        id: text(event.event_id()),
        time: event.timestamp().and_then(instant).unwrap_or(Timestamp::UNIX_EPOCH),
        stack: event.stack_id().and_then(|id| id.split('/').nth(1)).unwrap_or_default().to_owned(),
        logical_id: text(event.logical_resource_id()),
        kind: text(event.resource_type()),
        status: status.to_owned(),
        reason: path.map_or_else(|| reason.to_owned(), |path| format!("{reason} (at {path})")),
    })
}

/// The history, with what else is known of its failures, and with errors that left no event of their own.
fn merge(history: &[Event], known: Vec<Event>) -> Vec<Event> {
    let mut events = history.to_vec();
    for error in known {
        let failed = |event: &&mut Event| event.is_failure() && event.logical_id == error.logical_id;
        match events.iter_mut().find(failed) {
            Some(event) if event.reason.len() < error.reason.len() => event.reason = error.reason,
            Some(_) => {}
            None => events.push(error),
        }
    }
    events
}

/// The resources that keep a stack from settling.
fn stuck<'a>(failures: &[(Role, &'a Event)]) -> Vec<&'a str> {
    let rolled = failures.iter().filter(|(role, event)| *role == Role::RollBack && !event.is_of_stack());
    let deleted = failures.iter().filter(|(_, event)| event.status == "DELETE_FAILED" && !event.is_of_stack());
    let mut stuck: Vec<&str> = rolled.chain(deleted).map(|(_, event)| event.logical_id.as_str()).collect();
    stuck.sort_unstable();
    stuck.dedup();
    stuck
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::event;

    use super::*;

    #[test]
    fn what_the_newer_call_knows_is_added_to_the_history() {
        let history = [event(1, "A", "CREATE_IN_PROGRESS", ""), event(2, "A", "CREATE_FAILED", "Invalid request")];
        let known = vec![
            event(2, "A", "CREATE_FAILED", "Invalid request (at /Resources/A)"),
            event(3, "B", "VALIDATION_ERROR", "no"),
        ];
        let merged = merge(&history, known);
        assert_eq!(merged[1].reason, "Invalid request (at /Resources/A)");
        assert_eq!(merged[2].logical_id, "B");
        assert_eq!(event::failures(&merged).len(), 2);
    }
}
