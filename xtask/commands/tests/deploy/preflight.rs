//! What a deploy finds out before it builds anything: all of it at once, and what it may not find out.

use crate::aws::Aws;
use crate::command::{Ended, Workshop};

const DENIED: &str = r#"{"__type": "AccessDeniedException", "message": "no"}"#;

/// Runs a deploy with the stream.
fn deploy(aws: &Aws, workshop: &Workshop, variables: &[(&str, &str)]) -> Ended {
    let with_stream = [("ENABLE_KINESIS_ANALYTICS", "on")];
    workshop.run_with(aws, &["deploy", "--yes", "--env", "prod"], &[&with_stream[..], variables].concat())
}

#[track_caller]
fn expect_nothing_begun(aws: &Aws, ended: &Ended) {
    assert!(!ended.stderr.contains("running:"), "it was built all the same:\n{}", ended.stderr);
    assert_eq!(aws.cloudformation().n_calls("CreateChangeSet"), 0);
}

#[test]
fn every_problem_of_an_account_is_named_at_once_and_nothing_is_built() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    let limits = r#"{"ShardLimit": 10, "OpenShardCount": 9, "OnDemandStreamCount": 0, "OnDemandStreamCountLimit": 50}"#;
    aws.answer("kinesis DescribeLimits", 200, limits);
    let settings = r#"{"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}}"#;
    aws.answer("lambda GET /2016-08-19/account-settings", 200, settings);
    let log = "/aws/lambda/CompliCal-Kinesis-prod-StreamProcessor";
    aws.answer("logs DescribeLogGroups", 200, &format!(r#"{{"logGroups": [{{"logGroupName": "{log}"}}]}}"#));
    let function = "/2015-03-31/functions/CompliCal-API-prod-DeadlinesFunction/configuration";
    aws.answer(&format!("lambda GET {function}"), 200, "{}");
    aws.answer("s3 HEAD /complical-packages-123456789012-ap-south-1", 403, "");
    let ended = deploy(&aws, &workshop, &[]);
    let said = [
        "deploying prod to account 123456789012, ap-south-1",
        "problem: the bucket complical-packages-123456789012-ap-south-1 is another account's",
        "hint: ",
        "problem: complical-usage-stream-prod needs 2 more shards, and the account has 1 left of 10",
        "hint: ask for more under Service Quotas",
        "problem: 370 executions would be reserved, and the account lets 0 of its 10",
        "hint: leave `reserved-concurrency` out",
        "problem: the name /aws/lambda/CompliCal-Kinesis-prod-StreamProcessor (AWS::Logs::LogGroup) is taken",
        "hint: a late invocation makes a log anew",
        "problem: the name CompliCal-API-prod-DeadlinesFunction (AWS::Lambda::Function) is taken",
        "warning: nobody hears the alarms of prod",
        "hint: under [alarms] in stacks/environments/prod.toml",
        "error: 5 problems, and nothing was changed",
    ];
    expect_nothing_begun(&aws, ended.expect(1, &said));
}

#[test]
fn without_credentials_tools_and_a_toggle_each_is_named() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    aws.answer(
        "sts GetCallerIdentity",
        403,
        "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no such token</Message></Error></ErrorResponse>",
    );
    workshop.tool("cargo-lambda", "exit 1");
    workshop.tool("python3", "exit 1");
    let variables = [("ENABLE_KINESIS_ANALYTICS", "maybe"), ("AWS_REGION", "mumbai")];
    let ended = deploy(&aws, &workshop, &variables);
    let said = [
        "not checked: quotas, names and the bucket of packages",
        "problem: ",
        "ENABLE_KINESIS_ANALYTICS",
        "problem: there is neither cargo-lambda nor Python 3.9",
        "problem: `mumbai` is not an AWS region",
        "problem: cannot find out the account: InvalidClientTokenId",
        "hint: AWS does not know these credentials",
        "error: 4 problems, and nothing was changed",
    ];
    expect_nothing_begun(&aws, ended.expect(1, &said));
}

#[test]
fn what_the_caller_may_not_look_at_is_no_failure() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    aws.answer("kinesis DescribeLimits", 400, DENIED);
    aws.answer("lambda GET /2016-08-19/account-settings", 403, DENIED);
    aws.answer("logs DescribeLogGroups", 400, DENIED);
    let ended = deploy(&aws, &workshop, &[]);
    let said = [
        "not checked: cannot look at the account's quota of shards: AccessDeniedException",
        "not checked: cannot look at the account's quota of executions: AccessDeniedException",
        "not checked: cannot look for the log",
        "running: /bin/true lambda build",
        " CREATE_COMPLETE",
    ];
    ended.expect(0, &said);
}

#[test]
fn a_misspelled_toggle_alone_is_wrong_usage() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    let ended = deploy(&aws, &workshop, &[("ENABLE_KINESIS_ANALYTICS", "maybe")]);
    expect_nothing_begun(&aws, ended.expect(2, &["error: ", "ENABLE_KINESIS_ANALYTICS"]));
}

#[test]
fn a_missing_target_is_named_before_the_build() {
    let (aws, workshop) = (Aws::empty(), Workshop::new());
    workshop.tool("rustc", "echo /nonexistent");
    let ended = deploy(&aws, &workshop, &[]);
    expect_nothing_begun(&aws, ended.expect(1, &["the standard library is missing: rustup target add"]));
}
