//! `AWS::ApiGateway::Authorizer`, of two sorts: a function that knows API keys, and a user pool that knows tokens.
//!
//! Invariant: an answer of the function is never cached, because a cached answer hides calls; and it has no identity
//! source, because a call without one is answered without asking the function.

use serde_json::json;

use crate::function::FunctionHandle;
use crate::resource::{Properties, Resource};
use crate::rest_api::RestApiHandle;
use crate::user_pool::UserPoolHandle;
use crate::value::{Expression, Value, kind};

/// Asks a function about each call.
#[derive(Clone, Debug)]
pub struct KeyAuthorizer {
    pub api: RestApiHandle,
    pub name: &'static str,
    pub function: FunctionHandle,
}

/// Checks the bearer token of each call.
#[derive(Clone, Debug)]
pub struct UserAuthorizer {
    pub api: RestApiHandle,
    pub name: &'static str,
    /// Whose tokens are good.
    pub users: UserPoolHandle,
}

impl Resource for KeyAuthorizer {
    const TYPE: &'static str = "AWS::ApiGateway::Authorizer";
    type Handle = Value<kind::KeyAuthorizerId>;

    fn properties(&self) -> Properties {
        let Self { api, name, function } = self;
        Properties::of(json!({
            "RestApiId": api.id(),
            "Name": name,
            "Type": "REQUEST",
            "AuthorizerUri": invocation(function),
            "AuthorizerResultTtlInSeconds": 0,
        }))
    }

    fn handle(&self, logical_id: &str) -> Self::Handle {
        Value::reference(logical_id)
    }

    fn summary(&self) -> String {
        format!("asks {} about each call", self.function.readable())
    }
}

impl Resource for UserAuthorizer {
    const TYPE: &'static str = "AWS::ApiGateway::Authorizer";
    type Handle = Value<kind::UserAuthorizerId>;

    fn properties(&self) -> Properties {
        let Self { api, name, users } = self;
        Properties::of(json!({
            "RestApiId": api.id(),
            "Name": name,
            "Type": "COGNITO_USER_POOLS",
            "IdentitySource": "method.request.header.Authorization",
            "ProviderARNs": [users.arn()],
        }))
    }

    fn handle(&self, logical_id: &str) -> Self::Handle {
        Value::reference(logical_id)
    }

    fn summary(&self) -> String {
        "checks the bearer token of each call".into()
    }
}

/// The address by which API Gateway calls a function.
pub(crate) fn invocation(function: &FunctionHandle) -> Expression {
    let partition = Expression::reference("AWS::Partition");
    let region = Expression::reference("AWS::Region");
    Expression::text("arn:")
        .then(&partition)
        .and(":apigateway:")
        .then(&region)
        .and(":lambda:path/2015-03-31/functions/")
        .then(function.arn().expression())
        .and("/invocations")
}
