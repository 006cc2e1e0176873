//! Stacks with a defect, and what is said of each.

use super::*;
use crate::Target;
use crate::resource::{DeletionPolicy, Properties};
use crate::stack::{Declared, Place};

fn stack() -> Stack {
    Stack::new("Defective", "A stack with a defect", Target::Aws)
}

fn with(resources: &[(&str, &str, &str)]) -> Vec<String> {
    let mut stack = stack();
    for (id, resource_type, properties) in resources {
        let declared = Declared {
            resource_type: (*resource_type).to_owned(),
            properties: Properties::of(serde_json::from_str(properties).unwrap()),
            deletion_policy: DeletionPolicy::Delete,
            depends_on: Vec::new(),
            summary: String::new(),
            at: Place::here(),
        };
        stack.declare(id, declared);
    }
    let problems = check(&[stack]).expect_err("nothing was found");
    problems.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn says(problems: &[String], part: &str) {
    assert!(problems.iter().any(|problem| problem.contains(part)), "no `{part}` in {problems:#?}");
}

#[test]
fn a_problem_names_the_resource_and_the_line_that_declares_it() {
    let problems = with(&[("Group", "AWS::Logs::LogGroup", "{}")]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let (place, message) = problems[0].split_once("): ").unwrap();
    assert!(place.starts_with("Defective, Group (stacks/src/check/tests.rs:"), "{place}");
    assert!(message.starts_with("keeps logs for ever"), "{message}");
}

#[test]
fn a_reference_to_nothing_is_found_in_every_form() {
    let properties = r#"{"A": {"Ref": "One"}, "B": [{"Fn::GetAtt": ["Two", "Arn"]}], "C": {"Fn::Sub": "${Three.Arn} ${!x} ${AWS::Region}"}}"#;
    let problems = with(&[("Any", "AWS::SQS::Queue", properties)]);
    assert_eq!(problems.len(), 3, "{problems:?}");
    for name in ["One", "Two", "Three"] {
        says(&problems, &format!("refers to {name}, which is not in the stack"));
    }
}

#[test]
fn resources_that_wait_for_each_other_are_found() {
    let one = r#"{"A": {"Ref": "Second"}}"#;
    let other = r#"{"A": {"Ref": "First"}}"#;
    let problems = with(&[("First", "AWS::SQS::Queue", one), ("Second", "AWS::SQS::Queue", other)]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    says(&problems, "waits for itself");
}

#[test]
fn what_is_declared_twice_is_found_with_both_places() {
    let problems = with(&[("Same", "AWS::SQS::Queue", "{}"), ("Same", "AWS::SQS::Queue", "{}")]);
    says(&problems, "Same is declared twice: at stacks/src/check/tests.rs:");
}

#[test]
fn a_logical_id_and_a_name_keep_to_the_limits() {
    let name = format!(r#"{{"TableName": "{}"}}"#, "t".repeat(256));
    let problems = with(&[("With-Dash", "AWS::SQS::Queue", "{}"), ("Long", "AWS::DynamoDB::Table", &name)]);
    says(&problems, "1 to 255 letters and digits");
    says(&problems, "has 256 characters");
}

#[test]
fn more_resources_than_cloudformation_takes_are_refused() {
    let ids: Vec<String> = (0..501).map(|n| format!("Queue{n}")).collect();
    let resources: Vec<(&str, &str, &str)> = ids.iter().map(|id| (id.as_str(), "AWS::SQS::Queue", "{}")).collect();
    says(&with(&resources), "501 resources: CloudFormation takes 500");
    assert!(check(&[stack()]).is_err_and(|problems| problems.to_string().contains("no resources")));
}

#[test]
fn a_function_without_its_log_group_is_found() {
    let function = r#"{"FunctionName": "f", "Timeout": 1, "MemorySize": 128, "Role": "r", "Runtime": "nodejs18.x"}"#;
    let problems = with(&[("Function", "AWS::Lambda::Function", function)]);
    says(&problems, "there is no log group /aws/lambda/f");
    says(&problems, "provided.al2023");
}

#[test]
fn an_alarm_that_tells_nobody_is_found() {
    let alarm = r#"{"AlarmActions": [], "Period": 300, "EvaluationPeriods": 289}"#;
    let problems = with(&[("Alarm", "AWS::CloudWatch::Alarm", alarm)]);
    says(&problems, "tells nobody");
    says(&problems, "86700 s");
}

#[test]
fn data_that_would_go_with_its_stack_is_found() {
    let problems = with(&[("Table", "AWS::DynamoDB::Table", r#"{"TableName": "table"}"#)]);
    says(&problems, "retain it");
    says(&problems, "not encrypted");
    says(&problems, "point in time");
}

#[test]
fn a_permission_on_everything_is_found() {
    let role = |statement: &str| {
        let policy = format!(r#"{{"Policies": [{{"PolicyDocument": {{"Statement": [{statement}]}}}}]}}"#);
        with(&[("Role", "AWS::IAM::Role", &policy)])
    };
    let problems = role(r#"{"Effect": "Allow", "Action": ["dynamodb:*", "dynamodb:GetItem"], "Resource": "*"}"#);
    says(&problems, "allows dynamodb:*: name each action");
    says(&problems, "allows dynamodb:GetItem on everything");
    let problems = role(r#"{"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}"#);
    says(&problems, "narrow it by cloudwatch:namespace");
}

#[test]
fn a_name_that_no_stack_declares_is_found() {
    let alarm = r#"{"AlarmActions": ["a"], "Dimensions": [{"Name": "StreamName", "Value": "gone"}]}"#;
    let problems = with(&[("Alarm", "AWS::CloudWatch::Alarm", alarm)]);
    says(&problems, "names gone, but no stack declares an AWS::Kinesis::Stream");
}

#[test]
fn an_open_door_is_found() {
    let problems = with(&[
        ("Method", "AWS::ApiGateway::Method", "{}"),
        ("Permission", "AWS::Lambda::Permission", "{}"),
        ("Stage", "AWS::ApiGateway::Stage", "{}"),
    ]);
    says(&problems, "anybody may call");
    says(&problems, "SourceArn");
    says(&problems, "data trace");
}

#[test]
fn only_what_is_no_secret_may_be_open() {
    let method = |id| with(&[(id, "AWS::ApiGateway::Method", "{}"), ("Group", "AWS::Logs::LogGroup", "{}")]);
    for id in ["GetV1OpenapiJson", "OptionsV1AnalyticsRealtime", "OptionsV1Deadlines"] {
        assert!(!method(id).iter().any(|problem| problem.contains("anybody may call")), "{id}");
    }
    for id in ["GetV1AnalyticsRealtime", "GetV1Deadlines", "OptionsV1Other"] {
        says(&method(id), "anybody may call");
    }
}

#[test]
fn a_log_of_what_callers_write_is_found() {
    let of = |format: &str| {
        let stage = serde_json::json!({"AccessLogSetting": {"Format": format}});
        with(&[("Stage", "AWS::ApiGateway::Stage", &stage.to_string())]).join("\n")
    };
    for variable in ["$context.path", "$context.identity.userAgent", "$context.error.message"] {
        let said = of(&format!(r#"{{"a":"{variable}"}}"#));
        assert!(said.contains(&format!("logs {variable}, in which a caller can end one value")), "{said}");
    }
    let said = of(r#"{"a":"$context.pathological","b":"$context.error.messageString","c":"$context.resourcePath"}"#);
    assert!(!said.contains("in which a caller"), "{said}");
}

#[test]
fn users_who_may_rename_themselves_are_found() {
    for writable in [r"{}", r#"{"WriteAttributes": []}"#, r#"{"WriteAttributes": ["name", "email"]}"#] {
        says(&with(&[("Client", "AWS::Cognito::UserPoolClient", writable)]), "lets users write their own email");
    }
}
