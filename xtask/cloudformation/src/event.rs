//! The events of a stack, and which of them is the cause of a failure.
//!
//! Invariant: pure functions over a recorded list, so every order of events can be tested.

use jiff::Timestamp;

use crate::resource_type;
use crate::status::{Status, is_settled};

/// What happened to one resource, or to the stack itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// CloudFormation's id of the event.
    pub id: String,
    pub time: Timestamp,
    pub stack: String,
    /// The resource; for the stack itself its name.
    pub logical_id: String,
    /// Such as `AWS::DynamoDB::Table`.
    pub resource_type: String,
    /// Such as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Why, where CloudFormation says so.
    pub reason: String,
}

/// What part a failure has in the failing of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It made the rest fail.
    Cause,
    /// It followed from the cause.
    Consequence,
    /// It stopped the roll-back that followed.
    RollBack,
}

impl StackEvent {
    /// Whether the event is about the stack as a whole.
    pub fn is_of_stack(&self) -> bool {
        self.resource_type == resource_type::STACK && self.logical_id == self.stack
    }

    /// Whether something went wrong.
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED") || self.status.ends_with("_ERROR")
    }

    /// Whether an operation on the stack begins with it, rather than a phase of one.
    pub fn begins_operation(&self) -> bool {
        let begins = ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"];
        self.is_of_stack() && (begins.contains(&&*self.status) || self.reason == "User Initiated")
    }

    fn begins_roll_back(&self) -> bool {
        self.is_of_stack() && self.status.ends_with("ROLLBACK_IN_PROGRESS")
    }

    fn is_noise(&self) -> bool {
        let reason = self.reason.to_ascii_lowercase();
        self.is_of_stack() || ["cancelled", "canceled", "user initiated"].iter().any(|noise| reason.contains(noise))
    }
}

/// The failures of an operation: the causes in the order of time, what followed from them, and what stopped the
/// roll-back. What only the stack itself says of its failing is left out, unless it is all there is.
pub fn failures(events: &[StackEvent]) -> Vec<(Role, &StackEvent)> {
    let mut events: Vec<&StackEvent> = events.iter().collect();
    events.sort_by_key(|event| event.time);
    let mut is_rolling_back = false;
    let mut failures = Vec::new();
    for &event in &events {
        is_rolling_back |= event.begins_roll_back();
        if !event.is_failure() || event.is_of_stack() {
            continue;
        }
        let role = if event.is_noise() {
            Role::Consequence
        } else if is_rolling_back {
            Role::RollBack
        } else {
            Role::Cause
        };
        failures.push((role, event));
    }
    if !failures.iter().any(|(role, _)| *role != Role::Consequence) {
        let of_stack = |event: &&&StackEvent| event.is_of_stack() && (event.is_failure() || event.begins_roll_back());
        let said = events.iter().filter(of_stack).find(|event| !event.reason.is_empty());
        failures.extend(said.map(|&event| (Role::Cause, event)));
    }
    // The sort is stable: within a role the order of time stays.
    failures.sort_by_key(|(role, _)| *role);
    failures
}

/// Whether a status is what an operation with these events came to. It is read before the events, so it may still be what
/// was there before; but a stack that is gone stays gone, and may have taken its events with it.
pub fn is_outcome(status: &str, history: &[StackEvent]) -> bool {
    let of_stack = history.iter().rev().find(|event| event.is_of_stack());
    let agrees = of_stack.is_some_and(|event| event.status == status);
    status == Status::DeleteComplete.name() || (is_settled(status) && agrees)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn event(second: i64, logical_id: &str, status: &str, reason: &str) -> StackEvent {
        let resource_type = if logical_id == "S" { resource_type::STACK } else { resource_type::TABLE };
        StackEvent {
            id: format!("{logical_id}-{second}"),
            time: Timestamp::from_second(second).unwrap(),
            stack: "S".into(),
            logical_id: logical_id.into(),
            resource_type: resource_type.into(),
            status: status.into(),
            reason: reason.into(),
        }
    }

    fn roles(events: &[StackEvent]) -> Vec<(Role, &str)> {
        failures(events).into_iter().map(|(role, event)| (role, &*event.logical_id)).collect()
    }

    #[test]
    fn the_root_cause_comes_before_what_followed_from_it() {
        let recorded = [
            event(9, "S", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [A, B]."),
            event(7, "B", "CREATE_FAILED", "Resource creation cancelled"),
            event(5, "A", "CREATE_FAILED", "Table already exists"),
            event(7, "S", "CREATE_FAILED", "The following resource(s) failed to create"),
            event(1, "A", "CREATE_IN_PROGRESS", ""),
        ];
        assert_eq!(roles(&recorded), [(Role::Cause, "A"), (Role::Consequence, "B")]);
    }

    #[test]
    fn of_two_causes_the_earlier_is_named_first() {
        let recorded = [event(8, "late", "UPDATE_FAILED", "b"), event(3, "early", "UPDATE_FAILED", "a")];
        assert_eq!(roles(&recorded)[0], (Role::Cause, "early"));
    }

    #[test]
    fn what_stops_a_roll_back_is_not_its_cause() {
        let recorded = [
            event(1, "A", "UPDATE_FAILED", "no such handler"),
            event(1, "B", "UPDATE_FAILED", "Resource update cancelled"),
            event(2, "S", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update: [A]."),
            event(3, "C", "UPDATE_FAILED", "the key is gone"),
        ];
        assert_eq!(roles(&recorded), [(Role::Cause, "A"), (Role::Consequence, "B"), (Role::RollBack, "C")]);
    }

    #[test]
    fn where_no_resource_says_why_the_stack_does() {
        let recorded = [
            event(1, "S", "DELETE_IN_PROGRESS", "User Initiated"),
            event(2, "S", "DELETE_FAILED", "Export X cannot be deleted as it is in use by Y"),
        ];
        assert_eq!(roles(&recorded), [(Role::Cause, "S")]);
    }

    #[test]
    fn a_phase_of_an_operation_does_not_begin_one() {
        assert!(event(1, "S", "UPDATE_IN_PROGRESS", "User Initiated").begins_operation());
        assert!(event(1, "S", "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated").begins_operation());
        assert!(!event(1, "S", "UPDATE_ROLLBACK_IN_PROGRESS", "The following failed").begins_operation());
        assert!(!event(1, "A", "UPDATE_IN_PROGRESS", "").begins_operation());
    }

    #[test]
    fn a_status_from_before_the_first_event_is_no_outcome() {
        assert!(!is_outcome("UPDATE_COMPLETE", &[]));
        let history = [event(1, "S", "UPDATE_IN_PROGRESS", "User Initiated"), event(2, "A", "UPDATE_COMPLETE", "")];
        assert!(!is_outcome("UPDATE_COMPLETE", &history), "it is what was there before");
        let history = [event(1, "S", "UPDATE_IN_PROGRESS", ""), event(3, "S", "UPDATE_COMPLETE", "")];
        assert!(is_outcome("UPDATE_COMPLETE", &history));
        assert!(!is_outcome("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", &history));
    }

    #[test]
    fn a_stack_that_is_gone_has_no_events_to_agree_with() {
        assert!(is_outcome("DELETE_COMPLETE", &[]));
    }
}
