//! What a stack's state asks for before it can be changed.
//!
//! Invariant: what is under way is followed to its end before anything is decided.

use anyhow::Result;
use aws_sdk_cloudformation::types::Stack as Description;
use cloudformation::status::{NextStep, Recovery, Status, next_step};
use stacks::Stack;

use super::monitor::{Goal, Operation, monitor};
use super::read::{self, describe, earlier_event_ids, event_ids, status};
use crate::Connection;
use crate::aws::error::failed_to;
use crate::console::observer::Observer;

/// A stack in which nothing is under way.
#[derive(Debug)]
pub struct Settled<'a> {
    /// The stack as it is declared.
    pub stack: &'a Stack,
    /// As it is in the account; nothing where it is not.
    pub description: Option<Description>,
    /// The way on from there; never [`NextStep::Wait`].
    pub next_step: NextStep,
}

/// Follows what is under way until a stack is settled. Nothing is begun.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn settle<'a>(connection: &Connection, stack: &'a Stack, observer: &dyn Observer) -> Result<Settled<'a>> {
    let description = wait_until_stable(connection, stack.name(), Some(stack), observer).await?;
    let next_step = next_step(description.as_ref().map(status));
    let mut settled = Settled { stack, description, next_step };
    // An adoption that made the stack, and was taken back, leaves a shell that nothing can be made in.
    let is_undone = Status::of(settled.status()) == Some(Status::ImportRollbackComplete);
    if is_undone && read::resources(connection, settled.id()).await?.is_empty() {
        settled.next_step = NextStep::Recover(Recovery::Delete);
    }
    Ok(settled)
}

/// A stack once nothing is under way in it; nothing where there is none.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn wait_until_stable(
    connection: &Connection,
    name: &str,
    declared: Option<&Stack>,
    observer: &dyn Observer,
) -> Result<Option<Description>> {
    while let Some(description) = describe(connection, name).await? {
        let now = status(&description);
        if next_step(Some(now)) != NextStep::Wait {
            return Ok(Some(description));
        }
        let id = description.stack_id().unwrap_or(name);
        let (who, goal) = match Status::of(now) {
            Some(Status::DeleteInProgress) => ("it is being removed already", Goal::Gone),
            _ => ("another deploy is at work, or went on alone", Goal::Done),
        };
        observer.note(&format!("{name} is {now}: {who}; following it"));
        let before = earlier_event_ids(connection, id).await?;
        // However that ends, the status it leaves decides what comes next.
        if let Err(error) = monitor(connection, Operation { id, declared, before, goal, n_all: None }, observer).await {
            observer.note(&format!("what was under way failed: {error:#}"));
        }
    }
    Ok(None)
}

impl Settled<'_> {
    /// Its id, or its name where there is no stack.
    pub fn id(&self) -> &str {
        self.description.as_ref().and_then(Description::stack_id).unwrap_or(self.stack.name())
    }

    /// Its status; empty where there is no stack.
    pub fn status(&self) -> &str {
        self.description.as_ref().map_or("", status)
    }
}

/// Deletes a stack and follows until it is gone.
///
/// # Errors
/// When something in it cannot be deleted.
pub async fn delete(connection: &Connection, id: &str, stack: Option<&Stack>, observer: &dyn Observer) -> Result<()> {
    let before = event_ids(connection, id).await?;
    let client = connection.cloudformation();
    client.delete_stack().stack_name(id).send().await.map_err(failed_to(format!("delete {id}")))?;
    monitor(connection, Operation { id, declared: stack, before, goal: Goal::Gone, n_all: None }, observer).await?;
    Ok(())
}
