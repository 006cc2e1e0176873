//! `AWS::ApiGateway::GatewayResponse`: what API Gateway answers by itself.
//!
//! Invariant: each has the body and the headers that answers of our functions have.

use contract::problem::{self, Problem};
use contract::{ErrorCode, header};
use serde_json::{Map, Value as Json, json};

use crate::resource::{Properties, Resource};
use crate::rest_api::RestApiHandle;
use crate::settings::origins::Origins;

/// An answer of the gateway's own.
#[derive(Clone, Debug)]
pub struct GatewayResponse {
    pub api: RestApiHandle,
    pub to: Refusal,
    /// Whose pages may read it.
    pub origins: Origins,
}

/// Why the gateway answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The authorizer knows no such key, or there is no token.
    Unauthorized,
    /// The token is too old.
    ExpiredToken,
    /// The authorizer said no.
    AccessDenied,
    /// No such path. API Gateway calls it so because it looks for a signature then.
    MissingAuthenticationToken,
    /// No such path, for a call with a header that could have been a signature.
    InvalidSignature,
    /// No such path below one that exists.
    ResourceNotFound,
    /// Too many calls at once.
    Throttled,
    /// A usage plan's calls are used up.
    QuotaExceeded,
    /// The body is not what the method takes.
    BadRequestBody,
    /// A parameter is not what the method takes.
    BadRequestParameters,
    /// Any other refusal.
    Default4xx,
    /// The authorizer failed.
    AuthorizerFailure,
    /// The authorizer answered what is not a policy.
    AuthorizerConfigurationError,
    /// The function did not answer in time.
    IntegrationTimeout,
    /// Any other failure.
    Default5xx,
}

/// Seconds after which a throttled call may come again: the gateway's bucket is refilled each second.
const RETRY_AFTER: &str = "'1'";

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Unauthorized,
        Self::ExpiredToken,
        Self::AccessDenied,
        Self::MissingAuthenticationToken,
        Self::InvalidSignature,
        Self::ResourceNotFound,
        Self::Throttled,
        Self::QuotaExceeded,
        Self::BadRequestBody,
        Self::BadRequestParameters,
        Self::Default4xx,
        Self::AuthorizerFailure,
        Self::AuthorizerConfigurationError,
        Self::IntegrationTimeout,
        Self::Default5xx,
    ];

    /// The refusal's name in logical ids.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Unauthorized => "Unauthorized",
            Self::ExpiredToken => "ExpiredToken",
            Self::AccessDenied => "AccessDenied",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::InvalidSignature => "InvalidSignature",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::Throttled => "Throttled",
            Self::QuotaExceeded => "QuotaExceeded",
            Self::BadRequestBody => "BadRequestBody",
            Self::BadRequestParameters => "BadRequestParameters",
            Self::Default4xx => "Default4xx",
            Self::AuthorizerFailure => "AuthorizerFailure",
            Self::AuthorizerConfigurationError => "AuthorizerConfigurationError",
            Self::IntegrationTimeout => "IntegrationTimeout",
            Self::Default5xx => "Default5xx",
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Unauthorized => "UNAUTHORIZED",
            Self::ExpiredToken => "EXPIRED_TOKEN",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::MissingAuthenticationToken => "MISSING_AUTHENTICATION_TOKEN",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::ResourceNotFound => "RESOURCE_NOT_FOUND",
            Self::Throttled => "THROTTLED",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::BadRequestBody => "BAD_REQUEST_BODY",
            Self::BadRequestParameters => "BAD_REQUEST_PARAMETERS",
            Self::Default4xx => "DEFAULT_4XX",
            Self::AuthorizerFailure => "AUTHORIZER_FAILURE",
            Self::AuthorizerConfigurationError => "AUTHORIZER_CONFIGURATION_ERROR",
            Self::IntegrationTimeout => "INTEGRATION_TIMEOUT",
            Self::Default5xx => "DEFAULT_5XX",
        }
    }

    /// The error's code and message.
    const fn problem(self) -> (ErrorCode, &'static str) {
        match self {
            Self::Unauthorized | Self::ExpiredToken => {
                (ErrorCode::Unauthorized, "The request has no valid credentials.")
            }
            Self::AccessDenied => (ErrorCode::Forbidden, "This is not yours to see."),
            Self::MissingAuthenticationToken | Self::InvalidSignature | Self::ResourceNotFound => {
                (ErrorCode::NotFound, "There is no such path.")
            }
            Self::Throttled => (ErrorCode::Throttled, "Too many calls at once. Please try again in a second."),
            Self::QuotaExceeded => (ErrorCode::QuotaExceeded, "The quota of this period is used up."),
            Self::BadRequestBody => (ErrorCode::BadRequest, "The body cannot be understood."),
            Self::BadRequestParameters => (ErrorCode::BadRequest, "A parameter cannot be understood."),
            Self::Default4xx => (ErrorCode::BadRequest, "The request cannot be answered."),
            Self::AuthorizerFailure | Self::AuthorizerConfigurationError | Self::Default5xx => {
                (ErrorCode::InternalError, "Something went wrong on our side. Please try again.")
            }
            Self::IntegrationTimeout => (ErrorCode::Timeout, "The answer took too long. Please try again."),
        }
    }

    /// The status; nothing for what keeps the one it has.
    fn status(self) -> Option<u16> {
        (self != Self::Default4xx).then(|| self.problem().0.status())
    }
}

impl Resource for GatewayResponse {
    const TYPE: &'static str = "AWS::ApiGateway::GatewayResponse";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { api, to, origins } = self;
        let ((code, message), status) = (to.problem(), to.status());
        let fixed = |text: &str| json!(format!("'{text}'"));
        let mut headers = Map::new();
        let mut header = |name: &str, value| headers.insert(format!("gatewayresponse.header.{name}"), value);
        header("X-Request-Id", json!("context.requestId"));
        header("Content-Type", fixed(problem::CONTENT_TYPE));
        for (name, value) in header::ALWAYS.into_iter().chain([(header::CACHE_CONTROL, header::NO_STORE)]) {
            header(name, fixed(value));
        }
        if status == Some(429) {
            header("Retry-After", json!(RETRY_AFTER));
        }
        if let Some(origin) = origins.for_everyone() {
            header("Access-Control-Allow-Origin", fixed(origin));
            header("Access-Control-Expose-Headers", fixed(header::READ_BY_PAGES));
        }
        let body = match status {
            Some(_) => Problem::new(code, message),
            None => Problem::of_some_status(code, message),
        };
        Properties::of(json!({
            "RestApiId": api.id(),
            "ResponseType": to.kind(),
            "StatusCode": status.map(|status| status.to_string()),
            "ResponseParameters": Json::Object(headers),
            "ResponseTemplates": {"application/json": json!(body).to_string()},
        }))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        let status = self.to.status().map_or_else(|| "its own status".into(), |status| status.to_string());
        format!("{} is {status} {}", self.to.kind(), self.to.problem().0.as_str())
    }
}
