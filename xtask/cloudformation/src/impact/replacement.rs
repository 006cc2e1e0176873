//! Which changes make CloudFormation put another resource in the place of one.
//!
//! Invariant: the table below is that of CloudFormation's resource schemas; a type that it lacks is never called safe.
//! The facts are `createOnlyProperties` and `conditionalCreateOnlyProperties` of the schemas of ap-south-1 as
//! cfn-lint 1.58.0 carries them; a test compares them where cfn-lint is installed.

use serde_json::Value;

use super::finding::{Finding, Impact};
use crate::template_diff::{self, Difference};

/// A type with the properties that cannot change on an existing resource.
struct CreateOnly {
    resource_type: &'static str,
    /// A change always replaces.
    always: &'static [&'static str],
    /// A change may replace; it depends on the values.
    sometimes: &'static [&'static str],
}

const fn fixed(resource_type: &'static str, always: &'static [&'static str]) -> CreateOnly {
    CreateOnly { resource_type, always, sometimes: &[] }
}

const CREATE_ONLY: [CreateOnly; 36] = [
    fixed("AWS::ApiGateway::Account", &[]),
    fixed("AWS::ApiGateway::Authorizer", &["RestApiId"]),
    fixed("AWS::ApiGateway::Deployment", &["DeploymentCanarySettings", "RestApiId"]),
    fixed("AWS::ApiGateway::GatewayResponse", &["ResponseType", "RestApiId"]),
    fixed("AWS::ApiGateway::Method", &["HttpMethod", "ResourceId", "RestApiId"]),
    fixed("AWS::ApiGateway::Model", &["ContentType", "Name", "RestApiId"]),
    fixed("AWS::ApiGateway::RequestValidator", &["Name", "RestApiId"]),
    fixed("AWS::ApiGateway::Resource", &["ParentId", "PathPart", "RestApiId"]),
    fixed("AWS::ApiGateway::RestApi", &[]),
    fixed("AWS::ApiGateway::Stage", &["RestApiId", "StageName"]),
    fixed("AWS::CloudWatch::Alarm", &["AlarmName"]),
    fixed("AWS::CloudWatch::Dashboard", &["DashboardName"]),
    fixed("AWS::Cognito::UserPool", &[]),
    fixed("AWS::Cognito::UserPoolClient", &["GenerateSecret", "UserPoolId"]),
    fixed("AWS::Cognito::UserPoolDomain", &["Domain", "UserPoolId"]),
    fixed("AWS::Cognito::UserPoolGroup", &["GroupName", "UserPoolId"]),
    CreateOnly {
        resource_type: "AWS::DynamoDB::Table",
        always: &["ImportSourceSpecification", "TableName"],
        sometimes: &["KeySchema"],
    },
    CreateOnly { resource_type: "AWS::Events::Rule", always: &["Name"], sometimes: &["EventBusName"] },
    fixed("AWS::IAM::ManagedPolicy", &["Description", "ManagedPolicyName", "Path"]),
    fixed("AWS::IAM::Policy", &[]),
    fixed("AWS::IAM::Role", &["Path", "RoleName"]),
    fixed("AWS::Kinesis::Stream", &["Name"]),
    fixed("AWS::Kinesis::StreamConsumer", &["ConsumerName", "StreamARN", "Tags"]),
    fixed(
        "AWS::Lambda::EventSourceMapping",
        &["EventSourceArn", "SelfManagedEventSource", "StartingPosition", "StartingPositionTimestamp"],
    ),
    CreateOnly {
        resource_type: "AWS::Lambda::Function",
        always: &["FunctionName", "PackageType", "TenancyConfig"],
        sometimes: &["DurableConfig"],
    },
    fixed(
        "AWS::Lambda::Permission",
        &[
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ],
    ),
    fixed("AWS::Logs::LogGroup", &["LogGroupName"]),
    fixed("AWS::S3::Bucket", &["BucketName", "BucketNamePrefix", "BucketNamespace"]),
    fixed("AWS::S3::BucketPolicy", &["Bucket"]),
    CreateOnly {
        resource_type: "AWS::SNS::Subscription",
        always: &["Endpoint", "Protocol", "TopicArn"],
        sometimes: &["Region"],
    },
    fixed("AWS::SNS::Topic", &["FifoTopic", "TopicName"]),
    fixed("AWS::SNS::TopicPolicy", &[]),
    fixed("AWS::SQS::Queue", &["FifoQueue", "QueueName"]),
    fixed("AWS::SQS::QueuePolicy", &[]),
    fixed("AWS::SSM::Parameter", &["Name"]),
    fixed("AWS::Scheduler::Schedule", &["Name"]),
];

/// Every change that replaces its resource, or may.
pub fn findings(old: &Value, new: &Value) -> Vec<Finding> {
    let stays = |change: &&Difference| !change.path.is_empty() && new["Resources"].get(&change.logical_id).is_some();
    template_diff::differences(old, new).iter().filter(stays).filter_map(finding).collect()
}

fn finding(change: &Difference) -> Option<Finding> {
    let Difference { logical_id, resource_type, path, .. } = change;
    let (mark, why) = if path == "Type" {
        (Impact::Replaces, "a resource of another type takes its place".to_owned())
    } else {
        let property = template_diff::property(path)?;
        let mark = replaces(resource_type, property)?;
        let why = match mark {
            Impact::Replaces => format!("{property} cannot change on an existing resource"),
            _ if is_known(resource_type) => format!("{property} changes in place only within limits"),
            _ => format!("{resource_type} is not among the types whose replacements are known here"),
        };
        (mark, why)
    };
    Some(Finding {
        mark,
        logical_id: logical_id.clone(),
        resource_type: resource_type.clone(),
        path: path.clone(),
        why,
    })
}

/// Whether a change of a property replaces a resource of a type.
pub fn replaces(resource_type: &str, property: &str) -> Option<Impact> {
    match CREATE_ONLY.iter().find(|entry| entry.resource_type == resource_type) {
        Some(entry) if entry.always.contains(&property) => Some(Impact::Replaces),
        Some(entry) if entry.sometimes.contains(&property) => Some(Impact::MayReplace),
        Some(_) => None,
        None => Some(Impact::MayReplace),
    }
}

fn is_known(resource_type: &str) -> bool {
    CREATE_ONLY.iter().any(|entry| entry.resource_type == resource_type)
}

#[cfg(test)]
mod tests;
