//! The statuses that a stack can be in (CloudFormation User Guide, "Stack status codes"), and the way on from each.
//!
//! Invariant: every status has a way on; of one that is not known only whether something is under way is believed.

/// What CloudFormation says of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is being made.
    CreateInProgress,
    /// It was made.
    CreateComplete,
    /// Its making stopped, and what was made stayed.
    CreateFailed,
    /// Its making failed, and what was made is being removed.
    RollbackInProgress,
    /// Its making failed, and nothing is left.
    RollbackComplete,
    /// Its making failed, and something could not be removed.
    RollbackFailed,
    /// Nothing of it was ever made: a change set waits.
    ReviewInProgress,
    /// It is being changed.
    UpdateInProgress,
    /// It was changed, and what it no longer needs is being removed.
    UpdateCompleteCleanupInProgress,
    /// It was changed.
    UpdateComplete,
    /// A change stopped half-way.
    UpdateFailed,
    /// A change failed and is being taken back.
    UpdateRollbackInProgress,
    /// A change was taken back, and what it had made is being removed.
    UpdateRollbackCompleteCleanupInProgress,
    /// A change was taken back.
    UpdateRollbackComplete,
    /// A change could not be taken back.
    UpdateRollbackFailed,
    /// Resources are being adopted.
    ImportInProgress,
    /// Resources were adopted.
    ImportComplete,
    /// An adoption failed and is being taken back.
    ImportRollbackInProgress,
    /// An adoption was taken back.
    ImportRollbackComplete,
    /// An adoption could not be taken back.
    ImportRollbackFailed,
    /// It is being removed.
    DeleteInProgress,
    /// It is gone.
    DeleteComplete,
    /// Something in it could not be removed.
    DeleteFailed,
}

/// What has to happen first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// There is no stack, or an empty one.
    Create,
    /// It can be changed.
    Update,
    /// Something is under way: follow it, then look again.
    Wait,
    /// It is half done: recover it, then look again.
    Recover(Recovery),
    /// CloudFormation takes no change of it: only an operator can help.
    Manual,
}

/// What a stack needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// It never came up, or half of it went: delete what is left, then make it.
    Delete,
    /// It stopped half-way and was not rolled back: roll it back, then change the stack.
    RollBack,
    /// Its roll-back stopped: let it go on, then change the stack.
    ContinueRollBack,
}

impl Recovery {
    /// What a deploy would have to do first, as a sentence.
    pub fn sentence(self, name: &str, status: &str) -> String {
        match self {
            Self::Delete => format!("  - {name} is {status}: remove what is left of it, then make it anew"),
            Self::RollBack => format!("  ~ {name} is {status}: roll it back, then change it"),
            Self::ContinueRollBack => format!("  ~ {name} is {status}: continue the roll-back, then change it"),
        }
    }
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 23] = [
        Self::CreateInProgress,
        Self::CreateComplete,
        Self::CreateFailed,
        Self::RollbackInProgress,
        Self::RollbackComplete,
        Self::RollbackFailed,
        Self::ReviewInProgress,
        Self::UpdateInProgress,
        Self::UpdateCompleteCleanupInProgress,
        Self::UpdateComplete,
        Self::UpdateFailed,
        Self::UpdateRollbackInProgress,
        Self::UpdateRollbackCompleteCleanupInProgress,
        Self::UpdateRollbackComplete,
        Self::UpdateRollbackFailed,
        Self::ImportInProgress,
        Self::ImportComplete,
        Self::ImportRollbackInProgress,
        Self::ImportRollbackComplete,
        Self::ImportRollbackFailed,
        Self::DeleteInProgress,
        Self::DeleteComplete,
        Self::DeleteFailed,
    ];

    /// The status of a name; nothing where CloudFormation has learned another one since.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// CloudFormation's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::CreateFailed => "CREATE_FAILED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackComplete => "ROLLBACK_COMPLETE",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::ReviewInProgress => "REVIEW_IN_PROGRESS",
            Self::UpdateInProgress => "UPDATE_IN_PROGRESS",
            Self::UpdateCompleteCleanupInProgress => "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateComplete => "UPDATE_COMPLETE",
            Self::UpdateFailed => "UPDATE_FAILED",
            Self::UpdateRollbackInProgress => "UPDATE_ROLLBACK_IN_PROGRESS",
            Self::UpdateRollbackCompleteCleanupInProgress => "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            Self::UpdateRollbackComplete => "UPDATE_ROLLBACK_COMPLETE",
            Self::UpdateRollbackFailed => "UPDATE_ROLLBACK_FAILED",
            Self::ImportInProgress => "IMPORT_IN_PROGRESS",
            Self::ImportComplete => "IMPORT_COMPLETE",
            Self::ImportRollbackInProgress => "IMPORT_ROLLBACK_IN_PROGRESS",
            Self::ImportRollbackComplete => "IMPORT_ROLLBACK_COMPLETE",
            Self::ImportRollbackFailed => "IMPORT_ROLLBACK_FAILED",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::DeleteComplete => "DELETE_COMPLETE",
            Self::DeleteFailed => "DELETE_FAILED",
        }
    }

    /// The way of a deploy. A removal follows where a deploy does, and then removes the stack, whatever it has come to.
    pub const fn next_step(self) -> NextStep {
        match self {
            Self::ReviewInProgress | Self::DeleteComplete => NextStep::Create,
            Self::CreateComplete
            | Self::UpdateComplete
            | Self::UpdateRollbackComplete
            | Self::ImportComplete
            | Self::ImportRollbackComplete => NextStep::Update,
            Self::CreateInProgress
            | Self::RollbackInProgress
            | Self::UpdateInProgress
            | Self::UpdateCompleteCleanupInProgress
            | Self::UpdateRollbackInProgress
            | Self::UpdateRollbackCompleteCleanupInProgress
            | Self::ImportInProgress
            | Self::ImportRollbackInProgress
            | Self::DeleteInProgress => NextStep::Wait,
            Self::CreateFailed | Self::RollbackComplete | Self::RollbackFailed | Self::DeleteFailed => {
                NextStep::Recover(Recovery::Delete)
            }
            Self::UpdateFailed => NextStep::Recover(Recovery::RollBack),
            Self::UpdateRollbackFailed => NextStep::Recover(Recovery::ContinueRollBack),
            Self::ImportRollbackFailed => NextStep::Manual,
        }
    }

    /// Whether a stack stays in it until somebody acts.
    pub fn is_settled(self) -> bool {
        self.next_step() != NextStep::Wait
    }
}

/// Whether a stack in a status of this name stays in it until somebody acts.
pub fn is_settled(name: &str) -> bool {
    Status::of(name).map_or(!name.ends_with("_IN_PROGRESS"), Status::is_settled)
}

/// The way on from a status of this name; none is no stack.
pub fn next_step(name: Option<&str>) -> NextStep {
    match name {
        None => NextStep::Create,
        Some(name) => match Status::of(name) {
            Some(status) => status.next_step(),
            None if is_settled(name) => NextStep::Manual,
            None => NextStep::Wait,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_known_by_its_name_and_no_other_is() {
        for status in Status::ALL {
            assert_eq!(Status::of(status.name()), Some(status));
        }
        assert_eq!(Status::of("PAUSE_COMPLETE"), None);
    }

    #[test]
    fn every_status_has_a_way_on() {
        assert_eq!(next_step(None), NextStep::Create);
        for status in Status::ALL {
            let (name, next_step) = (status.name(), status.next_step());
            match next_step {
                NextStep::Create => assert!(["REVIEW_IN_PROGRESS", "DELETE_COMPLETE"].contains(&name), "{name}"),
                NextStep::Update => assert!(name.ends_with("_COMPLETE"), "{name}"),
                NextStep::Wait => assert!(name.ends_with("_IN_PROGRESS"), "{name}"),
                NextStep::Recover(Recovery::Delete) => {
                    assert!(name == "ROLLBACK_COMPLETE" || name.ends_with("_FAILED"), "{name}")
                }
                NextStep::Recover(_) | NextStep::Manual => assert!(name.ends_with("_FAILED"), "{name}"),
            }
            assert_eq!(status.is_settled(), next_step != NextStep::Wait, "{name}");
        }
    }

    #[test]
    fn a_status_that_is_not_known_is_followed_or_left_to_an_operator() {
        assert_eq!(next_step(Some("PAUSE_IN_PROGRESS")), NextStep::Wait);
        assert_eq!(next_step(Some("PAUSE_COMPLETE")), NextStep::Manual);
        assert!(!is_settled("PAUSE_IN_PROGRESS") && is_settled("PAUSE_COMPLETE"));
    }
}
