//! `AWS::ApiGateway::Method`, answered by a function.
//!
//! Invariant: a method says who may call it, and everybody may only where that is spelled out.

use serde_json::{Value as Json, json};

use crate::Stack;
use crate::authorizer::invocation;
use crate::function::FunctionHandle;
use crate::permission::Permission;
use crate::resource::{Properties, Resource};
use crate::rest_api::PathHandle;
use crate::value::{Expression, Value, kind};

/// What a path answers to a verb.
#[derive(Clone, Debug)]
pub struct Method {
    pub path: PathHandle,
    pub verb: Verb,
    /// Who may call.
    pub authorizer: Authorization,
    /// What answers.
    pub function: FunctionHandle,
}

/// A verb of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Asks, as browsers do beforehand, whether a page may read.
    Options,
}

/// Who may call a method.
#[derive(Clone, Debug)]
pub enum Authorization {
    /// Whoever has an API key.
    Keys(Value<kind::KeyAuthorizerId>),
    /// Whoever has a token of the user pool.
    Users(Value<kind::UserAuthorizerId>),
    /// Everybody: what is answered is no secret.
    Open,
}

impl Method {
    /// Declares the method and lets API Gateway call its function for it, on one stage. Gives its logical id.
    #[track_caller]
    pub(crate) fn declare(self, stack: &mut Stack, stage: &str) -> String {
        let id = self.verb.logical_id(self.path.path());
        let source = Expression::text(format!("{stage}/{}{}", self.verb.as_str(), self.path.path()));
        let permission = Permission::by_api(self.path.api().id(), &source, &self.function);
        stack.add(&format!("{id}Permission"), permission);
        stack.add(&id, self);
        id
    }
}

/// A path as a part of a logical id: `/v1/user-stats` is `V1UserStats`.
pub(crate) fn camel(path: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    path.split(['/', '-', '.']).map(word).collect()
}

impl Verb {
    /// The logical id of its method for a path.
    pub(crate) fn logical_id(self, path: &str) -> String {
        format!("{}{}", self.camel(), camel(path))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Options => "OPTIONS",
        }
    }

    const fn camel(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Options => "Options",
        }
    }
}

impl Resource for Method {
    const TYPE: &'static str = "AWS::ApiGateway::Method";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { path, verb, authorizer, function } = self;
        let (authorization, authorizer) = match authorizer {
            Authorization::Keys(authorizer) => ("CUSTOM", json!(authorizer)),
            Authorization::Users(authorizer) => ("COGNITO_USER_POOLS", json!(authorizer)),
            Authorization::Open => ("NONE", Json::Null),
        };
        Properties::of(json!({
            "RestApiId": path.api().id(),
            "ResourceId": path.id(),
            "HttpMethod": verb.as_str(),
            "AuthorizationType": authorization,
            "AuthorizerId": authorizer,
            // Lambda is called by POST, whatever the method is.
            "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": invocation(function)},
        }))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        let who = match self.authorizer {
            Authorization::Keys(_) => "API keys",
            Authorization::Users(_) => "bearer tokens",
            Authorization::Open => "everybody",
        };
        format!("{} {} for {who}, answered by {}", self.verb.as_str(), self.path.path(), self.function.readable())
    }
}
