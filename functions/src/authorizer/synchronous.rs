//! The authorizer without the stream: each call is one transaction that raises the gate and keeps the call.
//!
//! Invariant: a call is let through when the transaction holds, and then it is counted; many at once share nothing,
//! because the gate is a condition of each. Refused and failed calls are kept as far as [`Allowance`] goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use contract::Environment;
use contract::table::PK;
use jiff::{SignedDuration, Timestamp};
use metering::email::Email;
use metering::event::Event;
use metering::number::Latency;
use metering::quota::Quota;
use metering::subject::Bucket;
use metering::window::Month;

use super::allowance::Allowance;
use super::bound::{Bounds, within};
use super::cache::Cache;
use super::keeper::Keeper;
use super::{Count, ElapsedMs, notice};
use store::journal::{Journal, item_of};
use store::quota_gate::{Admission, QuotaGate, QuotaGates, Reading};
use store::table::{Table, TableError};

/// How long the gate is taken to know every call that was counted elsewhere.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// How long it is remembered what was told of a user's month: longer than any month.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(32 * 24);
/// How often a transaction is tried that others on the same gate are in the way of.
const TRIES: u32 = 5;
/// How often the gate is brought up to what was counted while calls keep moving it.
const SETTLING_TRIES: u32 = 3;
/// Longest wait before the second try; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// Counts in the usage table.
#[derive(Debug)]
pub(super) struct Synchronous {
    bounds: Bounds,
    usage: Table,
    gates: QuotaGates,
    journal: Journal,
    keeper: Keeper,
    refusals: Allowance,
    /// The least that a user has used in a month.
    used: Cache<Arc<AtomicU64>>,
    /// The highest threshold of a user and month that this instance has told of, in percent.
    told: Cache<Arc<AtomicU64>>,
}

/// What came of a transaction.
enum Written {
    /// The call is counted, now or by an earlier try.
    Counted,
    /// None are left; so many were used.
    Denied(u64),
    /// Others were in the way, and nothing was written.
    Contended,
}

impl Synchronous {
    pub(super) fn new(bounds: Bounds, usage: Table, environment: Environment) -> Self {
        let (gates, journal) = (QuotaGates::new(usage.clone()), Journal::new(usage.clone()));
        let keeper = Keeper::new(bounds, journal.clone(), environment);
        let (used, told) = (Cache::new(FRESH), Cache::new(REMEMBERED));
        Self { bounds, usage, gates, journal, keeper, refusals: Allowance::new(), used, told }
    }

    /// Brings the gate up to what was counted, if the last time is too long ago. A failure stops no call.
    pub(super) async fn refresh(&self, user_email: &Email, formerly: impl AsyncFnOnce() -> Vec<Email>, now: Timestamp) {
        let (name, month) = (name(user_email, now), Month::of(now));
        if self.used.get(&name, now).is_some() {
            return;
        }
        let settled = async { self.settle(user_email, &formerly().await, month).await };
        match within(self.bounds.usage, settled).await {
            Ok(used) => self.used.insert(&name, Arc::new(AtomicU64::new(used)), now),
            Err(cause) => tracing::warn!(%cause, "usage cannot be read; calls go on"),
        }
    }

    /// Lets a call through or not; one that is let through has been counted.
    pub(super) async fn count(
        &self,
        user_email: &Email,
        mut call: Event,
        limit: u64,
        thresholds: &[u64],
        elapsed_ms: ElapsedMs<'_>,
    ) -> Count {
        let now = call.timestamp;
        let known = self.used.get(&name(user_email, now), now).unwrap_or_default();
        let quota = Quota { used: known.load(Ordering::Relaxed), limit };
        if quota.is_exhausted() {
            return self.refuse(user_email, &call, quota).await;
        }
        call.latency_ms = Latency::of_millis(elapsed_ms());
        let gate = QuotaGate::of(user_email, Month::of(now));
        if let Some(used) = self.write(&gate, &call, limit).await {
            known.fetch_max(used, Ordering::Relaxed);
            return self.refuse(user_email, &call, Quota { used, limit }).await;
        }
        let quota = Quota { used: known.fetch_add(1, Ordering::Relaxed) + 1, limit };
        if let Some(threshold) = self.newly_reached(&name(user_email, now), quota, thresholds, now) {
            self.keeper.keep(&notice::threshold(&call, threshold, quota)).await;
        }
        Count::Within(quota)
    }

    /// The highest of some thresholds that is reached, unless this instance has told of it.
    fn newly_reached(&self, name: &str, quota: Quota, thresholds: &[u64], now: Timestamp) -> Option<u64> {
        let reached = quota.reached(thresholds).next_back()?;
        let told = self.told.get(name, now).unwrap_or_else(|| {
            let told = Arc::default();
            self.told.insert(name, Arc::clone(&told), now);
            told
        });
        (told.fetch_max(reached, Ordering::Relaxed) < reached).then_some(reached)
    }

    /// Keeps the event of a failed call, which has no user, or none who pays for it.
    pub(super) async fn report(&self, event: &Event) {
        if self.refusals.take("", event.timestamp) {
            self.keeper.keep(event).await;
        }
    }

    async fn refuse(&self, user_email: &Email, call: &Event, quota: Quota) -> Count {
        if self.refusals.take(user_email.as_str(), call.timestamp) {
            self.keeper.keep(&notice::rate_limited(call, quota)).await;
        }
        Count::Exceeded(quota)
    }

    /// Counts a call, or tells how many were used where none are left.
    async fn write(&self, gate: &QuotaGate, call: &Event, limit: u64) -> Option<u64> {
        match within(self.bounds.transaction, self.transact(gate, call, limit)).await {
            Ok(Written::Counted) => return None,
            Ok(Written::Denied(used)) => return Some(used),
            // Nothing was written, so that the gate can be passed alone.
            Ok(Written::Contended) => match within(self.bounds.gate, self.gates.pass(gate, 0, limit)).await {
                Ok(Admission::Denied(used)) => return Some(used),
                Ok(Admission::Admitted(_)) => {}
                Err(cause) => tracing::warn!(%cause, "the gate cannot be passed; the call goes on"),
            },
            // It may have been written. The journal takes it twice as well as once; the gate would not.
            Err(cause) => tracing::warn!(%cause, "the transaction failed; the journal keeps the call"),
        }
        self.keeper.keep(call).await;
        None
    }

    async fn transact(&self, gate: &QuotaGate, call: &Event, limit: u64) -> Result<Written, TableError> {
        let put = Put::builder().table_name(self.usage.name()).set_item(Some(item_of(call)));
        let put = put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK).build();
        let put = put.map_err(|error| self.usage.not_asked("TransactWriteItems", &error))?;
        let request = self
            .usage
            .client()
            .transact_write_items()
            .transact_items(
                TransactWriteItem::builder().update(self.gates.part(gate, Bucket::of_event(call), limit)?).build(),
            )
            .transact_items(TransactWriteItem::builder().put(put).build())
            .client_request_token(call.identity().digest());
        for n in 0..TRIES {
            let error = match request.clone().send().await {
                Ok(_) => return Ok(Written::Counted),
                Err(error) => error,
            };
            match (error.code(), error.as_service_error()) {
                (_, Some(TransactWriteItemsError::TransactionCanceledException(canceled))) => {
                    if let Some(written) = judge(canceled, limit) {
                        return Ok(written);
                    }
                }
                // The same request was here before, a moment earlier: that one has been counted.
                (Some("IdempotentParameterMismatchException"), _) => return Ok(Written::Counted),
                (Some("TransactionInProgressException"), _) => {}
                _ => return Err(self.usage.failed("TransactWriteItems", &error)),
            }
            tokio::time::sleep(jitter(FIRST_WAIT * 2_u32.pow(n))).await;
        }
        Ok(Written::Contended)
    }

    /// Brings the gate up to the month's days and journal, also of other spellings of the user's name. The days are
    /// compared first: where they are those that the gate was settled with, the gate has seen everything since, and the
    /// journal need not be read.
    async fn settle(&self, user_email: &Email, formerly: &[Email], month: Month) -> Result<u64, TableError> {
        let gate = QuotaGate::of(user_email, month);
        let earlier: Vec<_> = formerly.iter().map(|email| QuotaGate::of(email, month)).collect();
        let mut least = 0;
        for _ in 0..SETTLING_TRIES {
            let (mut days, reading) = self.gates.days(&gate, month).await?;
            for gate in &earlier {
                days += self.gates.days(gate, month).await?.0;
            }
            if let Some(used) = reading.used.filter(|_| reading.days == Some(days)) {
                return Ok(used);
            }
            least = days;
            for gate in [&gate].into_iter().chain(&earlier) {
                least += self.journal.calls(gate).await?;
            }
            let used = least.max(reading.used.unwrap_or_default());
            if self.gates.settle(&gate, reading.used, used, days).await? {
                return Ok(used);
            }
        }
        self.gates.raise(&gate, least).await?;
        Ok(least)
    }
}

/// What a canceled transaction means, unless it only has to be tried again.
fn judge(canceled: &TransactionCanceledException, limit: u64) -> Option<Written> {
    let failed = |n: usize| {
        let reason = canceled.cancellation_reasons().get(n);
        reason.filter(|reason| reason.code() == Some("ConditionalCheckFailed"))
    };
    if failed(1).is_some() {
        return Some(Written::Counted);
    }
    failed(0).map(|reason| Written::Denied(Reading::of(reason.item()).used.unwrap_or(limit)))
}

/// Some time up to `longest`, so that those who collided do not collide again.
fn jitter(longest: Duration) -> Duration {
    let mut byte = [u8::MAX];
    // Without randomness all wait for the longest time.
    let _ = getrandom::fill(&mut byte);
    longest.mul_f64((f64::from(byte[0]) + 1.0) / 256.0)
}

fn name(user_email: &Email, now: Timestamp) -> String {
    format!("{}#{user_email}", Month::of(now))
}
