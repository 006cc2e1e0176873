//! Which web pages may read answers in a browser (CORS, Fetch Standard).
//!
//! Invariant: only a page of a configured origin is told that it may; nobody is asked for cookies.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, ORIGIN, VARY,
};
use aws_lambda_events::http::{HeaderValue, Method};
use contract::{header, variable};

use super::answer::add;
use super::{answered, base_headers};

/// The origins whose pages may read answers, such as `https://app.example.com`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// The origins that the function's variable lists, with spaces between them; none where it is not set.
    pub fn from_environment() -> Self {
        Self::parse(&std::env::var(variable::CORS_ORIGINS).unwrap_or_default())
    }

    fn parse(list: &str) -> Self {
        Self(list.split_whitespace().map(str::to_owned).collect())
    }

    /// The answer to a request: to a browser's question beforehand at once, else `answer`, which the page may read.
    pub async fn answer(
        &self,
        request: &ApiGatewayProxyRequest,
        answer: impl Future<Output = ApiGatewayProxyResponse>,
    ) -> ApiGatewayProxyResponse {
        let is_preflight = request.http_method == Method::OPTIONS;
        let mut response = if is_preflight { answered(204, base_headers(request), None) } else { answer.await };
        let headers = &mut response.headers;
        if is_preflight {
            headers.remove(CONTENT_TYPE);
        }
        if self.0.is_empty() {
            return response;
        }
        add(headers, VARY, "Origin");
        let Some(origin) = request.headers.get(ORIGIN).filter(|origin| self.0.iter().any(|own| own == *origin)) else {
            return response;
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if is_preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(header::ASKED_BY_PAGES));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(header::PREFLIGHT_SECONDS));
        } else {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(header::READ_BY_PAGES));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::{Answer, respond};

    const OWN: &str = "https://app.example.com";

    async fn answer(origins: &str, method: &str, origin: &str) -> ApiGatewayProxyResponse {
        let event = json!({
            "httpMethod": method, "requestContext": { "httpMethod": method, "requestId": "r-1" },
            "headers": { "Origin": origin },
        });
        let request = serde_json::from_value(event).unwrap();
        let answer = async { respond(&request, Ok(Answer::text("{}".into()))) };
        Origins::parse(origins).answer(&request, answer).await
    }

    fn header<'a>(response: &'a ApiGatewayProxyResponse, name: &str) -> Option<&'a str> {
        response.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[tokio::test]
    async fn a_page_of_a_configured_origin_may_ask_and_read() {
        let origins = format!("https://other.example.com {OWN}");
        let preflight = answer(&origins, "OPTIONS", OWN).await;
        assert_eq!((preflight.status_code, header(&preflight, "access-control-allow-origin")), (204, Some(OWN)));
        assert!(header(&preflight, "access-control-allow-headers").unwrap().contains("Authorization"));
        let read = answer(&origins, "GET", OWN).await;
        assert_eq!((read.status_code, header(&read, "access-control-allow-origin")), (200, Some(OWN)));
        assert!(header(&read, "access-control-expose-headers").unwrap().contains("ETag"));
        assert_eq!(header(&read, "vary"), Some("Origin"));
    }

    #[tokio::test]
    async fn any_other_page_is_told_nothing() {
        for (origins, origin) in [
            (OWN, "https://app.example.com.evil.example"),
            (OWN, "http://app.example.com"),
            (OWN, "null"),
            (OWN, ""),
            ("", OWN),
            ("*", OWN),
        ] {
            for method in ["OPTIONS", "GET"] {
                let response = answer(origins, method, origin).await;
                let invited: Vec<_> =
                    response.headers.keys().filter(|name| name.as_str().starts_with("access")).collect();
                assert!(invited.is_empty(), "{origins} {method} {origin}: {invited:?}");
            }
        }
    }
}
