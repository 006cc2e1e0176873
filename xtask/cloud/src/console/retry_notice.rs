//! What is told while a request waits to be made again.
//!
//! Invariant: however many requests wait at once, people hear of it once in a while. It is told on standard error alone:
//! below every command requests have no observer, and to a program a wait is no result.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use xtask::Printer;

/// Between two notices.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells of a wait, unless one has been told of just before.
#[derive(Debug, Default)]
pub struct RetryNotice(Mutex<Option<Instant>>);

impl RetryNotice {
    /// Why, and for how long at most.
    pub fn note(&self, sentence: &str) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= PAUSE) {
            *last = Some(Instant::now());
            Printer.say(sentence);
        }
    }
}
