//! How long each step of a call may take.
//!
//! Invariant: whatever hangs, a call is answered within [`WHOLE`]; Lambda's own time-out lies far above.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use store::table::TableError;

/// The longest way through a call.
pub const WHOLE: Duration = Duration::from_secs(2);
/// Tries of a request. The steps bound them by time; what fails at once leaves enough of it for a third.
const TRIES: u32 = 3;

/// How long each step is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Looking up the key. A cold start makes its connections here.
    pub(super) key: Duration,
    /// Reading the user and, at the same time, what they have used.
    pub(super) usage: Duration,
    /// Passing the gate.
    pub(super) gate: Duration,
    /// Giving the events to the stream.
    pub(super) stream: Duration,
    /// Keeping in the journal what the stream did not take.
    pub(super) journal: Duration,
    /// Counting in one transaction, in synchronous mode: instead of the gate and the stream.
    pub(super) transaction: Duration,
}

impl Bounds {
    /// Those of a call that somebody waits for.
    pub const OF_A_CALL: Self = Self {
        key: Duration::from_millis(700),
        usage: Duration::from_millis(350),
        gate: Duration::from_millis(200),
        stream: Duration::from_millis(400),
        journal: Duration::from_millis(300),
        transaction: Duration::from_millis(400),
    };
}

const _: () = {
    let Bounds { key, usage, gate, stream, journal, transaction } = Bounds::OF_A_CALL;
    let both = key.as_millis() + usage.as_millis() + gate.as_millis() + journal.as_millis();
    assert!(both + stream.as_millis() < WHOLE.as_millis());
    assert!(both + transaction.as_millis() < WHOLE.as_millis());
};

/// What a step on a table came to within its bound. The step lies on the heap, so that a call for which nothing is to
/// be read carries no request's state about.
pub(super) fn within<T>(
    bound: Duration,
    step: impl Future<Output = Result<T, TableError>>,
) -> impl Future<Output = Result<T, StepError>> {
    let step = tokio::time::timeout(bound, Box::pin(step));
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
    let timeout = TimeoutConfig::builder().operation_attempt_timeout(Bounds::OF_A_CALL.usage).build();
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
