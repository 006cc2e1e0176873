//! The events of a stack: one line each, and which of them is the cause of a failure.
//!
//! Invariant: pure functions over a recorded list, so every order of events can be tested.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// What happened to one resource, or to the stack itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// CloudFormation's id of the event.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// The name of the stack.
    pub stack: String,
    /// The resource; for the stack itself its name.
    pub logical_id: String,
    /// Such as `AWS::DynamoDB::Table`.
    pub kind: String,
    /// Such as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Why, where CloudFormation says so.
    pub reason: String,
}

impl Event {
    /// Whether the event is about the stack as a whole.
    pub fn is_of_stack(&self) -> bool {
        self.kind == "AWS::CloudFormation::Stack" && self.logical_id == self.stack
    }

    /// Whether something went wrong.
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }

    /// Whether the failure only follows from another.
    pub fn is_consequence(&self) -> bool {
        let reason = self.reason.to_ascii_lowercase();
        self.is_of_stack() || ["cancelled", "canceled", "user initiated"].iter().any(|noise| reason.contains(noise))
    }
}

/// Failures of an operation: the causes in the order of time, then what followed from them.
pub fn failures(events: &[Event]) -> (Vec<&Event>, Vec<&Event>) {
    let mut failed: Vec<&Event> = events.iter().filter(|event| event.is_failure()).collect();
    failed.sort_by_key(|event| event.time);
    failed.into_iter().partition(|event| !event.is_consequence())
}

/// Whether a stack in this status stays in it until somebody acts.
pub fn is_settled(status: &str) -> bool {
    !status.ends_with("_IN_PROGRESS") || status == "REVIEW_IN_PROGRESS"
}

/// Whether a settled operation did what was asked.
pub fn is_success(status: &str) -> bool {
    matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" | "DELETE_COMPLETE")
}

/// Writes events as lines, with the time each resource took.
#[derive(Debug, Default)]
pub struct Lines {
    began: BTreeMap<(String, String), Timestamp>,
}

impl Lines {
    /// Time, stack, status, logical id, type, how long it took, why.
    pub fn line(&mut self, event: &Event) -> String {
        let what = (event.stack.clone(), event.logical_id.clone());
        let took = if event.status.ends_with("_IN_PROGRESS") {
            self.began.entry(what).or_insert(event.time);
            String::new()
        } else {
            let began = self.began.remove(&what);
            began.map_or_else(String::new, |began| {
                format!(" ({:.1} s)", event.time.duration_since(began).as_secs_f64().max(0.0))
            })
        };
        let reason = if event.reason.is_empty() { String::new() } else { format!(": {}", event.reason) };
        let time = event.time.strftime("%H:%M:%S");
        format!("{time} {} {:<28} {} {}{took}{reason}", event.stack, event.status, event.logical_id, event.kind)
    }
}

/// What to do about a failure whose reason is known.
pub fn hint(reason: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 8] = [
        (
            "already exists",
            "a resource with this name is left from an earlier deployment: remove it, or let the stack that owns it go first",
        ),
        ("LimitExceeded", "a quota of the account is reached: ask for more under Service Quotas"),
        ("is not authorized to perform", "the deploying user lacks the permission that is named"),
        ("deletion protection", "the table is protected: `destroy --delete-data` removes the protection knowingly"),
        ("DeletionProtection", "the table is protected: `destroy --delete-data` removes the protection knowingly"),
        ("Rate exceeded", "AWS throttles: run the same command again"),
        ("NoSuchKey", "the package is not in the bucket: run `cargo xtask deploy` again, which uploads it"),
        ("is in use", "something else still uses it: wait for that stack to finish, then run the same command again"),
    ];
    KNOWN.iter().find(|(known, _)| reason.contains(known)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(second: i64, logical_id: &str, status: &str, reason: &str) -> Event {
        let kind = if logical_id == "S" { "AWS::CloudFormation::Stack" } else { "AWS::DynamoDB::Table" };
        Event {
            id: format!("{logical_id}-{second}"),
            time: Timestamp::from_second(second).unwrap(),
            stack: "S".into(),
            logical_id: logical_id.into(),
            kind: kind.into(),
            status: status.into(),
            reason: reason.into(),
        }
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
        let (causes, consequences) = failures(&recorded);
        assert_eq!(causes.iter().map(|event| &*event.logical_id).collect::<Vec<_>>(), ["A"]);
        assert_eq!(consequences.len(), 2);
    }

    #[test]
    fn of_two_causes_the_earlier_is_named_first() {
        let recorded = [event(8, "late", "UPDATE_FAILED", "b"), event(3, "early", "UPDATE_FAILED", "a")];
        assert_eq!(failures(&recorded).0[0].logical_id, "early");
    }

    #[test]
    fn a_line_says_how_long_it_took() {
        let mut lines = Lines::default();
        lines.line(&event(10, "A", "CREATE_IN_PROGRESS", ""));
        lines.line(&event(11, "A", "CREATE_IN_PROGRESS", "Resource creation Initiated"));
        let line = lines.line(&event(13, "A", "CREATE_COMPLETE", ""));
        assert_eq!(line, "00:00:13 S CREATE_COMPLETE              A AWS::DynamoDB::Table (3.0 s)");
    }

    #[test]
    fn a_rollback_that_completes_is_no_success() {
        for status in ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "CREATE_FAILED"] {
            assert!(is_settled(status) && !is_success(status), "{status}");
        }
        assert!(!is_settled("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
        assert!(is_settled("REVIEW_IN_PROGRESS"));
    }
}
