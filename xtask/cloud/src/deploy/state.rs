//! What a stack's state asks for before it can be changed.
//!
//! Invariant: every state that CloudFormation can leave a stack in has a way on; none is a dead end.

use anyhow::Result;
use stacks::Stack;
use xtask::Printer;

use super::operation::{Story, describe, follow, seen, status};
use crate::Connection;
use crate::aws_error::failed_to;

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
    /// Its roll-back stopped: let it go on, then change the stack.
    ContinueRollback,
}

/// The way on from a status; no status is no stack.
pub fn way(status: Option<&str>) -> Way {
    match status {
        None | Some("REVIEW_IN_PROGRESS" | "DELETE_COMPLETE") => Way::Create,
        Some("ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED") => Way::Delete,
        Some("UPDATE_ROLLBACK_FAILED") => Way::ContinueRollback,
        Some(status) if status.ends_with("_IN_PROGRESS") => Way::Follow,
        Some(_) => Way::Update,
    }
}

/// Brings a stack into a state in which it can be made or changed; says whether it is there.
///
/// # Errors
/// When what has to happen first fails.
pub async fn settle(connection: &Connection, stack: &Stack, printer: &Printer) -> Result<Way> {
    let name = stack.name();
    loop {
        let description = describe(connection, name).await?;
        let now = description.as_ref().map(status);
        let id = description.as_ref().and_then(|stack| stack.stack_id()).unwrap_or(name).to_owned();
        match way(now) {
            way @ (Way::Create | Way::Update) => return Ok(way),
            Way::Follow => {
                printer.say(format!("{name} is {}: following what is under way", now.unwrap_or_default()));
                // However that ends, the status it leaves decides what comes next.
                if let Err(error) =
                    follow(connection, &id, Some(stack), seen(connection, &id).await?, Story::Full, printer).await
                {
                    printer.say(format!("what was under way failed: {error:#}"));
                }
            }
            Way::Delete => {
                printer.say(format!("{name} is {}: deleting what is left of it", now.unwrap_or_default()));
                delete(connection, &id, Some(stack), printer).await?;
            }
            Way::ContinueRollback => {
                printer.say(format!("{name} is UPDATE_ROLLBACK_FAILED: continuing the roll-back"));
                let before = seen(connection, &id).await?;
                let client = connection.cloudformation();
                let go_on = client.continue_update_rollback().stack_name(&id);
                go_on.send().await.map_err(failed_to(format!("continue the roll-back of {name}")))?;
                // It ends in UPDATE_ROLLBACK_COMPLETE, which `follow` calls a failure; here it is what was wanted.
                let _ = follow(connection, &id, Some(stack), before, Story::Full, printer).await;
                let after = describe(connection, name).await?;
                if after.as_ref().map(status) == Some("UPDATE_ROLLBACK_FAILED") {
                    return Err(xtask::Failure::new(format!("the roll-back of {name} stopped again"))
                        .hint("mend what the cause names, then run the same command again")
                        .into());
                }
            }
        }
    }
}

/// Deletes a stack and follows until it is gone.
///
/// # Errors
/// When something in it cannot be deleted.
pub async fn delete(connection: &Connection, id: &str, stack: Option<&Stack>, printer: &Printer) -> Result<()> {
    let before = seen(connection, id).await?;
    let client = connection.cloudformation();
    client.delete_stack().stack_name(id).send().await.map_err(failed_to(format!("delete {id}")))?;
    follow(connection, id, stack, before, Story::Full, printer).await?;
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
        assert_eq!(way(Some("UPDATE_ROLLBACK_FAILED")), Way::ContinueRollback);
        assert_eq!(way(Some("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")), Way::Follow);
        for fine in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"] {
            assert_eq!(way(Some(fine)), Way::Update, "{fine}");
        }
    }
}
