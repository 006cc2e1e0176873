//! What AWS answered, in words for people.
//!
//! Invariant: the service's own code and message are kept; a hint is added where the cure is known.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use store::table::TableError;
use xtask::Failure;

use super::reach::unreachable;

/// Beneath an error that may pass by itself: AWS throttles, or cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("this may pass")]
pub struct Transient;

/// Turns an SDK error into one for people: `cannot {what}: {code}: {message}`, with [`Transient`] beneath where it may pass.
pub fn failed_to<E>(what: impl AsRef<str>) -> impl FnOnce(SdkError<E, HttpResponse>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| {
        let what = what.as_ref();
        let code = error.code();
        let text = match (code, error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => match (unreachable(&error), error.raw_response()) {
                (Some(unreachable), _) => unreachable.to_string(),
                (None, Some(answer)) => answered(code, answer),
                (None, None) => unanswered(&DisplayErrorContext(&error).to_string()),
            },
        };
        let failure = Failure::new(format!("cannot {what}: {text}"));
        let failure = match hint(code.unwrap_or_default(), &text) {
            Some(hint) => failure.hint(hint),
            None if code.is_none() && error.raw_response().is_some() => failure.hint(NOT_AWS),
            None => failure,
        };
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        if is_transient(code, status, &text) { anyhow::Error::new(Transient).context(failure) } else { failure.into() }
    }
}

/// Turns an error of a table into one for people, in DynamoDB's own words where it said any.
pub fn table_failed_to(what: impl AsRef<str>) -> impl FnOnce(TableError) -> anyhow::Error {
    move |error| {
        let whole = error.to_string();
        let status = match without_credentials(&whole) {
            None if error.code().is_none() => status_in(&whole),
            _ => None,
        };
        let text = match (error.code(), error.message(), status) {
            (Some(code), Some(message), _) => format!("{code}: {message}"),
            (_, _, Some(status)) => format!("the answer is HTTP {status} and not one of DynamoDB's"),
            _ => unanswered(&whole),
        };
        let failure = Failure::new(format!("cannot {}: {text}", what.as_ref()));
        match hint(error.code().unwrap_or_default(), &text) {
            Some(hint) => failure.hint(hint).into(),
            None if status.is_some() => failure.hint(NOT_AWS).into(),
            None => failure.into(),
        }
    }
}

/// The status of an answer, from the SDK's rendering of an error, which is all that a store keeps of it.
fn status_in(rendered: &str) -> Option<u16> {
    rendered.split_once("StatusCode(")?.1.split_once(')')?.0.parse().ok()
}

/// What a table's store answered; `None` where there is no such table.
///
/// # Errors
/// As [`table_failed_to`], for every other refusal.
pub fn table_found<T>(asked: Result<T, TableError>, what: impl AsRef<str>) -> anyhow::Result<Option<T>> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(table_failed_to(what)(error)),
    }
}

/// What a call answered; `None` where the service says that what it asks for is not there.
///
/// # Errors
/// As [`failed_to`], for every other refusal.
pub fn found<T, E>(asked: Result<T, SdkError<E, HttpResponse>>, what: impl AsRef<str>) -> anyhow::Result<Option<T>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed_to(what)(error)),
    }
}

/// Somebody else began to change the stack after it was looked at, so it has to be looked at again.
#[derive(Debug, thiserror::Error)]
#[error("another deploy was first")]
pub struct Conflict;

/// As [`failed_to`], with [`Conflict`] beneath where that is why.
pub fn conflict<E>(what: impl AsRef<str>) -> impl FnOnce(SdkError<E, HttpResponse>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| {
        let is_conflict = match error.code() {
            // The last is said of a stack that was to be made, and that another deploy has made meanwhile.
            Some("InvalidChangeSetStatus" | "ChangeSetNotFound" | "AlreadyExistsException") => true,
            Some("ValidationError") => error.message().is_some_and(|message| {
                message.contains("_IN_PROGRESS state") || message.contains("already exists and cannot be created again")
            }),
            _ => false,
        };
        let failure = failed_to(what)(error);
        if is_conflict { anyhow::Error::new(Conflict).context(failure) } else { failure }
    }
}

/// What to do about an answer that no service of AWS gives.
const NOT_AWS: &str = "AWS does not answer so: check --endpoint-url and proxies in between; if it is AWS, run it again";
/// How much of such an answer is repeated, in characters.
const MAX_REPEATED: usize = 80;

/// An answer without AWS's words in it: its status, and how it begins.
fn answered(code: Option<&str>, answer: &HttpResponse) -> String {
    let status = answer.status().as_u16();
    if let Some(code) = code {
        return format!("{code} (HTTP {status})");
    }
    let body = String::from_utf8_lossy(answer.body().bytes().unwrap_or_default());
    let begins: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_REPEATED).collect();
    match begins.as_str() {
        "" => format!("the answer is HTTP {status} with nothing in it"),
        begins => {
            format!("the answer is HTTP {status} and not one of AWS's; it begins with `{}`", begins.escape_debug())
        }
    }
}

fn is_transient(code: Option<&str>, status: Option<u16>, text: &str) -> bool {
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
        None => match status {
            Some(status) => status >= 500 || status == 429,
            None => {
                let broken = ["dispatch failure", "timeout", "response error"];
                !text.contains("credentials") && broken.iter().any(|broken| text.contains(broken))
            }
        },
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

/// Why nothing was answered, from the SDK's rendering of an error.
fn unanswered(rendered: &str) -> String {
    without_credentials(rendered).unwrap_or_else(|| short(rendered).to_owned())
}

/// Why there are no credentials, where that is what the SDK's rendering of an error says: then AWS was not asked, and an
/// answer in it is of the place that was to have them.
fn without_credentials(rendered: &str) -> Option<String> {
    if rendered.contains("the credential provider was not enabled") {
        return Some("there are no credentials".to_owned());
    }
    let (_, why) = rendered.split_once("an error occurred while loading credentials: ")?;
    Some(format!("the credentials cannot be read: {}", short(why).trim_end_matches('.')))
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
    if text.contains("dispatch failure") || text.contains("nothing answers at") {
        return Some(
            "check the network, --region and --endpoint-url (or AWS_ENDPOINT_URL); `cargo xtask local` starts one",
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Connection;
    use runtime_fixture::fake::{self, Answer};

    /// What is said of an answer that three services of different protocols give.
    async fn said_of(status: u16, body: &'static str) -> [String; 3] {
        let connection =
            Connection::to_fake(&fake::start(move |_, _| Answer(status, body.to_owned()))).without_retries();
        let account = connection.account().await.map(|_| ());
        let table = connection.dynamodb().describe_table().table_name("t").send().await;
        let table = table.map(|_| ()).map_err(failed_to("look at the table"));
        let bucket = connection.s3().list_buckets().send().await.map(|_| ()).map_err(failed_to("list the buckets"));
        [account, table, bucket].map(|answer| {
            let error = answer.expect_err("nobody of AWS answers so");
            let hints: Vec<_> = xtask::failure::failures(&error).iter().flat_map(|failure| failure.hints()).collect();
            format!("{error:#}; {hints:?}")
        })
    }

    #[tokio::test]
    async fn an_answer_that_is_not_of_aws_is_told_by_its_status_and_beginning() {
        for said in said_of(500, "").await {
            assert!(said.contains("the answer is HTTP 500 with nothing in it: this may pass; "), "{said}");
            assert!(said.starts_with("cannot ") && said.contains("check --endpoint-url"), "{said}");
        }
        for said in said_of(403, "<html>\n <body>Blocked by \u{1b}[1mproxy").await {
            let begins =
                r"the answer is HTTP 403 and not one of AWS's; it begins with `<html> <body>Blocked by \u{1b}[1mproxy`";
            assert!(said.contains(begins) && !said.contains("this may pass"), "{said}");
        }
        for said in said_of(404, r#"{"detail":"Not Found"}"#).await {
            assert!(said.contains("the answer is HTTP 404 and not one of AWS's"), "{said}");
        }
    }

    #[tokio::test]
    async fn of_a_table_it_is_told_in_the_same_way() {
        for (status, body) in [(500, ""), (200, "<html>")] {
            let connection =
                Connection::to_fake(&fake::start(move |_, _| Answer(status, body.to_owned()))).without_retries();
            let table = store::table::Table::new(connection.dynamodb(), "keys");
            let asked = store::keys::Keys::new(table).keys_of(&"a@example.com".parse().unwrap()).await;
            let error = asked.map_err(table_failed_to("list the keys")).unwrap_err();
            let expected = format!("cannot list the keys: the answer is HTTP {status} and not one of DynamoDB's");
            assert_eq!(error.to_string(), expected);
            assert_eq!(xtask::failure::failures(&error)[0].hints(), [NOT_AWS]);
        }
    }

    #[tokio::test]
    async fn the_words_of_aws_are_kept() {
        let answer = |_: &str, _: &str| Answer::refusal("AccessDenied", "not you (really)");
        let error = Connection::to_fake(&fake::start(answer)).account().await.unwrap_err();
        assert_eq!(error.to_string(), "cannot find out the account: AccessDenied: not you (really)");
    }
}
