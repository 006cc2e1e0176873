//! The roles of the templates against what the real functions ask for: all of it is allowed, and nothing else is
//! granted.
//!
//! Invariant: a grant that no function uses, or a value of its condition, is named, unless AWS itself uses it.

use contract::table::{LATE, STATE};
use contract::{Function, Toggle, name};
use stacks::App;

use crate::apps;
use crate::iam::{ACCOUNT, BUCKET, Grant, Request, Role, roles};
use crate::repertoire::{Asked, play_until};

/// What AWS does by a function's role, and no code of ours.
const OF_AWS: [(&str, &str); 12] = [
    // Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs".
    ("logs:CreateLogStream", "log-group:"),
    ("logs:PutLogEvents", "log-group:"),
    // "Visualize Lambda function invocations using AWS X-Ray".
    ("xray:PutTelemetryRecords", "*"),
    ("xray:PutTraceSegments", "*"),
    // "Process Amazon Kinesis Data Streams records with Lambda": the event source mapping reads by the role.
    ("kinesis:DescribeStream", ":stream/"),
    ("kinesis:DescribeStreamSummary", ":stream/"),
    ("kinesis:GetRecords", ":stream/"),
    ("kinesis:GetShardIterator", ":stream/"),
    ("kinesis:ListShards", ":stream/"),
    // "Configuring Kinesis stream consumers with enhanced fan-out".
    ("kinesis:DescribeStreamConsumer", "/consumer/"),
    ("kinesis:SubscribeToShard", "/consumer/"),
    // "Capturing discarded batches": the mapping keeps what it gives up.
    ("s3:ListBucket", ""),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_of_every_function_is_allowed_and_no_grant_is_left_over() {
    let seen = play_until(|seen| apps().iter().all(|app| left_over(app, &seen.asked).is_empty())).await;
    let asked = &seen.asked;
    for app in apps() {
        let roles = roles(&app.stacks().unwrap());
        for (function, role) in &roles {
            let refused: Vec<_> =
                asked[&(*function, toggle(*function, &app))].iter().filter(|r| !role.allows(r)).collect();
            assert!(refused.is_empty(), "{function:?} is refused {refused:#?}");
        }
        let left = left_over(&app, asked);
        assert!(left.is_empty(), "granted, and used by nothing:\n{}", left.join("\n"));
    }
}

/// Only the authorizer is another function with the toggle off.
fn toggle(function: Function, app: &App) -> Toggle {
    if function == Function::ApiKeyAuthorizer { app.toggle } else { Toggle::On }
}

/// The grants without which every request would be allowed all the same.
fn left_over(app: &App, asked: &Asked) -> Vec<String> {
    let mut left = Vec::new();
    for (function, role) in roles(&app.stacks().unwrap()) {
        let requests = &asked[&(function, toggle(function, app))];
        let needless = |(grant, without): &(Grant, Role)| {
            !is_of_aws(function, grant) && requests.iter().all(|r| without.allows(r))
        };
        left.extend(
            role.lessened().iter().filter(|it| needless(it)).map(|(grant, _)| format!("{function:?}: {grant}")),
        );
    }
    left
}

fn is_of_aws(function: Function, grant: &Grant) -> bool {
    let mapping = grant.action.starts_with("kinesis:") || grant.action.starts_with("s3:");
    let listed = OF_AWS.iter().any(|(action, on)| grant.action == *action && grant.resource.contains(on));
    let batches = format!("{BUCKET}/{}*", name::FAILED_BATCHES);
    let kept = grant.action == "s3:PutObject" && grant.resource.ends_with(&batches);
    (listed || kept) && (!mapping || function == Function::StreamProcessor)
}

#[test]
fn what_aws_does_by_itself_is_granted_somewhere() {
    let roles: Vec<Role> = apps().iter().flat_map(|app| roles(&app.stacks().unwrap()).into_values()).collect();
    for (action, on) in OF_AWS {
        let granted = |role: &Role| role.0.iter().any(|grant| grant.action == action && grant.resource.contains(on));
        assert!(roles.iter().any(granted), "{action} on {on} is granted nowhere: take it off the list");
    }
}

#[test]
fn what_a_function_has_no_business_with_is_refused() {
    let app = &apps()[0];
    let roles = roles(&app.stacks().unwrap());
    let table = |table: String| format!("arn:aws:dynamodb:{}:{}:table/{table}", name::DEFAULT_REGION, ACCOUNT);
    let (analytics, usage) = (table(name::analytics_table(&app.env)), table(name::usage_table(&app.env)));
    let keys = table(name::keys_table(&app.env));
    let refused = [
        (Function::StreamProcessor, "dynamodb:BatchWriteItem", &analytics, "TOTAL#DAY"),
        (Function::StreamProcessor, "dynamodb:BatchWriteItem", &analytics, STATE),
        (Function::StreamProcessor, "dynamodb:UpdateItem", &analytics, LATE),
        (Function::StreamScaler, "dynamodb:UpdateItem", &analytics, "CALLS#2026-11-24T10:15#3"),
        (Function::RealtimeAggregator, "dynamodb:DeleteItem", &analytics, "TOTAL#DAY"),
        (Function::AnalyticsApi, "dynamodb:GetItem", &keys, "KEY#0123"),
        (Function::AnalyticsApi, "dynamodb:UpdateItem", &analytics, STATE),
        (Function::AnalyticsApi, "dynamodb:Query", &keys, "USER#user@example.com"),
        (Function::AnalyticsApi, "dynamodb:GetItem", &usage, "USER#user@example.com"),
        (Function::ApiKeyAuthorizer, "dynamodb:GetItem", &usage, "USER#user@example.com"),
        (Function::UsageReports, "dynamodb:GetItem", &keys, "KEY#0123"),
        (Function::UsageReports, "dynamodb:UpdateItem", &analytics, STATE),
        (Function::ApiKeyAuthorizer, "dynamodb:PutItem", &keys, "KEY#0123"),
    ];
    for (function, action, resource, partition) in refused {
        let (action, partitions) = (action.to_owned(), vec![partition.to_owned()]);
        let request = Request { action, resource: resource.clone(), partitions, namespace: None };
        assert!(!roles[&function].allows(&request), "{function:?} may {request:?}");
    }
}
