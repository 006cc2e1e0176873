//! What is said when CloudFormation fails: the cause first, where it is declared, and the way out.

use crate::aws::Aws;
use crate::command::Workshop;

#[test]
fn of_a_first_deploy_that_fails_the_cause_is_told_before_what_it_cancelled() {
    let (aws, workshop) = (Aws::play("create-fails"), Workshop::new());
    let ended = workshop.run(&aws, &["deploy", "--yes"]);
    ended.expect(
        1,
        &[
            "10:00:00 CompliCal-API-test CREATE_IN_PROGRESS",
            "10:00:08 CompliCal-API-test DELETE_COMPLETE              ApiKeysTable AWS::DynamoDB::Table (3.0 s)",
            "10:00:08 CompliCal-API-test ROLLBACK_COMPLETE",
            "cause: ApiKeyAuthorizerFunctionLogs AWS::Logs::LogGroup (declared at stacks/src/",
            "already exists.\n",
            "hint: a resource with this name is left from an earlier deployment",
            "then: ApiKeysTable AWS::DynamoDB::Table (declared at stacks/src/",
            "then: DeadlinesFunctionRole",
            "error: CompliCal-API-test is ROLLBACK_COMPLETE",
            "hint: fix what the cause names, then run deploy again: it removes the failed stack first",
        ],
    );
    assert_eq!(ended.stderr.matches("cause:").count(), 1, "{}", ended.stderr);
}

#[test]
fn an_update_that_fails_is_told_with_the_property_where_the_endpoint_knows_it() {
    let (aws, workshop) = (Aws::play("update-fails"), Workshop::new());
    let said = [
        "cause: ApiKeyAuthorizerFunction AWS::Lambda::Function (declared at stacks/src/",
        "(at /Resources/ApiKeyAuthorizerFunction/Properties/ReservedConcurrentExecutions)",
        "hint: the account has too few executions to reserve any",
        "then: DeadlinesFunction",
        "error: CompliCal-API-test is UPDATE_ROLLBACK_COMPLETE",
        "hint: the stack is as it was before",
    ];
    workshop.run(&aws, &["deploy", "--yes"]).expect(1, &said);
}

#[test]
fn an_older_endpoint_tells_the_cause_without_the_property() {
    let (aws, workshop) = (Aws::play("update-fails"), Workshop::new());
    aws.cloudformation().lacks.push("DescribeEvents");
    let ended = workshop.run(&aws, &["deploy", "--yes"]);
    ended.expect(1, &["cause: ApiKeyAuthorizerFunction", "hint: the account has", "then: DeadlinesFunction"]);
    assert!(!ended.stderr.contains("(at /Resources/"), "{}", ended.stderr);
}

#[test]
fn what_stopped_a_roll_back_is_told_apart_from_its_cause_and_both_ways_out_are_named() {
    let (aws, workshop) = (Aws::play("roll-back-fails"), Workshop::new());
    let said = [
        "cause: ApiKeyAuthorizerFunction",
        "UnreservedConcurrentExecution",
        "then: DeadlinesFunction",
        "the roll-back stopped at: ApiKeyAuthorizerFunction",
        "denied by S3",
        "error: CompliCal-API-test is UPDATE_ROLLBACK_FAILED",
        "run deploy again: it continues the roll-back first",
        "continue-update-rollback --stack-name CompliCal-API-test --resources-to-skip ApiKeyAuthorizerFunction",
    ];
    workshop.run(&aws, &["deploy", "--yes"]).expect(1, &said);
}

#[test]
fn a_stopped_roll_back_is_continued_and_then_the_stack_is_changed() {
    let (aws, workshop) = (Aws::play("roll-back-failed"), Workshop::new());
    let first = workshop.run(&aws, &["deploy", "--yes"]);
    first.expect(
        1,
        &["is UPDATE_ROLLBACK_FAILED: continuing the roll-back", "the roll-back stopped at: ApiKeyAuthorizerFunction"],
    );
    let second = workshop.run(&aws, &["deploy", "--yes"]);
    second.expect(0, &["continuing the roll-back", " UPDATE_ROLLBACK_COMPLETE", " UPDATE_COMPLETE"]);
    assert_eq!(aws.cloudformation().n_calls("ContinueUpdateRollback"), 2);
}

#[test]
fn an_update_that_was_left_failed_is_rolled_back_first() {
    let (aws, workshop) = (Aws::play("update-stays-failed"), Workshop::new());
    let said = ["is UPDATE_FAILED: rolling it back", " UPDATE_ROLLBACK_COMPLETE", " UPDATE_COMPLETE"];
    workshop.run(&aws, &["deploy", "--yes"]).expect(0, &said);
    assert_eq!(aws.cloudformation().n_calls("RollbackStack"), 1);
}

#[test]
fn where_an_endpoint_cannot_roll_back_the_stack_is_changed_as_it_is() {
    let (aws, workshop) = (Aws::play("update-stays-failed"), Workshop::new());
    aws.cloudformation().lacks.push("RollbackStack");
    workshop.run(&aws, &["deploy", "--yes"]).expect(0, &["rolling it back", " UPDATE_COMPLETE"]);
}

#[test]
fn a_stack_that_never_came_up_is_removed_and_made_anew() {
    for (scenario, state) in [("rolled-back", "ROLLBACK_COMPLETE"), ("delete-failed", "DELETE_FAILED")] {
        let (aws, workshop) = (Aws::play(scenario), Workshop::new());
        let deleting = format!("is {state}: deleting what is left of it");
        let shown = format!("is {state}: remove what is left of it");
        let said = [shown.as_str(), deleting.as_str(), " DELETE_COMPLETE", " CREATE_COMPLETE"];
        workshop.run(&aws, &["deploy", "--yes"]).expect(0, &said);
    }
}

#[test]
fn an_empty_stack_that_was_left_is_filled() {
    let (aws, workshop) = (Aws::play("review"), Workshop::new());
    workshop.run(&aws, &["deploy", "--yes"]).expect(0, &[" CREATE_COMPLETE"]);
    let aws = aws.cloudformation();
    let (_, parameters) = aws.calls.iter().find(|(call, _)| call == "CreateChangeSet").unwrap();
    assert_eq!(parameters["ChangeSetType"], "CREATE");
}

#[test]
fn what_cannot_be_deleted_is_named_and_deleted_the_next_time() {
    let (aws, workshop) = (Aws::play("delete-fails"), Workshop::new());
    let arguments = ["destroy", "--yes", "CompliCal-API-test"];
    let said = [
        "cause: AccessLogs AWS::Logs::LogGroup",
        "hint: the deploying user lacks the permission that is named",
        "error: CompliCal-API-test is DELETE_FAILED",
        "delete-stack --stack-name CompliCal-API-test --retain-resources AccessLogs",
    ];
    workshop.run(&aws, &arguments).expect(1, &said);
    let second = workshop.run(&aws, &arguments);
    assert!(second.expect(0, &[]).stdout.contains("removed CompliCal-API-test"));
    workshop.run(&aws, &arguments).expect(0, &["nothing to remove"]);
}

#[test]
fn each_property_that_a_validation_refuses_is_named() {
    let (aws, workshop) = (Aws::play("refused"), Workshop::new());
    let ended = workshop.run(&aws, &["deploy", "--yes"]);
    let said = [
        "cause: DeadlinesFunction AWS::Lambda::Function (declared at stacks/src/",
        "got 64 (at /Resources/DeadlinesFunction/Properties/MemorySize)",
        "cause: AccessLogs",
        "hint: a resource with this name is left",
        "error: CloudFormation refuses the change",
    ];
    ended.expect(1, &said);
    assert_eq!(aws.cloudformation().n_calls("DeleteChangeSet"), 1, "the change set is not left behind");
}
