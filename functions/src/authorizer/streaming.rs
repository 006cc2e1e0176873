//! The authorizer with the stream: calls are counted by what reaches the blocks, and, when little of the quota is
//! left, pass the gate one by one.
//!
//! Invariant: with everything cached and much of the quota left, a call costs one request, the record. The last calls
//! of a month pass a conditional write, so that parallel ones cannot share them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{try_join, try_join_all};
use jiff::{SignedDuration, Timestamp};
use metering::email::Email;
use metering::event::Event;
use metering::number::Latency;
use metering::quota::Quota;
use metering::subject::Subject;
use metering::window::Month;

use super::bound::{Bounds, within};
use super::cache::Cache;
use super::event_sink::EventSink;
use super::monthly_usage::MonthlyUsage;
use super::{Count, ElapsedMs, notice};
use crate::producer::Producer;
use store::history::{Freshness, Histories};
use store::quota_gate::{Admission, QuotaGate, QuotaGates};

/// How long a user's month is remembered: longer than any month.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(32 * 24);

/// Counts by the stream.
#[derive(Debug)]
pub(super) struct Streaming<P> {
    bounds: Bounds,
    histories: Histories,
    gates: QuotaGates,
    event_sink: EventSink<P>,
    known: Cache<Arc<CachedUser>>,
}

/// A user's month, and the right to read it, so that calls at once read it once.
#[derive(Debug, Default)]
struct CachedUser {
    monthly_usage: Mutex<MonthlyUsage>,
    reading: tokio::sync::Mutex<()>,
}

impl<P: Producer> Streaming<P> {
    pub(super) const fn new(bounds: Bounds, histories: Histories, gates: QuotaGates, event_sink: EventSink<P>) -> Self {
        Self { bounds, histories, gates, event_sink, known: Cache::new(REMEMBERED) }
    }

    /// Reads what a user has used, also under other spellings of their name, if the last reading is too old. A count
    /// that cannot be read stops no call.
    pub(super) async fn refresh(&self, user_email: &Email, formerly: impl AsyncFnOnce() -> Vec<Email>, now: Timestamp) {
        let known = self.known(user_email, now);
        if !known.monthly_usage().is_due(now) {
            return;
        }
        let _reading = known.reading.lock().await;
        if !known.monthly_usage().ask(now) {
            return;
        }
        let read = async |email: Email, freshness| {
            self.histories.read(&Subject::User(email), Some(Month::of(now)), now, freshness).await
        };
        // Nothing comes in under another spelling any more, so that windows hold what there is.
        let earlier =
            async { try_join_all(formerly().await.into_iter().map(|email| read(email, Freshness::Windows))).await };
        match within(self.bounds.usage, try_join(read(user_email.clone(), Freshness::Bounded), earlier)).await {
            Ok((mut history, earlier)) => {
                earlier.into_iter().for_each(|earlier| history.merge(earlier));
                known.monthly_usage().read(&history, now);
            }
            Err(cause) => tracing::warn!(%cause, "usage cannot be read; calls go on"),
        }
    }

    /// Lets a call through or not, and has its events on the stream before it says so, the one of a threshold among
    /// them.
    pub(super) async fn count(
        &self,
        user_email: &Email,
        mut call: Event,
        limit: u64,
        thresholds: &[u64],
        elapsed_ms: ElapsedMs<'_>,
    ) -> Count {
        let now = call.timestamp;
        let count = self.admit(user_email, &call, limit).await;
        let events = match count {
            Count::Exceeded(quota) => vec![notice::rate_limited(&call, quota)],
            Count::Within(quota) => {
                let reached = self.known(user_email, now).monthly_usage().newly_reached(quota, thresholds);
                let threshold = reached.map(|threshold| notice::threshold(&call, threshold, quota));
                call.latency_ms = Latency::of_millis(elapsed_ms());
                [call].into_iter().chain(threshold).collect()
            }
        };
        self.event_sink.send(&events, now).await;
        count
    }

    /// Sends an event that belongs to no call that was let through.
    pub(super) async fn report(&self, event: Event) {
        let now = event.timestamp;
        self.event_sink.send(&[event], now).await;
    }

    async fn admit(&self, user_email: &Email, call: &Event, limit: u64) -> Count {
        let now = call.timestamp;
        let known = self.known(user_email, now);
        let quota = {
            let mut monthly_usage = known.monthly_usage();
            let quota = monthly_usage.quota(limit);
            if monthly_usage.has(call) {
                return Count::Within(quota);
            }
            if quota.is_exhausted() {
                return Count::Exceeded(quota);
            }
            if !quota.is_near() {
                monthly_usage.pass(call, now);
                return Count::Within(monthly_usage.quota(limit));
            }
            quota
        };
        let count = self.at_gate(user_email, call, quota).await;
        let mut monthly_usage = known.monthly_usage();
        let (Count::Within(Quota { used, .. }) | Count::Exceeded(Quota { used, .. })) = count;
        if matches!(count, Count::Within(_)) {
            monthly_usage.pass(call, now);
        }
        monthly_usage.at_gate(used);
        count
    }

    /// Has a call pass the gate.
    async fn at_gate(&self, user_email: &Email, call: &Event, Quota { used, limit }: Quota) -> Count {
        let gate = QuotaGate::of(user_email, Month::of(call.timestamp));
        match within(self.bounds.gate, self.gates.pass(&gate, used, limit)).await {
            Ok(Admission::Admitted(used)) => Count::Within(Quota { used, limit }),
            Ok(Admission::Denied(used)) => Count::Exceeded(Quota { used, limit }),
            Err(cause) => {
                tracing::warn!(%cause, "the gate cannot be passed; the call goes on");
                Count::Within(Quota { used: used + 1, limit })
            }
        }
    }

    /// What is known of a user's month.
    fn known(&self, user_email: &Email, now: Timestamp) -> Arc<CachedUser> {
        let name = format!("{}#{user_email}", Month::of(now));
        self.known.get(&name, now).unwrap_or_else(|| {
            let known = Arc::default();
            self.known.insert(&name, Arc::clone(&known), now);
            known
        })
    }
}

impl CachedUser {
    fn monthly_usage(&self) -> MutexGuard<'_, MonthlyUsage> {
        self.monthly_usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
