//! Follows what CloudFormation does to a stack until the stack is settled.
//!
//! Invariant: the verdict is the stack's own status, read from the account, never what we last saw go by.

use std::collections::BTreeSet;

use anyhow::Result;
use aws_sdk_cloudformation::types::Stack as Description;
use jiff::Timestamp;
use stacks::Stack;
use xtask::{Failure, Printer};

use super::event::{self, Event, Lines};
use crate::Connection;
use crate::aws_error::{failed_to, is_missing};

/// How much of an operation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// Every change and every event.
    Full,
    /// One line for each stack, and whatever goes wrong.
    Brief,
}

/// A stack as the account has it; `None` when there is none of the name.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn describe(connection: &Connection, name_or_id: &str) -> Result<Option<Description>> {
    let asked = connection.cloudformation().describe_stacks().stack_name(name_or_id).send().await;
    match asked {
        Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next()),
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(None),
        Err(error) => Err(failed_to(format!("describe {name_or_id}"))(error)),
    }
}

/// The status of a description, such as `CREATE_COMPLETE`.
pub fn status(description: &Description) -> &str {
    description.stack_status().map_or("", |status| status.as_str())
}

/// The ids of the events there are, so that only later ones are shown.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn seen(connection: &Connection, name_or_id: &str) -> Result<BTreeSet<String>> {
    Ok(events(connection, name_or_id, &BTreeSet::new()).await?.into_iter().map(|event| event.id).collect())
}

/// Follows a stack, line by line, until it is settled; returns its last status.
///
/// # Errors
/// When the operation failed, with the root cause first, or CloudFormation cannot be asked.
pub async fn follow(
    connection: &Connection,
    name_or_id: &str,
    declared: Option<&Stack>,
    mut seen: BTreeSet<String>,
    story: Story,
    printer: &Printer,
) -> Result<String> {
    let mut lines = Lines::default();
    let mut history = Vec::new();
    loop {
        // The status is read before the events: when it is settled, the events that follow are all there are.
        let description = describe(connection, name_or_id).await?;
        let status = description.as_ref().map_or("DELETE_COMPLETE", status).to_owned();
        if description.is_some() {
            for event in events(connection, name_or_id, &seen).await? {
                seen.insert(event.id.clone());
                let line = lines.line(&event);
                if story == Story::Full {
                    printer.say(line);
                }
                history.push(event);
            }
        }
        if event::is_success(&status) {
            return Ok(status);
        }
        if event::is_settled(&status) {
            return Err(explain(name_or_id, &status, declared, &history, printer));
        }
        tokio::time::sleep(connection.pause()).await;
    }
}

/// Prints why an operation failed, cause first, and returns the error that ends the command.
fn explain(name: &str, status: &str, declared: Option<&Stack>, history: &[Event], printer: &Printer) -> anyhow::Error {
    let (causes, consequences) = event::failures(history);
    let place = |event: &Event| {
        let at = declared.and_then(|stack| stack.declared_at(&event.logical_id));
        at.map_or_else(String::new, |at| format!(" (declared at {at})"))
    };
    for cause in &causes {
        printer.say(format!("cause: {} {}{}: {}", cause.logical_id, cause.kind, place(cause), cause.reason));
        if let Some(hint) = event::hint(&cause.reason) {
            printer.hint(hint);
        }
    }
    for event in consequences.iter().filter(|event| !event.is_of_stack()) {
        printer.say(format!("then: {} {}{}: {}", event.logical_id, event.kind, place(event), event.reason));
    }
    let name = name.split('/').nth(1).unwrap_or(name);
    Failure::new(format!("{name} is {status}")).hint(way_out(status)).into()
}

/// The one command that leaves a state.
fn way_out(status: &str) -> &'static str {
    match status {
        "UPDATE_ROLLBACK_FAILED" => "mend what the cause names, then run deploy again: it continues the rollback first",
        "DELETE_FAILED" => "mend what the cause names, then run the same command again: it deletes what is left",
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" => {
            "mend what the cause names, then run deploy again: it removes the failed stack first"
        }
        _ => "nothing was changed; mend what the cause names, then run deploy again",
    }
}

/// Events not yet seen, oldest first.
async fn events(connection: &Connection, name_or_id: &str, seen: &BTreeSet<String>) -> Result<Vec<Event>> {
    let mut found = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let client = connection.cloudformation();
        let asked = client.describe_stack_events().stack_name(name_or_id).set_next_token(page).send().await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(is_missing) => break,
            Err(error) => return Err(failed_to(format!("read the events of {name_or_id}"))(error)),
        };
        let events = answer.stack_events();
        let all_new = events.iter().all(|event| !seen.contains(event.event_id().unwrap_or_default()));
        found.extend(events.iter().map(read).filter(|event| !seen.contains(&event.id)));
        page = answer.next_token().map(str::to_owned);
        // Newest come first: a page with one seen before ends what is new.
        if page.is_none() || !all_new {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

fn read(event: &aws_sdk_cloudformation::types::StackEvent) -> Event {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let time = event.timestamp().and_then(|time| Timestamp::from_nanosecond(time.as_nanos()).ok());
    Event {
        id: text(event.event_id()),
        time: time.unwrap_or(Timestamp::UNIX_EPOCH),
        stack: text(event.stack_name()),
        logical_id: text(event.logical_resource_id()),
        kind: text(event.resource_type()),
        status: event.resource_status().map_or_else(String::new, |status| status.as_str().to_owned()),
        reason: text(event.resource_status_reason()),
    }
}
