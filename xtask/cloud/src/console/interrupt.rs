//! Ctrl-C in the middle of a command that changes something.
//!
//! Invariant: nothing further is begun after it, and the user hears what goes on without us.

use std::future::Future;

use anyhow::Result;
use xtask::Failure;

/// Does the work, unless Ctrl-C comes first.
///
/// # Errors
/// The work's own, or that it was interrupted.
pub async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        stopped = tokio::signal::ctrl_c() => {
            stopped?;
            Err(Failure::new("interrupted: nothing further is begun, but CloudFormation finishes what it has begun")
                .hint("run the same command again: it picks up where the stacks are")
                .hint("a stack that is being updated can be taken back: aws cloudformation cancel-update-stack --stack-name STACK")
                .into())
        }
    }
}
