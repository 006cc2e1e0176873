//! `AWS::ApiGateway::Deployment`, `Stage` and `Account`: an API as callers reach it.
//!
//! Invariant: a call is logged once, as JSON, without its headers, path, query or body.

use contract::{access_log, stage_variable};
use serde_json::{Value as Json, json};

use crate::bounded::{Burst, RequestsPerSecond};
use crate::log_group::LogGroupHandle;
use crate::resource::{DeletionPolicy, Properties, Resource};
use crate::rest_api::RestApiHandle;
use crate::role::RoleHandle;
use crate::sorted::Sorted;
use crate::value::{Value, kind};

/// A snapshot of an API's definition. A changed definition needs another.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub api: RestApiHandle,
}

/// An API under a name, as callers reach it.
#[derive(Clone, Debug)]
pub struct Stage {
    pub api: RestApiHandle,
    /// What callers reach.
    pub deployment: Value<kind::DeploymentId>,
    /// Its name, which is the first part of each path.
    pub name: String,
    /// How many calls it takes.
    pub throttle: Throttle,
    /// Where the page of the API has people sign in.
    pub sign_in: SignIn,
    /// Where each call is logged.
    pub access_logs: LogGroupHandle,
    /// Whether calls are traced.
    pub tracing: bool,
}

/// Where people sign in with a password.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The user pool's API, as a browser asks it.
    pub url: Value<kind::Url>,
    /// By which client.
    pub client: Value<kind::UserPoolClientId>,
}

/// How many calls a stage takes from all callers together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// In the long run.
    pub rate: RequestsPerSecond,
    /// At once.
    pub burst: Burst,
}

/// The one setting of API Gateway in an account and region: who writes its logs.
#[derive(Clone, Debug)]
pub struct GatewayAccount {
    /// The role.
    pub role: RoleHandle,
}

/// What is logged of a call: what answers who waited how long for what, and no text of a caller's choosing, which could
/// end the value that it stands in. Of the gateway's id, which begins the id of the call's event, a caller can only choose
/// which UUID it is ("Access logging for REST APIs"); the path is that of the route.
const ACCESS_LOG: [(&str, &str); 16] = [
    (access_log::REQUEST_ID, "$context.requestId"),
    (access_log::TIME, "$context.requestTimeEpoch"),
    ("method", "$context.httpMethod"),
    ("path", "$context.resourcePath"),
    (access_log::STATUS, "$context.status"),
    (access_log::RESPONSE_TYPE, "$context.error.responseType"),
    (access_log::RESPONSE_LATENCY, "$context.responseLatency"),
    ("responseLength", "$context.responseLength"),
    ("integrationLatency", "$context.integrationLatency"),
    ("integrationStatus", "$context.integration.integrationStatus"),
    ("authorizerLatency", "$context.authorizer.latency"),
    ("authorizerStatus", "$context.authorizer.status"),
    ("apiKeyId", "$context.authorizer.apiKeyId"),
    (access_log::QUOTA, "$context.authorizer.quota"),
    (access_log::CALL_ID, "$context.authorizer.callId"),
    ("userId", "$context.authorizer.claims.sub"),
];

fn access_log_format() -> String {
    let fields: Json = ACCESS_LOG.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    serde_json::to_string(&Sorted(&fields)).unwrap_or_default()
}

impl Resource for Deployment {
    const TYPE: &'static str = "AWS::ApiGateway::Deployment";
    type Handle = Value<kind::DeploymentId>;

    fn properties(&self) -> Properties {
        let Self { api } = self;
        Properties::of(json!({"RestApiId": api.id()}))
    }

    fn handle(&self, logical_id: &str) -> Self::Handle {
        Value::reference(logical_id)
    }

    fn summary(&self) -> String {
        "the definition that this id is a hash of".into()
    }
}

impl Resource for Stage {
    const TYPE: &'static str = "AWS::ApiGateway::Stage";
    type Handle = Value<kind::StageName>;

    fn properties(&self) -> Properties {
        let Self { api, deployment, name, throttle: Throttle { rate, burst }, sign_in, access_logs, tracing } = self;
        Properties::of(json!({
            "RestApiId": api.id(),
            "DeploymentId": deployment,
            "StageName": name,
            "Variables": {stage_variable::SIGN_IN_URL: sign_in.url, stage_variable::USER_POOL_CLIENT: sign_in.client},
            "TracingEnabled": tracing,
            "AccessLogSetting": {"DestinationArn": access_logs.arn(), "Format": access_log_format()},
            "MethodSettings": [{
                "HttpMethod": "*",
                "ResourcePath": "/*",
                "ThrottlingRateLimit": rate,
                "ThrottlingBurstLimit": burst,
                // Traces of data hold headers and bodies, keys and tokens among them.
                "DataTraceEnabled": false,
                // Execution logs go to a log group that keeps them for ever; the access log says what is needed.
                "LoggingLevel": "OFF",
            }],
        }))
    }

    fn handle(&self, logical_id: &str) -> Self::Handle {
        Value::reference(logical_id)
    }

    fn summary(&self) -> String {
        let Throttle { rate, burst } = self.throttle;
        format!("{}, {rate} calls/s, {burst} at once, logs to {}", self.name, self.access_logs.readable())
    }
}

impl Resource for GatewayAccount {
    const TYPE: &'static str = "AWS::ApiGateway::Account";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { role } = self;
        Properties::of(json!({"CloudWatchRoleArn": role.arn()}))
    }

    fn handle(&self, _: &str) {}

    /// Other APIs of the account log by it too.
    fn deletion_policy(&self) -> DeletionPolicy {
        DeletionPolicy::Retain
    }

    fn summary(&self) -> String {
        "lets stages write access logs".into()
    }
}
