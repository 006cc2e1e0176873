//! What somebody else has said, kept for a while.
//!
//! Invariant: they are asked at most once in that time by a process, also where they said nothing.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// What was said last, and how long it is good.
#[derive(Clone, Debug)]
pub(super) struct Kept<T> {
    within: SignedDuration,
    said: Arc<Mutex<Option<Said<T>>>>,
}

/// An answer, if there was one, and when it was asked for.
#[derive(Clone, Copy, Debug)]
struct Said<T> {
    at: Timestamp,
    answer: Option<T>,
}

impl<T: Copy> Kept<T> {
    /// Nothing yet; what is said is good for so long.
    pub(super) fn of(within: SignedDuration) -> Self {
        Self { within, said: Arc::default() }
    }

    /// What was said, or what is said now where that is not good any more.
    pub(super) async fn or(&self, now: Timestamp, ask: impl Future<Output = Option<T>>) -> Option<T> {
        let said = *self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = said.filter(|said| now.duration_since(said.at) < self.within) {
            return said.answer;
        }
        let answer = ask.await;
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(Said { at: now, answer });
        answer
    }
}
