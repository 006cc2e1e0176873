//! How long each step of a call may take.
//!
//! Invariant: whatever hangs, a call is answered within [`WHOLE`]; Lambda's own time-out lies far above.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use store::table::TableError;

/// Looking up the key. A cold start makes its connections here.
pub(super) const KEY: Duration = Duration::from_millis(700);
/// Reading the user and, at the same time, what they have used.
pub(super) const USAGE: Duration = Duration::from_millis(350);
/// Passing the gate.
pub(super) const GATE: Duration = Duration::from_millis(200);
/// Giving the events to the stream.
pub(super) const STREAM: Duration = Duration::from_millis(400);
/// Keeping in the journal what the stream did not take.
pub(super) const JOURNAL: Duration = Duration::from_millis(300);
/// Counting in one transaction, in synchronous mode: instead of [`GATE`] and [`STREAM`].
pub(super) const TRANSACTION: Duration = Duration::from_millis(400);
/// The longest way through a call.
pub const WHOLE: Duration = Duration::from_secs(2);
/// Tries of a request. The steps bound them by time; what fails at once leaves enough of it for a third.
const TRIES: u32 = 3;

const _: () = {
    let stream = KEY.as_millis() + USAGE.as_millis() + GATE.as_millis() + STREAM.as_millis() + JOURNAL.as_millis();
    let synchronous =
        KEY.as_millis() + USAGE.as_millis() + TRANSACTION.as_millis() + GATE.as_millis() + JOURNAL.as_millis();
    assert!(stream < WHOLE.as_millis() && synchronous < WHOLE.as_millis());
};

/// Tests run a whole DynamoDB beside fifty calls in one unoptimized thread: they are given more time.
const PATIENCE: u32 = if cfg!(test) { 50 } else { 1 };

/// How long a step is waited for here.
pub(super) const fn patient(bound: Duration) -> Duration {
    bound.saturating_mul(PATIENCE)
}

/// What a step on a table came to within its bound. The step lies on the heap, so that a call for which nothing is to
/// be read carries no request's state about.
pub(super) fn within<T>(
    bound: Duration,
    step: impl Future<Output = Result<T, TableError>>,
) -> impl Future<Output = Result<T, StepError>> {
    let step = tokio::time::timeout(patient(bound), Box::pin(step));
    async move {
        match step.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(StepError::Failed(error)),
            Err(_) => Err(StepError::Late(bound)),
        }
    }
}

/// A step that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    /// It failed.
    #[error(transparent)]
    Failed(#[from] TableError),
    /// It was given up.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
}

/// A DynamoDB client whose requests are given up in time for another try.
pub fn tables(config: &SdkConfig) -> Client {
    let timeout = TimeoutConfig::builder().operation_attempt_timeout(USAGE).build();
    let config = aws_sdk_dynamodb::config::Builder::from(config).retry_config(retry()).timeout_config(timeout);
    Client::from_conf(config.build())
}

/// How its requests are tried again.
pub(super) fn retry() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(TRIES)
        .with_initial_backoff(Duration::from_millis(10))
        .with_max_backoff(Duration::from_millis(50))
}
