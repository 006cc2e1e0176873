//! What AWS answered, in words for people.
//!
//! Invariant: the service's own code and message are kept; a hint is added where the cure is known.

use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use xtask::Failure;

/// Turns an SDK error into one for people: `cannot {what}: {code}: {message}`.
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
        match hint(code.unwrap_or_default(), &text) {
            Some(hint) => failure.hint(hint).into(),
            None => failure.into(),
        }
    }
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
