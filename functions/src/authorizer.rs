//! The API-key authorizer: whether a call may go on, decided and counted before it is answered.
//!
//! Invariant: every call that is let through is counted, and none waits longer than [`WHOLE`](bound::WHOLE) or fails
//! because it cannot be counted. No key is in an event, a log line or an answer.

mod allowance;
pub mod bound;
mod cache;
mod directory;
mod event_sink;
mod keeper;
mod monthly_usage;
mod notice;
mod request;
mod response;
mod stage;
mod streaming;
mod synchronous;

use std::collections::BTreeMap;

use contract::Environment;
use contract::access_log::WITHIN;
use contract::function::{AUTHORIZER_ENHANCED_HANDLER, AUTHORIZER_KINESIS_HANDLER};
use contract::plan::Plans;
use jiff::Timestamp;
use metering::email::Email;
use metering::event::{Event, EventType};
use metering::key::{self, ApiKey, Prefix, Reason};
use metering::quota::{Quota, retry_after_seconds};
use metering::text::Text;

use crate::http::context;
use crate::producer::Producer;
use bound::{Bounds, StepError};
use directory::Directory;
pub use directory::{KEY_FRESH, USER_FRESH};
pub use event_sink::COOL_DOWN;
use event_sink::EventSink;
use keeper::Keeper;
pub use request::Request;
pub use response::{Allowed, Refused};
use store::blocks::Blocks;
use store::history::Histories;
use store::journal::Journal;
use store::keys::Keys;
use store::live::Live;
use store::quota_gate::QuotaGates;
use store::table::Table;
use store::users::User;
use store::watermark::Watermark;
use store::windows::Windows;
use streaming::Streaming;
use synchronous::Synchronous;
use tokio::sync::OnceCell;

/// The limit of a user whose limit cannot be read: calls go on.
const UNKNOWN_LIMIT: u64 = u64::MAX;

/// How long a call has been with the authorizer, in milliseconds.
type ElapsedMs<'a> = &'a dyn Fn() -> f64;

/// How calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By their events on the stream.
    Stream,
    /// In the usage table, before each answer.
    Synchronous,
}

/// A handler that names no mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a handler of the authorizer: it has `{AUTHORIZER_KINESIS_HANDLER}` and `{AUTHORIZER_ENHANCED_HANDLER}`"
)]
pub struct UnknownHandler(String);

/// Decides calls.
#[derive(Debug)]
pub struct Authorizer<P> {
    directory: Directory,
    counter: Counter<P>,
    plans: Plans,
}

#[derive(Debug)]
enum Counter<P> {
    Stream(Streaming<P>),
    Synchronous(Synchronous),
}

/// What came of counting a call. The quota's `used` holds the call, if it is within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Within(Quota),
    Exceeded(Quota),
}

/// Why a call has no good key.
enum Denial {
    /// The caller's fault.
    Failed(Reason, Option<KnownKey>),
    /// Ours.
    Unknown(StepError),
}

/// A key that the table has and that opens nothing any more.
struct KnownKey {
    id: String,
    owner: Email,
}

impl Mode {
    /// The mode of a handler's name, as Lambda has it from the template.
    ///
    /// # Errors
    /// When no mode has that name: a guess would lose calls.
    pub fn of_handler(handler: &str) -> Result<Self, UnknownHandler> {
        match handler {
            AUTHORIZER_KINESIS_HANDLER => Ok(Self::Stream),
            AUTHORIZER_ENHANCED_HANDLER => Ok(Self::Synchronous),
            _ => Err(UnknownHandler(handler.into())),
        }
    }
}

impl<P: Producer> Authorizer<P> {
    /// An authorizer that counts by the stream.
    pub fn streaming(
        environment: Environment,
        bounds: Bounds,
        keys: Table,
        usage: Table,
        analytics: Table,
        producer: P,
    ) -> Self {
        tracing::info!("calls are counted through Kinesis");
        let (live, watermark) = (Live::new(Blocks::new(analytics.clone())), Watermark::new(analytics.clone()));
        let histories = Histories::new(live, Windows::new(analytics, usage.clone()), watermark);
        let event_sink =
            EventSink::new(bounds, producer, Keeper::new(bounds, Journal::new(usage.clone()), environment));
        let counter = Counter::Stream(Streaming::new(bounds, histories, QuotaGates::new(usage), event_sink));
        Self { directory: Directory::new(bounds, Keys::new(keys)), counter, plans: Plans::default() }
    }

    /// An authorizer that counts in the usage table and knows no other.
    pub fn synchronous(environment: Environment, bounds: Bounds, keys: Table, usage: Table) -> Self {
        tracing::info!("calls are counted synchronously");
        let counter = Counter::Synchronous(Synchronous::new(bounds, usage, environment));
        Self { directory: Directory::new(bounds, Keys::new(keys)), counter, plans: Plans::default() }
    }

    /// The same, where users may have plans with thresholds of their own.
    #[must_use]
    pub fn with_plans(self, plans: Plans) -> Self {
        Self { plans, ..self }
    }

    /// The answer to a call.
    ///
    /// # Errors
    /// When the call may not go on; the gateway answers by the error's text.
    pub async fn answer(&self, request: &Request, clock: impl Fn() -> Timestamp) -> Result<Allowed, Refused> {
        let started = clock();
        let stage = request.stage().ok_or_else(|| {
            tracing::error!("asked for something other than a method of this API");
            Refused::Foreign
        })?;
        let made_at = request.made_at(started);
        let key = match self.identify(request, started).await {
            Ok(key) => key,
            Err(denial) => return Err(self.refuse(request, denial, made_at).await),
        };
        let email = &key.user_email;
        let known = OnceCell::new();
        let user = || known.get_or_try_init(|| self.directory.user(email, started));
        // Read at the same time as the usage, and waited for where that is to be read anew.
        let formerly = async || user().await.map(|user: &User| user.formerly.clone()).unwrap_or_default();
        let (user, ()) = tokio::join!(user(), self.counter.refresh(email, formerly, made_at));
        let (company_name, plan, limit) = match user {
            Ok(user) => (user.company_name.clone(), user.plan.clone(), user.monthly_quota.calls()),
            Err(cause) => {
                tracing::warn!(%cause, "the user cannot be read; calls go on without a limit");
                (None, None, UNKNOWN_LIMIT)
            }
        };
        let thresholds = self.plans.thresholds(plan.as_ref());
        let mut call = request.event(EventType::Call, made_at);
        call.user_email = Some(email.clone());
        (call.company_name, call.plan) = (key.company_name.clone().or(company_name).map(Text::from), plan);
        (call.api_key_id, call.api_key_name) = (Some(key.id.as_str().into()), Some(key.name.as_str().into()));
        let mut context =
            BTreeMap::from([(context::USER_EMAIL, email.as_str().to_owned()), (context::API_KEY_ID, key.id.clone())]);
        context.insert(context::CALL_ID, call.request_id.clone());
        context.extend(call.company_name.clone().map(|company| (context::COMPANY_NAME, company.into())));
        let count = self.counter.count(email, call, limit, thresholds, &|| millis(started, clock())).await;
        context.extend(count.context(made_at));
        Ok(Allowed::new(email.as_str(), &stage, context))
    }

    async fn identify(&self, request: &Request, now: Timestamp) -> Result<ApiKey, Denial> {
        let presented = request.api_key().ok_or(Denial::Failed(Reason::MissingApiKey, None))?;
        let key = self.directory.key(&key::hash(presented), now).await.map_err(Denial::Unknown)?;
        let key = key.ok_or(Denial::Failed(Reason::InvalidApiKey, None))?;
        match key.judge(now) {
            Ok(()) => Ok(key),
            Err(reason) => Err(Denial::Failed(reason, Some(KnownKey { id: key.id, owner: key.user_email }))),
        }
    }

    /// Says why to the log and the stream, and to the caller only that.
    async fn refuse(&self, request: &Request, denial: Denial, made_at: Timestamp) -> Refused {
        let mut event = request.event(EventType::AuthFailed, made_at);
        let (id, prefix) = (event.request_id.clone(), request.api_key().map(Prefix::of));
        let refused = match denial {
            Denial::Failed(reason, known) => {
                let (api_key_id, owner) = known.map(|KnownKey { id, owner }| (id, owner)).unzip();
                tracing::info!(apiRequestId = id, apiKeyId = api_key_id, ?reason, "refused");
                (event.reason, event.api_key_id) = (Some(reason), api_key_id.map(Text::from));
                (event.key_owner, event.api_key_prefix) = (owner, prefix);
                Refused::Unauthorized
            }
            Denial::Unknown(cause) => {
                tracing::error!(apiRequestId = id, %cause, "the key cannot be looked up");
                (event.event_type, event.error) = (EventType::AuthError, Some(cause.to_string().into()));
                Refused::Unavailable
            }
        };
        match &self.counter {
            Counter::Stream(streaming) => streaming.report(event).await,
            Counter::Synchronous(synchronous) => synchronous.report(&event).await,
        }
        refused
    }
}

impl<P: Producer> Counter<P> {
    async fn refresh(&self, user_email: &Email, formerly: impl AsyncFnOnce() -> Vec<Email>, now: Timestamp) {
        match self {
            Self::Stream(streaming) => streaming.refresh(user_email, formerly, now).await,
            Self::Synchronous(synchronous) => synchronous.refresh(user_email, formerly, now).await,
        }
    }

    async fn count(
        &self,
        user_email: &Email,
        call: Event,
        limit: u64,
        thresholds: &[u64],
        elapsed_ms: ElapsedMs<'_>,
    ) -> Count {
        let id = call.request_id.clone();
        let count = match self {
            Self::Stream(streaming) => streaming.count(user_email, call, limit, thresholds, elapsed_ms).await,
            Self::Synchronous(synchronous) => synchronous.count(user_email, call, limit, thresholds, elapsed_ms).await,
        };
        if let Count::Exceeded(quota) = count {
            tracing::info!(apiRequestId = id, used = quota.used, limit, "over quota");
        }
        count
    }
}

impl Count {
    /// What the function behind the gateway is told.
    fn context(self, now: Timestamp) -> Vec<(&'static str, String)> {
        let (Self::Within(quota) | Self::Exceeded(quota)) = self;
        let mut fields = vec![(context::QUOTA_USED, quota.used.to_string())];
        if quota.limit != UNKNOWN_LIMIT {
            fields.push((context::QUOTA_LIMIT, quota.limit.to_string()));
        }
        match self {
            Self::Within(_) => fields.push((context::QUOTA, WITHIN.into())),
            Self::Exceeded(_) => {
                fields.push((context::QUOTA, context::EXCEEDED.into()));
                fields.push((context::RETRY_AFTER, retry_after_seconds(now).to_string()));
            }
        }
        fields
    }
}

/// From one instant to another, in milliseconds.
fn millis(started: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(started).as_micros().max(0) as f64 / 1_000.0
}

#[cfg(test)]
mod tests;
