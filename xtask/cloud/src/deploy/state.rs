//! What a stack's state asks for before it can be changed.
//!
//! Invariant: every state that CloudFormation can leave a stack in has a way on; none is a dead end.

use anyhow::Result;
use aws_sdk_cloudformation::types::Stack as Description;
use stacks::Stack;

use super::mend::Mend;
use super::operation::{Goal, Operation, describe, follow, seen, seen_before_this, status};
use super::story::Story;
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
    /// It is half done: mend it, then look again.
    Mend(Mend),
}

/// A stack in which nothing is under way.
#[derive(Debug)]
pub struct Settled<'a> {
    /// The stack as it is declared.
    pub stack: &'a Stack,
    /// As it is in the account; nothing where it is not.
    pub description: Option<Description>,
    /// The way on from there; never [`Way::Follow`].
    pub way: Way,
}

/// The way on from a status; no status is no stack.
pub fn way(status: Option<&str>) -> Way {
    match status {
        None | Some("REVIEW_IN_PROGRESS" | "DELETE_COMPLETE") => Way::Create,
        Some("ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_FAILED") => Way::Mend(Mend::Delete),
        Some("UPDATE_FAILED") => Way::Mend(Mend::RollBack),
        Some("UPDATE_ROLLBACK_FAILED") => Way::Mend(Mend::ContinueRollBack),
        Some(status) if status.ends_with("_IN_PROGRESS") => Way::Follow,
        Some(_) => Way::Update,
    }
}

/// Follows what is under way until a stack is settled. Nothing is begun.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn settle<'a>(connection: &Connection, stack: &'a Stack, story: &Story) -> Result<Settled<'a>> {
    let name = stack.name();
    loop {
        let description = describe(connection, name).await?;
        let way = way(description.as_ref().map(status));
        if way != Way::Follow {
            return Ok(Settled { stack, description, way });
        }
        let now = description.as_ref().map_or("", status);
        let id = description.as_ref().and_then(|stack| stack.stack_id()).unwrap_or(name);
        story.say(format!("{name} is {now}: another deploy is at work, or went on alone; following it"));
        let before = seen_before_this(connection, id).await?;
        let goal = if now == "DELETE_IN_PROGRESS" { Goal::Gone } else { Goal::Done };
        let operation = Operation { id, declared: Some(stack), before, goal, n_all: None };
        // However that ends, the status it leaves decides what comes next.
        if let Err(error) = follow(connection, operation, story).await {
            story.say(format!("what was under way failed: {error:#}"));
        }
    }
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
pub async fn delete(connection: &Connection, id: &str, stack: Option<&Stack>, story: &Story) -> Result<()> {
    let before = seen(connection, id).await?;
    let client = connection.cloudformation();
    client.delete_stack().stack_name(id).send().await.map_err(failed_to(format!("delete {id}")))?;
    follow(connection, Operation { id, declared: stack, before, goal: Goal::Gone, n_all: None }, story).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_way_on() {
        assert_eq!(way(None), Way::Create);
        assert_eq!(way(Some("REVIEW_IN_PROGRESS")), Way::Create);
        assert_eq!(way(Some("ROLLBACK_COMPLETE")), Way::Mend(Mend::Delete));
        assert_eq!(way(Some("DELETE_FAILED")), Way::Mend(Mend::Delete));
        assert_eq!(way(Some("UPDATE_FAILED")), Way::Mend(Mend::RollBack));
        assert_eq!(way(Some("UPDATE_ROLLBACK_FAILED")), Way::Mend(Mend::ContinueRollBack));
        assert_eq!(way(Some("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")), Way::Follow);
        for fine in ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"] {
            assert_eq!(way(Some(fine)), Way::Update, "{fine}");
        }
    }
}
