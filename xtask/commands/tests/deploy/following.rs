//! Following an operation to its end: throttled, cut off, interrupted, or begun by somebody else.

use crate::aws::Aws;
use crate::command::Workshop;
use crate::scenario::Scenario;

/// The events of the operation that the scenario `under-way` has begun, to its end.
fn the_rest() -> Vec<crate::scenario::StackEvent> {
    let recorded = Scenario::read("slow").stacks.remove("CompliCal-API-test").unwrap();
    recorded.after["ExecuteChangeSet"][0][2..].to_vec()
}

#[test]
fn a_second_deploy_follows_the_first_says_so_and_then_makes_its_own_change() {
    let (aws, workshop) = (Aws::play("under-way"), Workshop::new());
    aws.cloudformation().begin("CompliCal-API-test", the_rest());
    let said = [
        "CompliCal-API-test is UPDATE_IN_PROGRESS: another deploy is at work",
        // What happened before this deploy came is part of the story.
        "UPDATE_IN_PROGRESS           ApiKeyAuthorizerFunction",
        "UPDATE_COMPLETE              ApiKeyAuthorizerFunction AWS::Lambda::Function (2.0 s)",
        "CompliCal-API-test: 1 change",
        " UPDATE_COMPLETE",
    ];
    let ended = workshop.run(&aws, &["deploy", "--yes"]);
    ended.expect(0, &said);
    assert!(!ended.stderr.contains("CREATE_COMPLETE"), "an operation before that is none of it:\n{}", ended.stderr);
}

#[test]
fn a_deploy_that_another_overtakes_follows_it_and_looks_again() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().conflict = Some(the_rest());
    let said = [
        "CompliCal-API-test: 1 change",
        "another deploy was first: looking again at what is there",
        "is UPDATE_IN_PROGRESS: another deploy is at work",
        "CompliCal-API-test: 1 change",
        " UPDATE_COMPLETE",
    ];
    workshop.run(&aws, &["deploy", "--yes"]).expect(0, &said);
    assert_eq!(aws.cloudformation().n_calls("ExecuteChangeSet"), 2);
}

#[test]
fn throttled_it_backs_off_and_goes_on() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start(&aws, &["deploy", "--yes"]);
    deploy.wait_for("UPDATE_IN_PROGRESS");
    aws.cloudformation().n_throttled = 4;
    deploy.wait_for("Throttling: Rate exceeded: this may pass; CloudFormation goes on by itself, asking again");
    aws.cloudformation().holds = false;
    deploy.end().expect(0, &["asking again", "answered again after", " UPDATE_COMPLETE"]);
}

#[test]
fn cut_off_it_goes_on_when_the_network_is_back() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start(&aws, &["deploy", "--yes"]);
    deploy.wait_for("UPDATE_IN_PROGRESS");
    aws.be_gone(true);
    deploy.wait_for("CloudFormation goes on by itself, asking again");
    aws.cloudformation().holds = false;
    aws.be_gone(false);
    deploy.end().expect(0, &["answered again after", " UPDATE_COMPLETE"]);
}

#[test]
fn killed_a_new_run_picks_up_where_the_stack_is() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start(&aws, &["deploy", "--yes"]);
    deploy.wait_for("UPDATE_IN_PROGRESS");
    deploy.signal("KILL");
    assert_eq!(deploy.end().status, None);
    let mut again = workshop.start(&aws, &["deploy", "--yes"]);
    again.wait_for("is UPDATE_IN_PROGRESS: another deploy is at work");
    aws.cloudformation().holds = false;
    again.end().expect(0, &["UPDATE_COMPLETE              ApiKeyAuthorizerFunction", "CompliCal-API-test: 1 change"]);
}

#[test]
fn interrupted_it_says_what_goes_on_and_how_to_pick_up() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start(&aws, &["deploy", "--yes"]);
    deploy.wait_for("UPDATE_IN_PROGRESS");
    deploy.signal("INT");
    let said = [
        "error: interrupted: nothing further is begun, but CloudFormation finishes what it has begun",
        "hint: run the same command again: it picks up where the stacks are",
        "cancel-update-stack",
    ];
    deploy.end().expect(1, &said);
    aws.cloudformation().holds = false;
    workshop.run(&aws, &["deploy", "--yes"]).expect(0, &["another deploy is at work", " UPDATE_COMPLETE"]);
}

#[test]
fn a_status_that_is_still_that_of_the_last_operation_is_not_taken_for_the_outcome() {
    for n_late in [1, 4] {
        for (scenario, arguments, said) in [
            ("slow", &["deploy", "--yes"][..], &[" UPDATE_COMPLETE              CompliCal-API-test"][..]),
            ("review", &["deploy", "--yes"], &[" CREATE_COMPLETE              CompliCal-API-test"]),
            ("update-fails", &["deploy", "--yes"], &["cause: ", "is UPDATE_ROLLBACK_COMPLETE"]),
            ("update-stays-failed", &["deploy", "--yes"], &[" UPDATE_ROLLBACK_COMPLETE", " UPDATE_COMPLETE"]),
            ("slow", &["destroy", "--yes", "CompliCal-API-test"], &["DELETE_IN_PROGRESS"]),
        ] {
            let (aws, workshop) = (Aws::play(scenario), Workshop::new());
            aws.cloudformation().n_late = n_late;
            let ended = workshop.run(&aws, arguments);
            ended.expect(i32::from(scenario == "update-fails"), said);
            // A stack whose deletion is followed is gone before the command ends.
            if arguments[0] == "destroy" {
                aws.cloudformation().n_late = 0;
                workshop.run(&aws, arguments).expect(0, &["nothing to remove"]);
            }
        }
    }
}

#[test]
fn a_stack_that_somebody_removes_meanwhile_is_made_anew() {
    let (aws, workshop) = (Aws::play("slow"), Workshop::new());
    aws.cloudformation().holds = true;
    let mut deploy = workshop.start(&aws, &["deploy", "--yes"]);
    deploy.wait_for("UPDATE_IN_PROGRESS");
    aws.cloudformation().remove("CompliCal-API-test");
    aws.cloudformation().holds = false;
    let said = ["CompliCal-API-test was removed: another deploy was first: looking again", " CREATE_COMPLETE"];
    deploy.end().expect(0, &said);
}
