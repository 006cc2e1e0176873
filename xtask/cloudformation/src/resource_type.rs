//! The names of resource types, as CloudFormation spells them.
//!
//! Invariant: a type that more than one file speaks of is spelled here alone.

pub const AUTHORIZER: &str = "AWS::ApiGateway::Authorizer";
pub const METHOD: &str = "AWS::ApiGateway::Method";
pub const STACK: &str = "AWS::CloudFormation::Stack";
pub const ALARM: &str = "AWS::CloudWatch::Alarm";
pub const DASHBOARD: &str = "AWS::CloudWatch::Dashboard";
pub const USER_POOL: &str = "AWS::Cognito::UserPool";
pub const USER_POOL_CLIENT: &str = "AWS::Cognito::UserPoolClient";
pub const TABLE: &str = "AWS::DynamoDB::Table";
pub const ROLE: &str = "AWS::IAM::Role";
pub const STREAM: &str = "AWS::Kinesis::Stream";
pub const STREAM_CONSUMER: &str = "AWS::Kinesis::StreamConsumer";
pub const FUNCTION: &str = "AWS::Lambda::Function";
pub const PERMISSION: &str = "AWS::Lambda::Permission";
pub const FUNCTION_URL: &str = "AWS::Lambda::Url";
pub const LOG_GROUP: &str = "AWS::Logs::LogGroup";
pub const BUCKET: &str = "AWS::S3::Bucket";
pub const SUBSCRIPTION: &str = "AWS::SNS::Subscription";
pub const TOPIC: &str = "AWS::SNS::Topic";
