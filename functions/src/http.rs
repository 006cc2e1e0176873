//! Answers of the functions behind API Gateway: headers, error bodies, and the one way in for a caller with a key.
//! A person with a bearer token comes in through [`viewer`].
//!
//! Invariant: a key-protected handler takes a [`Caller`], which only [`guarded`] makes, so none can forget the quota;
//! what went wrong inside is logged and never sent.

use std::fmt::Display;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use aws_lambda_events::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use aws_lambda_events::http::{HeaderMap, HeaderName, HeaderValue, Method};
use contract::problem::{self, Problem};
use contract::{ErrorCode, Route, header};
use metering::report::BadParameter;
use serde_json::Value;
use store::table::TableError;

pub use self::answer::{Answer, Freshness};
pub use self::etag::ETag;

mod answer;
pub mod cors;
mod etag;
pub mod parameters;
pub mod rate_limit;
mod token;
pub mod viewer;

/// What the authorizer tells the function behind it. API Gateway passes every value on as a string.
pub mod context {
    /// E-mail address of the key's owner.
    pub const USER_EMAIL: &str = "userEmail";
    /// The owner's company, where one is known.
    pub const COMPANY_NAME: &str = "companyName";
    /// Id of the key.
    pub const API_KEY_ID: &str = "apiKeyId";
    /// The id of the call's event, by which the access log is read.
    pub const CALL_ID: &str = contract::access_log::CALL_ID;
    /// Whether the call is within the quota: [`EXCEEDED`] if it is not.
    pub const QUOTA: &str = contract::access_log::QUOTA;
    /// The value of [`QUOTA`] for a call over it.
    pub const EXCEEDED: &str = "exceeded";
    /// Seconds until the quota begins anew, with a call over it.
    pub const RETRY_AFTER: &str = "retryAfter";
    /// Calls of the owner in the period.
    pub const QUOTA_LIMIT: &str = "quotaLimit";
    /// Calls of the owner in the period so far, this one included.
    pub const QUOTA_USED: &str = "quotaUsed";
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// `Retry-After` where the authorizer named no number of seconds.
const DEFAULT_RETRY_AFTER: u64 = 60;

/// Someone with a valid key and calls left. Only [`guarded`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    user_email: String,
    company_name: Option<String>,
    api_key_id: Option<String>,
}

/// Why a request has no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// 400: a parameter cannot be understood; the message names it.
    #[error("{0}")]
    BadRequest(String),
    /// 401: no credentials, or none that are good.
    #[error("no valid credentials")]
    Unauthorized,
    /// 403: not the caller's to see.
    #[error("not allowed for this caller")]
    Forbidden,
    /// 404: no such path.
    #[error("no such path")]
    NotFound,
    /// 404: nobody has that name.
    #[error("no such user")]
    NoSuchUser,
    /// 429: no calls left in this period.
    #[error("the quota of this period is used up")]
    QuotaExceeded {
        /// Seconds until there are calls again.
        retry_after: u64,
    },
    /// 500: our own fault. The text is for the log only.
    #[error("{0}")]
    Internal(String),
}

impl Caller {
    /// E-mail address of the key's owner.
    pub fn user_email(&self) -> &str {
        &self.user_email
    }

    /// The owner's company, where one is known.
    pub fn company_name(&self) -> Option<&str> {
        self.company_name.as_deref()
    }

    /// Id of the key.
    pub fn api_key_id(&self) -> Option<&str> {
        self.api_key_id.as_deref()
    }
}

impl From<BadParameter> for Failure {
    fn from(bad: BadParameter) -> Self {
        Self::BadRequest(bad.message)
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        Self::internal(error)
    }
}

impl Failure {
    /// Our own fault, with its cause for the log.
    pub fn internal(cause: impl Display) -> Self {
        Self::Internal(cause.to_string())
    }

    const fn code(&self) -> ErrorCode {
        match self {
            Self::BadRequest(_) => ErrorCode::BadRequest,
            Self::Unauthorized => ErrorCode::Unauthorized,
            Self::Forbidden => ErrorCode::Forbidden,
            Self::NotFound | Self::NoSuchUser => ErrorCode::NotFound,
            Self::QuotaExceeded { .. } => ErrorCode::QuotaExceeded,
            Self::Internal(_) => ErrorCode::InternalError,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::BadRequest(message) => message.clone(),
            Self::Unauthorized => "The request has no valid credentials.".into(),
            Self::Forbidden => "This is not yours to see.".into(),
            Self::NotFound => "There is no such path.".into(),
            Self::NoSuchUser => "There is no such user.".into(),
            Self::QuotaExceeded { retry_after } => {
                format!("The quota of this month is used up. It begins anew in {retry_after} seconds.")
            }
            Self::Internal(_) => "Something went wrong on our side. Please try again.".into(),
        }
    }
}

/// The answer to a call with an API key: `handler`'s, unless the authorizer found no user or no calls left.
pub async fn guarded<H, F>(request: &ApiGatewayProxyRequest, handler: H) -> ApiGatewayProxyResponse
where
    H: FnOnce(Caller) -> F,
    F: Future<Output = Result<Answer, Failure>>,
{
    let outcome = match admit(request) {
        Ok(caller) => handler(caller).await,
        Err(failure) => Err(failure),
    };
    respond(request, outcome)
}

fn admit(request: &ApiGatewayProxyRequest) -> Result<Caller, Failure> {
    let field = |name| authorizer_field(request, name);
    // Without a user no authorizer stood before this route, and nobody was counted.
    let user_email = field(context::USER_EMAIL).filter(|email| !email.is_empty()).ok_or(Failure::Unauthorized)?;
    if field(context::QUOTA).as_deref() == Some(context::EXCEEDED) {
        let retry_after = field(context::RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        return Err(Failure::QuotaExceeded { retry_after: retry_after.unwrap_or(DEFAULT_RETRY_AFTER).max(1) });
    }
    Ok(Caller { user_email, company_name: field(context::COMPANY_NAME), api_key_id: field(context::API_KEY_ID) })
}

fn authorizer_field(request: &ApiGatewayProxyRequest, name: &str) -> Option<String> {
    match request.request_context.authorizer.fields.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// The answer with an outcome: its status, its body, and the headers that every answer has.
pub fn respond(request: &ApiGatewayProxyRequest, outcome: Result<Answer, Failure>) -> ApiGatewayProxyResponse {
    let mut headers = base_headers(request);
    match outcome {
        Ok(Answer { body, headers: own }) => {
            headers.extend(own);
            answered(if body.is_some() { 200 } else { 304 }, headers, body)
        }
        Err(failure) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
            if let Failure::QuotaExceeded { retry_after } = failure {
                headers.insert(RETRY_AFTER, HeaderValue::from(retry_after));
            }
            if let Failure::Internal(cause) = &failure {
                tracing::error!(apiRequestId = request_id(request), cause, "request failed");
            }
            let (code, message) = (failure.code(), failure.message());
            let body = serde_json::to_string(&Problem::new(code, &message)).unwrap_or_default();
            answered(code.status().into(), headers, Some(body))
        }
    }
}

/// The answer that the caller has already, if its tag is among those that the request names.
pub fn known(request: &ApiGatewayProxyRequest, etag: &ETag, freshness: Freshness) -> Option<Answer> {
    etag.known_to(request).map(|etag| Answer::not_modified().kept(&etag, freshness))
}

/// A live answer, kept by what it says; or that the caller has one that says the same, but for the moment it is of.
pub fn said(request: &ApiGatewayProxyRequest, answer: Answer, depends_on: &ETag) -> Answer {
    let Some(says) = answer.says() else { return answer.kept(depends_on, Freshness::Live) };
    let etag = depends_on.of_what(says);
    match etag.said_to(request) {
        Some(etag) => Answer::not_modified().kept(&etag, Freshness::Live),
        None => answer.kept(&etag, Freshness::Live),
    }
}

/// The headers of every answer; it is not kept, unless it says so.
fn base_headers(request: &ApiGatewayProxyRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(header::NO_STORE));
    for (name, value) in header::ALWAYS {
        headers.extend(name.parse::<HeaderName>().map(|name| (name, HeaderValue::from_static(value))));
    }
    let id = HeaderValue::from_str(request_id(request));
    headers.insert(REQUEST_ID, id.unwrap_or(HeaderValue::from_static("unknown")));
    headers
}

fn request_id(request: &ApiGatewayProxyRequest) -> &str {
    request.request_context.request_id.as_deref().unwrap_or("unknown")
}

fn answered(status_code: i64, headers: HeaderMap, body: Option<String>) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    (response.status_code, response.headers, response.body) = (status_code, headers, body.map(Body::Text));
    response
}

/// The route that a `GET` took: the resource of the API, or its path where a proxy resource takes all paths.
pub fn route(request: &ApiGatewayProxyRequest) -> Option<Route> {
    let resource = request.resource.as_deref().filter(|resource| !resource.contains('{'));
    let path = resource.or(request.path.as_deref()).unwrap_or_default();
    (request.http_method == Method::GET).then(|| Route::of_path(path)).flatten()
}

#[cfg(test)]
mod tests;
