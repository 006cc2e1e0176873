//! What a type cannot find: limits of CloudFormation, references to nothing, and rules about the whole.
//!
//! Invariant: every problem is named in one run, with where the resource is declared.

use std::fmt;

use crate::stack::{Place, Stack};

mod limit;
mod name;
mod reference;
mod rule;
#[cfg(test)]
mod tests;

/// A defect of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    stack: String,
    logical_id: Option<String>,
    at: Option<Place>,
    message: String,
}

/// Every defect of an app's stacks: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

/// Looks for defects of stacks that are deployed together.
///
/// # Errors
/// When there are any: all of them.
pub(crate) fn check(stacks: &[Stack]) -> Result<(), Problems> {
    let mut problems = Vec::new();
    for stack in stacks {
        problems.extend(stack.problems.iter().map(|message| Problem::of_stack(stack, message)));
        limit::check(stack, &mut problems);
        reference::check(stack, &mut problems);
        rule::check(stack, &mut problems);
    }
    name::check(stacks, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
}

impl Problem {
    fn of_stack(stack: &Stack, message: impl Into<String>) -> Self {
        Self { stack: stack.name.clone(), logical_id: None, at: None, message: message.into() }
    }

    fn of(stack: &Stack, logical_id: &str, message: impl Into<String>) -> Self {
        let at = stack.declared_at(logical_id);
        Self { stack: stack.name.clone(), logical_id: Some(logical_id.into()), at, message: message.into() }
    }
}

impl Problems {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stack)?;
        if let Some(id) = &self.logical_id {
            write!(f, ", {id}")?;
        }
        if let Some(at) = self.at {
            write!(f, " ({at})")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Problems {}
