//! How long to go on asking while AWS throttles or cannot be reached.
//!
//! Invariant: what CloudFormation has begun goes on without us, so a lost connection ends nothing; only our patience ends.

use std::time::{Duration, Instant};

use anyhow::Result;
use xtask::Failure;

use crate::console::observer::Observer;

/// After how long without an answer following is given up.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// The longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(20);

/// The tries since the last answer.
#[derive(Debug)]
pub struct Retry {
    pause: Duration,
    next: Duration,
    since: Option<Instant>,
}

impl Retry {
    /// Waits this long after the first failed try, and twice as long after each further one.
    pub fn new(pause: Duration) -> Self {
        Self { pause, next: pause, since: None }
    }

    /// Waits for the next try; says why, the first time.
    ///
    /// # Errors
    /// When it has been tried for a quarter of an hour.
    pub async fn wait(&mut self, error: anyhow::Error, observer: &dyn Observer) -> Result<()> {
        let since = *self.since.get_or_insert_with(|| {
            observer.note(&format!("{error:#}; CloudFormation goes on by itself, asking again"));
            Instant::now()
        });
        if since.elapsed() > LIMIT {
            let failure = Failure::new(format!("no answer for {} minutes", LIMIT.as_secs() / 60))
                .hint("run the same command again: it picks up where the stack is by then");
            return Err(error.context(failure));
        }
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST);
        Ok(())
    }

    /// There was an answer.
    pub fn answered(&mut self, observer: &dyn Observer) {
        if let Some(since) = self.since.take() {
            observer.note(&format!("answered again after {:.1} s", since.elapsed().as_secs_f64()));
            self.next = self.pause;
        }
    }
}
