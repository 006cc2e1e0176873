//! `AWS::Lambda::Permission`.
//!
//! Invariant: only one named source of one service may call.

use serde_json::json;

use crate::function::FunctionHandle;
use crate::log_group::LogGroupHandle;
use crate::resource::{Properties, Resource};
use crate::role::Service;
use crate::value::{Expression, Value, kind};

/// Lets one source of a service call a function.
#[derive(Clone, Debug)]
pub struct Permission {
    function: FunctionHandle,
    service: Service,
    source: Expression,
}

impl Permission {
    /// Lets one rule call.
    pub fn by_rule(rule: &Value<kind::RuleArn>, function: &FunctionHandle) -> Self {
        Self { function: function.clone(), service: Service::Events, source: rule.expression().clone() }
    }

    /// Lets one log call.
    pub fn by_log(logs: &LogGroupHandle, function: &FunctionHandle) -> Self {
        Self { function: function.clone(), service: Service::Logs, source: logs.arn().expression().clone() }
    }

    /// Lets one method or authorizer of an API call: `path` is what follows the API's id in its ARN.
    pub(crate) fn by_api(api: &Value<kind::RestApiId>, path: &Expression, function: &FunctionHandle) -> Self {
        let source = Expression::arn("execute-api", "").then(api.expression()).and("/").then(path);
        Self { function: function.clone(), service: Service::ApiGateway, source }
    }
}

impl Resource for Permission {
    const TYPE: &'static str = "AWS::Lambda::Permission";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { function, service, source } = self;
        Properties::of(json!({
            "Action": "lambda:InvokeFunction",
            "FunctionName": function.name(),
            "Principal": service.principal(),
            "SourceArn": source,
        }))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        let arn = self.source.readable();
        let source = arn.splitn(6, ':').last().unwrap_or_default();
        format!("{} by {source}", self.function.readable())
    }
}
