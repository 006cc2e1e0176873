//! Keeping an event that the stream has not taken: in the journal, or in the log.
//!
//! Invariant: when [`Keeper::keep`] returns, the event is in the journal, or in a line of the log. Where the write has
//! not ended by then it goes on behind the answer, and the line says that the event may be there alone: an instance
//! that Lambda freezes ends it with its next call, and one that Lambda ends leaves the line unanswered. Only a write
//! that has failed for good is a line of an event that is nowhere else.

use std::time::Duration;

use contract::{Environment, undelivered};
use metering::event::Event;
use store::journal::Journal;
use store::table::TableError;
use tokio::sync::oneshot;

use super::bound::Bounds;

/// Writes of an entry before it is given up, each with the client's own tries. A time-out may hide a write that has
/// happened, and writing an entry again is harmless.
const WRITES: u32 = 2;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(50);

/// A journal with the log behind it.
#[derive(Clone, Debug)]
pub(super) struct Keeper {
    bounds: Bounds,
    journal: Journal,
    environment: Environment,
}

impl Keeper {
    pub(super) const fn new(bounds: Bounds, journal: Journal, environment: Environment) -> Self {
        Self { bounds, journal, environment }
    }

    /// Keeps an event.
    pub(super) async fn keep(&self, event: &Event) {
        self.keep_until(tokio::time::sleep(self.bounds.journal), event).await;
    }

    /// Keeps an event, and waits no longer for the end of its write than `bound` lasts.
    async fn keep_until(&self, bound: impl Future<Output = ()>, event: &Event) {
        let (ended, end) = oneshot::channel();
        let (keeper, own) = (self.clone(), event.clone());
        tokio::spawn(async move {
            let written = keeper.write(&own).await;
            // With nobody waiting any longer, the log is told.
            match ended.send(written) {
                Err(Ok(())) => keeper.settled(&own),
                Err(Err(cause)) => keeper.lost(&own, &cause),
                Ok(()) => {}
            }
        });
        tokio::select! {
            biased;
            end = end => match end {
                Ok(Ok(())) => {}
                Ok(Err(cause)) => self.lost(event, &cause),
                Err(_) => self.unconfirmed(event),
            },
            () = bound => self.unconfirmed(event),
        }
    }

    async fn write(&self, event: &Event) -> Result<(), TableError> {
        for _ in 1..WRITES {
            if self.journal.put(event).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.journal.put(event).await
    }

    fn lost(&self, event: &Event, cause: &TableError) {
        let (identity, environment, event) = (event.identity().digest(), self.environment.as_str(), text(event));
        tracing::error!(%cause, identity, environment, event, "{}", undelivered::MESSAGE);
    }

    fn unconfirmed(&self, event: &Event) {
        let (identity, environment, event) = (event.identity().digest(), self.environment.as_str(), text(event));
        tracing::warn!(identity, environment, event, "{}", undelivered::UNCONFIRMED);
    }

    fn settled(&self, event: &Event) {
        let (identity, environment) = (event.identity().digest(), self.environment.as_str());
        tracing::info!(identity, environment, "{}", undelivered::SETTLED);
    }
}

fn text(event: &Event) -> String {
    String::from_utf8_lossy(&event.to_json()).into_owned()
}

#[cfg(test)]
mod tests;
