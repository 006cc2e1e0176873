//! What to do where a stack has come to a status that nobody wanted.
//!
//! Invariant: every status has a way out, and where no command of ours is one, what is done by hand is said.

use super::status::Status;

/// The commands that leave a status of this name, the best first. The stuck resources are what keeps the stack from
/// settling.
pub fn resolutions(stack: &str, name: &str, stuck: &[&str]) -> Vec<String> {
    let first = match Status::of(name) {
        Some(Status::UpdateRollbackFailed) => {
            "fix what is named above, then run deploy again: it continues the roll-back first"
        }
        Some(Status::DeleteFailed) => {
            "fix what is named above, then run the same command again: it deletes what is left"
        }
        Some(Status::RollbackComplete | Status::RollbackFailed | Status::CreateFailed) => {
            "fix what the cause names, then run deploy again: it removes the failed stack first"
        }
        Some(Status::UpdateFailed) => "fix what the cause names, then run deploy again: it rolls the stack back first",
        Some(Status::UpdateRollbackComplete | Status::ImportRollbackComplete) => {
            "the stack is as it was before; fix what the cause names, then run deploy again"
        }
        Some(
            Status::CreateInProgress
            | Status::CreateComplete
            | Status::RollbackInProgress
            | Status::ReviewInProgress
            | Status::UpdateInProgress
            | Status::UpdateCompleteCleanupInProgress
            | Status::UpdateComplete
            | Status::UpdateRollbackInProgress
            | Status::UpdateRollbackCompleteCleanupInProgress
            | Status::ImportInProgress
            | Status::ImportComplete
            | Status::ImportRollbackInProgress
            | Status::DeleteInProgress
            | Status::DeleteComplete,
        ) => "somebody else has changed it meanwhile: run the same command again, it goes on from there",
        Some(Status::ImportRollbackFailed) | None => return manual(stack),
    };
    std::iter::once(first.to_owned()).chain(without(stack, name, stuck)).collect()
}

/// The command that gives up what is stuck.
fn without(stack: &str, name: &str, stuck: &[&str]) -> Option<String> {
    let resources = stuck.join(" ");
    match Status::of(name) {
        _ if stuck.is_empty() => None,
        Some(Status::UpdateRollbackFailed) => Some(format!(
            "or leave it as it is: aws cloudformation continue-update-rollback --stack-name {stack} \
             --resources-to-skip {resources}"
        )),
        Some(Status::DeleteFailed) => Some(format!(
            "or leave it in the account: aws cloudformation delete-stack --stack-name {stack} \
             --retain-resources {resources}"
        )),
        _ => None,
    }
}

/// What is left to an operator where CloudFormation takes no change of a stack.
pub fn manual(stack: &str) -> Vec<String> {
    vec![
        format!("what keeps it there: aws cloudformation describe-stack-events --stack-name {stack}"),
        format!("either `cargo xtask destroy {stack}`, then deploy again: tables and the stream stay and are adopted"),
        "or have AWS Support bring the stack back into a state in which it can be changed".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_a_resolution_and_a_stuck_one_two() {
        for status in Status::ALL {
            assert!(!resolutions("S", status.name(), &[]).is_empty(), "{status:?}");
        }
        assert!(resolutions("S", "UPDATE_ROLLBACK_FAILED", &["A", "B"])[1].ends_with("--resources-to-skip A B"));
        assert!(resolutions("S", "DELETE_FAILED", &["A"])[1].ends_with("--stack-name S --retain-resources A"));
        for name in ["IMPORT_ROLLBACK_FAILED", "PAUSE_COMPLETE"] {
            assert!(resolutions("S", name, &["A"])[1].contains("cargo xtask destroy S"), "{name}");
        }
    }
}
