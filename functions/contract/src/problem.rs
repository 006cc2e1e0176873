//! Errors of the API, whoever answers: our functions, or the gateway by itself.
//!
//! Invariant: a code has one status and one title; the body is RFC 9457's, with the code and the message beside it.

use serde::Serialize;

/// The media type of an error (RFC 9457, 4).
pub const CONTENT_TYPE: &str = "application/problem+json";

/// What went wrong, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Something in the request cannot be understood.
    BadRequest,
    /// No credentials, or none that are good.
    Unauthorized,
    /// Not the caller's to see.
    Forbidden,
    /// No such path, or nobody of that name.
    NotFound,
    /// No calls left in this period.
    QuotaExceeded,
    /// Too many calls at once.
    Throttled,
    /// Our own fault.
    InternalError,
    /// No answer in time.
    Timeout,
}

/// The body of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem<'a> {
    #[serde(rename = "type")]
    problem_type: &'static str,
    title: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    detail: &'a str,
    error: CodeAndMessage<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct CodeAndMessage<'a> {
    code: &'static str,
    message: &'a str,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 8] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::QuotaExceeded,
        Self::Throttled,
        Self::InternalError,
        Self::Timeout,
    ];

    /// Its spelling in an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Throttled => "throttled",
            Self::InternalError => "internal_error",
            Self::Timeout => "timeout",
        }
    }

    /// The status of an answer with it.
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::QuotaExceeded | Self::Throttled => 429,
            Self::InternalError => 500,
            Self::Timeout => 504,
        }
    }

    /// The phrase of its status, which is the title of a problem that has no page of its own (RFC 9457, 4.2.1).
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "Bad Request",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::QuotaExceeded | Self::Throttled => "Too Many Requests",
            Self::InternalError => "Internal Server Error",
            Self::Timeout => "Gateway Timeout",
        }
    }
}

impl<'a> Problem<'a> {
    /// The body of an answer with a code and its status, in words for people.
    pub const fn new(code: ErrorCode, message: &'a str) -> Self {
        Self { status: Some(code.status()), ..Self::of_some_status(code, message) }
    }

    /// The body where another decides on the status.
    pub const fn of_some_status(code: ErrorCode, message: &'a str) -> Self {
        let error = CodeAndMessage { code: code.as_str(), message };
        Self { problem_type: "about:blank", title: code.title(), status: None, detail: message, error }
    }
}
