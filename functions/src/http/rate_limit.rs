//! What is left of a caller's quota, in headers (draft-ietf-httpapi-ratelimit-headers-11).
//!
//! Invariant: they repeat what the authorizer decided by, so that they cannot contradict the answer beside them.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::http::{HeaderName, HeaderValue};
use contract::{header, variable};
use jiff::Timestamp;
use metering::quota::Quota;
use metering::window::Month;

use super::{authorizer_field, context};

/// Whether answers to calls with a key have the headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimitHeaders {
    /// They have.
    Shown,
    /// They have not: the draft is no standard yet.
    Hidden,
}

impl RateLimitHeaders {
    /// As the function's variable says: shown where it is set.
    pub fn from_environment() -> Self {
        match std::env::var_os(variable::RATE_LIMIT_HEADERS) {
            Some(_) => Self::Shown,
            None => Self::Hidden,
        }
    }

    /// Adds the headers to the answer to a call, where its quota is known.
    pub fn describe(self, request: &ApiGatewayProxyRequest, response: &mut ApiGatewayProxyResponse, now: Timestamp) {
        let number = |name| authorizer_field(request, name).and_then(|text| text.parse::<u64>().ok());
        let (Self::Shown, Some(limit), Some(used)) = (self, number(context::QUOTA_LIMIT), number(context::QUOTA_USED))
        else {
            return;
        };
        let (month, left) = (Month::of(now), Quota { used, limit }.remaining());
        let window = month.end().duration_since(month.start()).as_secs();
        let reset = month.end().duration_since(now).as_secs();
        for (name, value) in [
            (header::RATE_LIMIT_POLICY, format!("\"month\";q={limit};w={window}")),
            (header::RATE_LIMIT, format!("\"month\";r={left};t={reset}")),
        ] {
            let header = name.parse::<HeaderName>().ok().zip(HeaderValue::from_str(&value).ok());
            response.headers.extend(header);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn described(headers: RateLimitHeaders, authorizer: Value) -> Vec<Option<String>> {
        let event = json!({
            "httpMethod": "GET", "requestContext": { "httpMethod": "GET", "authorizer": authorizer },
        });
        let mut response = ApiGatewayProxyResponse::default();
        headers.describe(
            &serde_json::from_value(event).unwrap(),
            &mut response,
            "2026-11-26T16:00:00.5Z".parse().unwrap(),
        );
        let value = |name| response.headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
        ["ratelimit-policy", "ratelimit"].map(value).to_vec()
    }

    #[test]
    fn a_caller_is_told_the_quota_what_is_left_of_it_and_for_how_long() {
        let quota = |used: &str| json!({ "quotaLimit": "10000", "quotaUsed": used });
        let policy = Some("\"month\";q=10000;w=2592000".to_owned());
        for (used, left) in [("1877", "8123"), ("10000", "0"), ("10007", "0")] {
            let expected = vec![policy.clone(), Some(format!("\"month\";r={left};t=374399"))];
            assert_eq!(described(RateLimitHeaders::Shown, quota(used)), expected);
        }
        assert_eq!(described(RateLimitHeaders::Hidden, quota("1")), [None, None]);
        assert_eq!(described(RateLimitHeaders::Shown, json!({ "quotaUsed": "1" })), [None, None]);
    }
}
