//! Ctrl-C in the middle of a command that changes something.
//!
//! Invariant: nothing further is begun after it, and the user hears what goes on without us.

use std::future::{Future, pending};

use anyhow::Result;
use tokio::sync::watch;
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

/// Ctrl-C as it is counted, for a command that brings its work to an end in order.
#[derive(Clone, Debug)]
pub struct Interrupts(watch::Receiver<u32>);

impl Interrupts {
    /// Listens from now on; until then the first one ends this process at once.
    pub fn listen() -> Self {
        let (count, counted) = watch::channel(0);
        tokio::spawn(async move {
            // Where the system cannot tell of it, it never comes.
            while tokio::signal::ctrl_c().await.is_ok() {
                count.send_modify(|count| *count += 1);
            }
            pending::<()>().await;
        });
        Self(counted)
    }

    /// Whether one has come.
    pub fn has_come(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until so many have come.
    pub async fn come(&mut self, times: u32) {
        if self.0.wait_for(|count| *count >= times).await.is_err() {
            pending().await
        }
    }
}
