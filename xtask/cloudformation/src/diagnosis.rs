//! Why an operation on a stack failed: the cause first, then what followed from it, each with its place in the code.
//!
//! Invariant: the stack's own events suffice; what else is known of its failures is handed in and only adds to them.

use serde_json::Value;

use super::event::{self, Role, StackEvent};
use super::known_error::hint;
use super::progress::Step;

/// A failure, and its part in the failing of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedEvent {
    /// Its part.
    pub role: Role,
    pub event: StackEvent,
    /// Where in the code the resource is declared, where that is known.
    pub declared_at: Option<String>,
}

impl FailedEvent {
    /// The failure for people, with a line for the hint where the reason is known.
    pub fn lines(&self) -> Vec<String> {
        let StackEvent { logical_id, resource_type, reason, .. } = &self.event;
        let word = match self.role {
            Role::Cause => "cause",
            Role::Consequence => "then",
            Role::RollBack => "the roll-back stopped at",
        };
        let place = self.declared_at.as_ref().map_or_else(String::new, |at| format!(" (declared at {at})"));
        let failure = format!("{word}: {logical_id} {resource_type}{place}: {reason}");
        std::iter::once(failure).chain(self.hint().map(|hint| format!("hint: {hint}"))).collect()
    }

    /// The failure for programs.
    pub fn object(&self) -> Value {
        let name = match self.role {
            Role::Cause => "cause",
            Role::Consequence => "consequence",
            Role::RollBack => "rollBack",
        };
        let mut object = Step { seconds: None }.object(name, &self.event);
        for (field, value) in [("declaredAt", self.declared_at.as_deref()), ("hint", self.hint())] {
            if let Some(value) = value {
                object[field] = Value::from(value);
            }
        }
        object
    }

    fn hint(&self) -> Option<&'static str> {
        if self.role == Role::Consequence { None } else { hint(&self.event.reason) }
    }
}

/// The failures of an operation, the causes first. `known` is what else is known of them; what is older than the
/// operation is none of it.
pub fn failures(history: &[StackEvent], known: Vec<StackEvent>) -> Vec<(Role, StackEvent)> {
    let began = history.first().map(|event| event.time);
    let known = known.into_iter().filter(|error| began.is_none_or(|began| error.time >= began));
    let events = merge(history, known.collect());
    event::failures(&events).into_iter().map(|(role, event)| (role, event.clone())).collect()
}

/// The history, with what else is known of its failures, and with errors that left no event of their own.
fn merge(history: &[StackEvent], known: Vec<StackEvent>) -> Vec<StackEvent> {
    let mut events = history.to_vec();
    for error in known {
        let failed = |event: &&mut StackEvent| event.is_failure() && event.logical_id == error.logical_id;
        match events.iter_mut().find(failed) {
            Some(event) if event.reason.len() < error.reason.len() => event.reason = error.reason,
            Some(_) => {}
            None => events.push(error),
        }
    }
    events
}

/// The resources that keep a stack from settling.
pub fn stuck(failures: &[(Role, StackEvent)]) -> Vec<&str> {
    let rolled = failures.iter().filter(|(role, event)| *role == Role::RollBack && !event.is_of_stack());
    let deleted = failures.iter().filter(|(_, event)| event.status == "DELETE_FAILED" && !event.is_of_stack());
    let mut stuck: Vec<&str> = rolled.chain(deleted).map(|(_, event)| event.logical_id.as_str()).collect();
    stuck.sort_unstable();
    stuck.dedup();
    stuck
}

#[cfg(test)]
mod tests {
    use crate::event::tests::event;

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
        assert_eq!(crate::event::failures(&merged).len(), 2);
    }
}
