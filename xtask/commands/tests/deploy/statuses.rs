//! Every status that a stack can be in (CloudFormation User Guide, "Stack status codes"): what deploy and destroy do.

use crate::aws::Aws;
use crate::command::{Ended, Workshop};
use crate::scenario::StackEvent;

const API: &str = "CompliCal-API-test";

/// The statuses in which nothing is under way, and the calls by which a deploy changes such a stack, in order.
const SETTLED: [(&str, &[&str]); 14] = [
    ("CREATE_COMPLETE", &["ExecuteChangeSet"]),
    ("UPDATE_COMPLETE", &["ExecuteChangeSet"]),
    ("UPDATE_ROLLBACK_COMPLETE", &["ExecuteChangeSet"]),
    ("IMPORT_COMPLETE", &["ExecuteChangeSet"]),
    ("REVIEW_IN_PROGRESS", &["ExecuteChangeSet"]),
    ("DELETE_COMPLETE", &["ExecuteChangeSet"]),
    ("CREATE_FAILED", &["DeleteStack", "ExecuteChangeSet"]),
    ("ROLLBACK_COMPLETE", &["DeleteStack", "ExecuteChangeSet"]),
    ("ROLLBACK_FAILED", &["DeleteStack", "ExecuteChangeSet"]),
    ("DELETE_FAILED", &["DeleteStack", "ExecuteChangeSet"]),
    // Nothing is in it here, so it was made by the adoption that was taken back.
    ("IMPORT_ROLLBACK_COMPLETE", &["DeleteStack", "ExecuteChangeSet"]),
    ("UPDATE_FAILED", &["RollbackStack", "ExecuteChangeSet"]),
    ("UPDATE_ROLLBACK_FAILED", &["ContinueUpdateRollback", "ExecuteChangeSet"]),
    ("IMPORT_ROLLBACK_FAILED", &[]),
];

/// The statuses of what is under way, and how it may end.
const UNDER_WAY: [(&str, &str); 9] = [
    ("CREATE_IN_PROGRESS", "CREATE_COMPLETE"),
    ("ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"),
    ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"),
    ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"),
    ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
    ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
    ("IMPORT_IN_PROGRESS", "IMPORT_COMPLETE"),
    ("IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"),
    ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"),
];

/// The calls that change a stack.
fn changes(aws: &Aws) -> Vec<String> {
    let changing = ["ExecuteChangeSet", "DeleteStack", "RollbackStack", "ContinueUpdateRollback"];
    let aws = aws.cloudformation();
    let calls = aws.calls.iter().map(|(call, _)| call.clone());
    calls.filter(|call| changing.contains(&call.as_str())).collect()
}

fn run(aws: &Aws, arguments: &[&str]) -> Ended {
    Workshop::new().run(aws, arguments)
}

#[test]
fn a_deploy_has_a_way_on_from_every_settled_status() {
    for (status, calls) in SETTLED {
        let aws = Aws::standing(&[(API, status)]);
        let ended = run(&aws, &["deploy", "--yes"]);
        if calls.is_empty() {
            ended.expect(
                1,
                &[
                    "is IMPORT_ROLLBACK_FAILED, and CloudFormation cannot change such a stack",
                    "hint: what keeps it there: aws cloudformation describe-stack-events --stack-name CompliCal-API-test",
                    "hint: either `cargo xtask destroy CompliCal-API-test`, then deploy again",
                ],
            );
        } else {
            ended.expect(0, &[]);
        }
        assert_eq!(changes(&aws), calls, "{status}");
    }
}

#[test]
fn a_destroy_removes_a_stack_in_every_settled_status() {
    for (status, _) in SETTLED {
        let aws = Aws::standing(&[(API, status)]);
        run(&aws, &["destroy", "--yes", API]).expect(0, &[]);
        let is_there = status != "DELETE_COMPLETE";
        assert_eq!(changes(&aws), vec!["DeleteStack"; usize::from(is_there)], "{status}");
        run(&aws, &["destroy", "--yes", API]).expect(0, &["nothing to remove"]);
    }
}

#[test]
fn what_is_under_way_is_followed_before_a_deploy_changes_anything() {
    for (status, end) in UNDER_WAY {
        let aws = Aws::standing(&[(API, status)]);
        aws.cloudformation().begin(API, vec![StackEvent::of_stack(API, end, "")]);
        run(&aws, &["deploy", "--yes"]).expect(0, &[&format!("is {status}: "), "; following it"]);
        let (_, calls) = SETTLED.into_iter().find(|(settled, _)| *settled == end).unwrap();
        assert_eq!(changes(&aws), calls, "{status}");
    }
}

#[test]
fn what_is_under_way_is_followed_before_a_destroy_removes_what_it_leaves() {
    for (status, end) in UNDER_WAY {
        let aws = Aws::standing(&[(API, status)]);
        aws.cloudformation().begin(API, vec![StackEvent::of_stack(API, end, "")]);
        run(&aws, &["destroy", "--yes", API]).expect(0, &[&format!("is {status}: "), "; following it"]);
        let is_there = end != "DELETE_COMPLETE";
        assert_eq!(changes(&aws), vec!["DeleteStack"; usize::from(is_there)], "{status}");
    }
}

#[test]
fn a_status_that_is_not_known_is_left_to_an_operator_and_can_be_removed() {
    let aws = Aws::standing(&[(API, "PAUSE_COMPLETE")]);
    run(&aws, &["deploy", "--yes"]).expect(1, &["is PAUSE_COMPLETE, and CloudFormation cannot change such a stack"]);
    assert_eq!(changes(&aws), [""; 0]);
    run(&aws, &["destroy", "--yes", API]).expect(0, &[]);
}
