//! What AWS answered, in words for people.
//!
//! Invariant: the service's own code and message are kept; a hint is added where the cure is known.

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use xtask::Failure;

/// Beneath an error that may pass by itself: AWS throttles, or cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("this may pass")]
pub struct Passing;

/// Turns an SDK error into one for people: `cannot {what}: {code}: {message}`, with [`Passing`] beneath where it may pass.
pub fn failed_to<E>(what: impl AsRef<str>) -> impl FnOnce(E) -> anyhow::Error
where
    E: ProvideErrorMetadata + std::error::Error,
{
    move |error| {
        let what = what.as_ref();
        let (code, message) = (error.code(), error.message());
        let text = match (code, message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => format!("{}", DisplayErrorContext(&error)),
        };
        let failure = Failure::new(format!("cannot {what}: {}", short(&text)));
        let failure = match hint(code.unwrap_or_default(), &text) {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
        if may_pass(code, &text) { anyhow::Error::new(Passing).context(failure) } else { failure.into() }
    }
}

fn may_pass(code: Option<&str>, text: &str) -> bool {
    match code {
        Some(
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "ServiceUnavailable"
            | "InternalFailure"
            | "InternalError"
            | "RequestTimeout",
        ) => true,
        Some(_) => false,
        None => {
            let broken = ["dispatch failure", "timeout", "response error", "unhandled error"];
            !text.contains("credentials") && broken.iter().any(|broken| text.contains(broken))
        }
    }
}

/// What an endpoint answers of an operation that it does not have.
const UNKNOWN: [&str; 6] = [
    "InvalidAction",
    "UnknownOperation",
    "UnknownOperationException",
    "NotImplemented",
    "NotImplementedException",
    "UnsupportedOperation",
];

/// Whether the endpoint does not have the call.
pub fn is_unknown_call<E: ProvideErrorMetadata>(error: &E) -> bool {
    error.code().is_some_and(|code| UNKNOWN.contains(&code))
}

/// Whether the endpoint does not have the call, or the caller may not make it: what it would do has to be done otherwise.
pub fn cannot_be_called<E: ProvideErrorMetadata>(error: &E) -> bool {
    is_unknown_call(error) || error.code().is_some_and(|code| code.starts_with("AccessDenied"))
}

/// Whether the service says that what was asked for is not there.
pub fn is_missing<E: ProvideErrorMetadata>(error: &E) -> bool {
    match error.code() {
        Some("ResourceNotFoundException" | "NoSuchBucket" | "NotFound" | "NoSuchKey" | "UserNotFoundException") => true,
        Some("ValidationError") => error.message().is_some_and(|message| message.contains("does not exist")),
        _ => false,
    }
}

/// The first line without the debug rendering that the SDK puts behind it.
fn short(text: &str) -> &str {
    text.lines().next().unwrap_or(text).split(" (").next().unwrap_or(text).trim_end()
}

fn hint(code: &str, text: &str) -> Option<&'static str> {
    match code {
        "ExpiredToken" | "ExpiredTokenException" => {
            return Some("the session has expired: sign in again (aws sso login)");
        }
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            return Some("the account's policies do not allow this: see the action named above");
        }
        "InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch" => {
            return Some("AWS does not know these credentials: check --profile and AWS_ACCESS_KEY_ID");
        }
        _ => {}
    }
    if text.contains("credentials") {
        return Some("no credentials: set --profile or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --local");
    }
    if text.contains("dispatch failure") || text.contains("Connection refused") || text.contains("tcp connect") {
        return Some(
            "nothing answers there: check the network, --region and --endpoint-url (local: cargo xtask local)",
        );
    }
    None
}
