//! What is said to whoever is not admitted: the reason, and nothing by which a page could read it.
//!
//! Invariant: the answer has the form of the API's errors, and is kept by nobody.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};
use metering::hex;
use serde_json::json;

/// The body of such an answer.
pub type RefusalBody = Full<Bytes>;

/// Characters of what was sent that are said again.
const SHOWN: usize = 100;

/// Why a request gets no answer of the emulator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No `Host`, or several.
    #[error("a request says once, in `Host`, whom it is for")]
    Host,
    /// A host that is not this system.
    #[error(
        "`{}` is not this system: its host is 127.0.0.1, localhost or a name that ends in .localhost, with its own port",
        shown(.0)
    )]
    OtherHost(String),
    /// A target that is not a path.
    #[error("what is asked for is a path")]
    Target,
    /// What the emulator has beside AWS.
    #[error("the emulator's own paths are for `cargo xtask local` alone")]
    Administration,
    /// A connection of another protocol.
    #[error("the local system has no WebSocket")]
    WebSocket,
    /// A page of another origin.
    #[error("a page of `{}` may not use the local system: it is for programs of this machine and its own pages", shown(.0))]
    Origin(String),
    /// A page of another site.
    #[error(
        "a page of another site (`{}`) may not use the local system: it is for programs of this machine and its own pages",
        shown(.0)
    )]
    Site(String),
    /// The emulator is gone, or has broken off.
    #[error("the emulator does not answer: {0}")]
    NoAnswer(String),
}

impl Refusal {
    /// The answer.
    pub fn answer(&self) -> Response<RefusalBody> {
        let (status, code) = match self {
            Self::Host | Self::Target => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::NoAnswer(_) => (StatusCode::BAD_GATEWAY, "bad_gateway"),
            _ => (StatusCode::FORBIDDEN, "forbidden"),
        };
        let body = json!({"error": {"code": code, "message": self.to_string()}}).to_string();
        let mut answer = Response::new(Full::new(body.into()));
        *answer.status_mut() = status;
        let fields = answer.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let mut id = [0; 16];
        if getrandom::fill(&mut id).is_ok()
            && let Ok(id) = HeaderValue::try_from(hex::encode(&id))
        {
            fields.insert("x-request-id", id);
        }
        answer
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use serde_json::Value;

    use super::*;

    #[tokio::test]
    async fn an_answer_says_why_in_the_form_of_the_apis_errors_and_invites_nobody() {
        let answer = Refusal::Origin("https://evil.test".repeat(100)).answer();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert_eq!(answer.headers()["x-request-id"].len(), 32);
        assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["error"]["code"], "forbidden");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("a page of `https://evil.test") && message.len() < 300, "{message}");
    }
}
