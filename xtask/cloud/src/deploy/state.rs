//! What a stack's state asks for before it can be changed.
//!
//! Invariant: every state that CloudFormation can leave a stack in has a way on; none is a dead end.

use std::collections::BTreeSet;

use anyhow::Result;
use stacks::Stack;

use super::operation::{Goal, Operation, describe, follow, seen, seen_before_this, status};
use super::story::Story;
use crate::Connection;
use crate::aws_error::{cannot_be_called, failed_to};

/// What has to happen first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// There is no stack, or an empty one.
    Create,
    /// It can be changed.
    Update,
    /// Something is under way: follow it, then look again.
    Follow,
    /// It never came up: delete what is left, then make it.
    Delete,
    /// It stopped half-way and was not rolled back: roll it back, then change the stack.
    RollBack,
    /// Its roll-back stopped: let it go on, then change the stack.
    ContinueRollBack,
}

/// The way on from a status; no status is no stack.
pub fn way(status: Option<&str>) -> Way {
    match status {
        None | Some("REVIEW_IN_PROGRESS" | "DELETE_COMPLETE") => Way::Create,
        Some("ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED") => Way::Delete,
        Some("UPDATE_FAILED") => Way::RollBack,
        Some("UPDATE_ROLLBACK_FAILED") => Way::ContinueRollBack,
        Some(status) if status.ends_with("_IN_PROGRESS") => Way::Follow,
        Some(_) => Way::Update,
    }
}

/// Brings a stack into a state in which it can be made or changed; says whether it is there.
///
/// # Errors
/// When what has to happen first fails.
pub async fn settle(connection: &Connection, stack: &Stack, story: &Story) -> Result<Way> {
    let name = stack.name();
    loop {
        let description = describe(connection, name).await?;
        let now = description.as_ref().map_or("", status);
        let id = description.as_ref().and_then(|stack| stack.stack_id()).unwrap_or(name);
        let client = connection.cloudformation();
        match way(description.as_ref().map(status)) {
            way @ (Way::Create | Way::Update) => return Ok(way),
            Way::Follow => {
                story.say(format!("{name} is {now}: another deploy is at work, or went on alone; following it"));
                let before = seen_before_this(connection, id).await?;
                let operation = Operation { id, declared: Some(stack), before, goal: Goal::Done, n_all: None };
                // However that ends, the status it leaves decides what comes next.
                if let Err(error) = follow(connection, operation, story).await {
                    story.say(format!("what was under way failed: {error:#}"));
                }
            }
            Way::Delete => {
                story.say(format!("{name} is {now}: deleting what is left of it"));
                delete(connection, id, Some(stack), story).await?;
            }
            Way::RollBack => {
                story.say(format!("{name} is {now}: rolling it back"));
                let before = seen(connection, id).await?;
                match client.rollback_stack().stack_name(id).send().await {
                    Ok(_) => follow(connection, rolled_back(stack, id, before), story).await?,
                    // Where it cannot be rolled back it can still be changed.
                    Err(error) if cannot_be_called(&error) => return Ok(Way::Update),
                    Err(error) => return Err(failed_to(format!("roll {name} back"))(error)),
                };
            }
            Way::ContinueRollBack => {
                story.say(format!("{name} is {now}: continuing the roll-back"));
                let before = seen(connection, id).await?;
                let go_on = client.continue_update_rollback().stack_name(id);
                go_on.send().await.map_err(failed_to(format!("continue the roll-back of {name}")))?;
                follow(connection, rolled_back(stack, id, before), story).await?;
            }
        }
    }
}

fn rolled_back<'a>(stack: &'a Stack, id: &'a str, before: BTreeSet<String>) -> Operation<'a> {
    Operation { id, declared: Some(stack), before, goal: Goal::RolledBack, n_all: None }
}

/// Deletes a stack and follows until it is gone.
///
/// # Errors
/// When something in it cannot be deleted.
pub async fn delete(connection: &Connection, id: &str, stack: Option<&Stack>, story: &Story) -> Result<()> {
    let before = seen(connection, id).await?;
    let client = connection.cloudformation();
    client.delete_stack().stack_name(id).send().await.map_err(failed_to(format!("delete {id}")))?;
    follow(connection, Operation { id, declared: stack, before, goal: Goal::Done, n_all: None }, story).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_way_on() {
        assert_eq!(way(None), Way::Create);
        assert_eq!(way(Some("REVIEW_IN_PROGRESS")), Way::Create);
        assert_eq!(way(Some("ROLLBACK_COMPLETE")), Way::Delete);
        assert_eq!(way(Some("DELETE_FAILED")), Way::Delete);
        assert_eq!(way(Some("UPDATE_FAILED")), Way::RollBack);
        assert_eq!(way(Some("UPDATE_ROLLBACK_FAILED")), Way::ContinueRollBack);
        assert_eq!(way(Some("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")), Way::Follow);
        for fine in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"] {
            assert_eq!(way(Some(fine)), Way::Update, "{fine}");
        }
    }
}
