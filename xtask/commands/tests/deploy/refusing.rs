//! What a deploy refuses before anything changes.

use crate::aws::Aws;
use crate::command::Workshop;

#[test]
fn without_a_terminal_and_without_yes_nothing_is_carried_out() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    let ended = workshop.run(&aws, &["deploy"]);
    ended.expect(1, &["CompliCal-API-test: 1 change", "not approved: there is no terminal to ask on", "--yes"]);
    assert_eq!(aws.cloudformation().n_calls("ExecuteChangeSet"), 0);
    assert_eq!(aws.cloudformation().n_calls("DeleteStack"), 0, "what is deployed stays");
    let ended = workshop.run(&aws, &["destroy", "CompliCal-API-test"]);
    ended.expect(1, &["- remove CompliCal-API-test", "not approved: there is no terminal to ask on"]);
    assert_eq!(aws.cloudformation().n_calls("DeleteStack"), 0);
}

#[test]
fn a_half_done_stack_is_not_touched_before_a_yes_and_what_it_needs_is_shown() {
    for (scenario, shown) in [
        ("rolled-back", &["is ROLLBACK_COMPLETE: remove what is left of it, then make it anew"][..]),
        ("delete-failed", &["is DELETE_FAILED: remove what is left of it", "- remove AccessLogs AWS::Logs::LogGroup"]),
        ("update-stays-failed", &["is UPDATE_FAILED: roll it back, then change it"]),
        ("roll-back-failed", &["is UPDATE_ROLLBACK_FAILED: continue the roll-back, then change it"]),
    ] {
        let (aws, workshop) = (Aws::play(scenario), Workshop::new());
        let said = [shown, &["not approved: there is no terminal to ask on", "--yes"]].concat();
        let ended = workshop.run(&aws, &["deploy"]);
        ended.expect(1, &said);
        assert!(!ended.stderr.contains("DeadlinesFunction"), "what is gone is not named:\n{}", ended.stderr);
        let aws = aws.cloudformation();
        for call in ["DeleteStack", "RollbackStack", "ContinueUpdateRollback", "CreateChangeSet"] {
            assert_eq!(aws.n_calls(call), 0, "{scenario}: {call}");
        }
    }
}

#[test]
fn a_comparison_says_what_comes_first_and_touches_nothing() {
    for scenario in ["rolled-back", "delete-failed", "update-stays-failed", "roll-back-failed"] {
        let (aws, workshop) = (Aws::play(scenario), Workshop::new());
        let ended = workshop.run(&aws, &["diff", "--exit-code", "0"]);
        ended.expect(0, &["a deploy begins with this:", "CompliCal-API-test is "]);
        let aws = aws.cloudformation();
        let changes = ["Delete", "Rollback", "Continue", "Create", "Execute", "Update"];
        let changed = aws.calls.iter().find(|(call, _)| changes.iter().any(|change| call.starts_with(change)));
        assert_eq!(changed, None, "{scenario}");
    }
}

#[test]
fn a_new_stack_that_is_not_approved_leaves_no_empty_one_behind() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    workshop.run(&aws, &["deploy"]).expect(1, &["not approved"]);
    let aws = aws.cloudformation();
    assert_eq!((aws.n_calls("DeleteChangeSet"), aws.n_calls("DeleteStack")), (1, 1));
}

#[test]
fn an_unknown_stack_is_wrong_usage_and_nothing_is_asked() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    for command in ["deploy", "destroy"] {
        let ended = workshop.run(&aws, &[command, "--yes", "CompliCal-Api-test"]);
        ended.expect(2, &["there is no stack `CompliCal-Api-test`", "the stacks are: ", "CompliCal-API-test"]);
    }
    assert!(aws.cloudformation().calls.is_empty());
}

#[test]
fn where_nothing_changed_it_says_so_and_carries_nothing_out() {
    let (aws, workshop) = (Aws::play("unchanged"), Workshop::new());
    let ended = workshop.run(&aws, &["deploy", "--json"]);
    ended.expect(0, &["CompliCal-API-test: no changes"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["stacks"][0]["changed"], false);
    assert_eq!(aws.cloudformation().n_calls("ExecuteChangeSet"), 0);
}

#[test]
fn what_an_endpoint_does_not_have_is_said_and_left_out() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    let arguments = ["deploy", "--yes", "--express", "--revert-drift"];
    aws.cloudformation().lacks.push("EXPRESS");
    let said =
        ["has no express mode, going on without it", "cannot revert what was changed by hand", " UPDATE_COMPLETE"];
    workshop.run(&aws, &arguments).expect(0, &said);

    let aws = Aws::play("slow");
    let ended = workshop.run(&aws, &arguments);
    ended.expect(0, &[" UPDATE_COMPLETE"]);
    assert!(!ended.stderr.contains("going on without it"), "{}", ended.stderr);
    let aws = aws.cloudformation();
    let (_, asked) = aws.calls.iter().find(|(call, _)| call == "CreateChangeSet").unwrap();
    assert_eq!((&*asked["DeploymentConfig.Mode"], &*asked["DeploymentMode"]), ("EXPRESS", "REVERT_DRIFT"));
    assert_eq!(asked["DeploymentConfig.DisableRollback"], "false");
}

#[test]
fn what_the_scaler_has_chosen_is_not_taken_back_with_what_was_changed_by_hand() {
    let workshop = Workshop::new();
    let with_stream = [("ENABLE_KINESIS_ANALYTICS", "on")];
    let stream = |shards: u32| {
        format!(
            r#"{{"StreamDescriptionSummary": {{"StreamName": "s", "StreamARN": "arn", "StreamStatus": "ACTIVE",
            "RetentionPeriodHours": 168, "StreamCreationTimestamp": 0, "EnhancedMonitoring": [],
            "OpenShardCount": {shards}}}}}"#
        )
    };
    for (open, sent) in [(4, 4), (12, 2)] {
        let aws = Aws::standing(&[("CompliCal-Kinesis-test", "CREATE_COMPLETE")]);
        aws.answer("kinesis DescribeStreamSummary", 200, &stream(open));
        let reverting = ["deploy", "--yes", "--revert-drift", "CompliCal-Kinesis-test"];
        for arguments in [&reverting[..], &["deploy", "--yes", "CompliCal-Kinesis-test"]] {
            workshop.run_with(&aws, arguments, &with_stream).expect(0, &[" UPDATE_COMPLETE"]);
            let aws = aws.cloudformation();
            let (_, asked) = aws.calls.iter().rfind(|(call, _)| call == "CreateChangeSet").unwrap();
            let template: serde_json::Value = serde_json::from_str(&asked["TemplateBody"]).unwrap();
            assert_eq!(template["Resources"]["UsageStream"]["Properties"]["ShardCount"], sent, "{arguments:?}");
        }
    }
}
