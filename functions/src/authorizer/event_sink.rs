//! Where events go: to the stream, or, while that fails, into the journal, or, at the very last, into the log.
//!
//! Invariant: an event that was given to the sink is in one of the three when it returns, within the bounds, and
//! it is the same bytes wherever it is, so that two of them still are one event.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use metering::event::Event;

use super::bound::Bounds;
use super::keeper::Keeper;
use crate::producer::{Producer, Record};

/// How long a stream that failed is not tried again, so that a call does not wait for what the last one waited for.
pub const COOL_DOWN: SignedDuration = SignedDuration::from_secs(1);

/// A stream with a journal behind it.
#[derive(Debug)]
pub(super) struct EventSink<P> {
    bounds: Bounds,
    producer: P,
    keeper: Keeper,
    /// Until when the stream is passed over.
    cooling_down_until: Mutex<Option<Timestamp>>,
}

impl<P: Producer> EventSink<P> {
    pub(super) const fn new(bounds: Bounds, producer: P, keeper: Keeper) -> Self {
        Self { bounds, producer, keeper, cooling_down_until: Mutex::new(None) }
    }

    /// Sends the events of one call.
    pub(super) async fn send(&self, events: &[Event], now: Timestamp) {
        if self.is_cooling_down(now) || !self.stream(events, now).await {
            join_all(events.iter().map(|event| self.keeper.keep(event))).await;
        }
    }

    /// Whether the stream has taken the events.
    async fn stream(&self, events: &[Event], now: Timestamp) -> bool {
        let records = events.iter().map(|event| Record::new(event.partition_key(), event.to_json())).collect();
        let cause = match tokio::time::timeout(self.bounds.stream, Box::pin(self.producer.put(records))).await {
            Ok(Ok(())) => {
                *self.cooling_down_until() = None;
                return true;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", self.bounds.stream.as_millis()),
        };
        tracing::warn!(cause, "Kinesis did not take a call's events; the journal keeps them");
        *self.cooling_down_until() = now.checked_add(COOL_DOWN).ok();
        false
    }

    fn is_cooling_down(&self, now: Timestamp) -> bool {
        self.cooling_down_until().is_some_and(|until| now < until)
    }

    fn cooling_down_until(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.cooling_down_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
