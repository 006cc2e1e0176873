//! What differs between environments: a checked file for each, not code.
//!
//! Invariant: a key that is not known, a number outside its bounds, or numbers that do not fit each other are refused.

pub mod holidays;
pub mod origins;
mod plans;

use contract::plan::Plans;
use contract::{Function, limit};
use serde::Deserialize;

use self::holidays::Holidays;
use self::origins::Origins;
use crate::bounded::{
    Burst, ExpiryDays, MemoryMib, ParallelizationFactor, RequestsPerSecond, ReservedConcurrency, RetentionDays,
    RetryAttempts, Shards,
};
use crate::event_source::Retries;
use crate::stream::Capacity;

/// The settings of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Whether calls are traced with X-Ray, from the gateway to the last function.
    pub tracing: bool,
    /// The usage stream.
    pub stream: StreamSettings,
    /// The function that reads the stream.
    pub processor: ProcessorSettings,
    /// The HTTP API.
    pub api: ApiSettings,
    /// Reports of days, weeks and months.
    pub reports: ReportSettings,
    /// How long logs are kept.
    pub logs: LogSettings,
    /// When the pipeline is slow or ill.
    pub alarms: AlarmSettings,
    /// The plans by which customers are told apart; none, where they are left out.
    #[serde(default, deserialize_with = "plans::plans")]
    pub plans: Plans,
}

/// The usage stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StreamSettings {
    /// How it is paid for.
    pub mode: StreamMode,
    /// Shards that a provisioned stream begins with. The scaler goes on from there.
    pub shards: Option<Shards>,
    /// The fewest that the scaler leaves.
    pub min_shards: Option<Shards>,
    /// The most that the scaler takes.
    pub max_shards: Option<Shards>,
    /// Whether the processor is sent records (about 70 ms) instead of asking for them once a second.
    pub fan_out: bool,
}

/// How a stream is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamMode {
    /// By shard.
    Provisioned,
    /// By what passes through.
    OnDemand,
}

/// The function that reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ProcessorSettings {
    /// Its memory, in MiB.
    pub memory: MemoryMib,
    /// Batches of one shard at the same time.
    pub parallelization_factor: ParallelizationFactor,
    /// Executions kept for it; without it, what the account has.
    pub reserved_concurrency: Option<ReservedConcurrency>,
    /// How often a batch is tried again before it goes to the bucket; without it, until its records expire.
    pub retry_attempts: Option<RetryAttempts>,
}

/// The HTTP API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApiSettings {
    /// Calls a second from all callers together.
    pub requests_per_second: RequestsPerSecond,
    /// Calls at once.
    pub burst: Burst,
    /// How it is known what calls were answered, and how long that took.
    pub status: StatusSource,
    /// Executions kept for the authorizer, and the most it has; without it, what the account has.
    pub authorizer_reserved_concurrency: Option<ReservedConcurrency>,
    /// Executions kept for the analytics API, and the most it has; without it, what the account has.
    pub analytics_reserved_concurrency: Option<ReservedConcurrency>,
    /// Whose web pages may read answers in a browser; nobody's, where it is left out.
    #[serde(default)]
    pub cors_origins: Origins,
    /// Whether answers to calls with a key say what is left of the quota in `RateLimit` headers.
    pub rate_limit_headers: bool,
}

/// How it is known what calls were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusSource {
    /// The aggregator reads the access log, minute by minute.
    Poll,
    /// CloudWatch Logs sends the access log to the aggregator, which stores its lines.
    Subscription,
    /// It is not known.
    Off,
}

/// Reports of days, weeks and months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ReportSettings {
    /// Whether they are written.
    pub enabled: bool,
    /// How long they are kept, in days.
    pub days: ExpiryDays,
}

/// How long logs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogSettings {
    /// Logs of functions, in days.
    pub function_days: RetentionDays,
    /// The API's access log, in days.
    pub access_days: RetentionDays,
}

/// When an alarm goes off.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct AlarmSettings {
    /// Who is written to; nobody, where it is left out.
    pub email: Option<Email>,
    /// Whether somebody subscribes to the topic by other means than `email`, such as a pager.
    #[serde(default)]
    pub subscribed_elsewhere: bool,
    /// Age of a record when it is read, in seconds, above which the processor is behind.
    pub iterator_age_seconds: u32,
    /// Age of an event when it has been counted, in milliseconds on average.
    pub processing_latency_ms: u32,
    /// Failed authentications in five minutes.
    pub auth_failures: u32,
    /// Days on which nothing in the numbers of calls is an anomaly.
    #[serde(default)]
    pub holidays: Holidays,
}

/// An e-mail address, as far as its form goes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Email(String);

/// Settings that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSettings {
    /// The text is not TOML, or not these settings. The message says where and why.
    #[error("{0}")]
    Unreadable(String),
    /// Values that do not fit each other.
    #[error("{0}")]
    Contradiction(String),
}

impl Settings {
    /// Reads the text of `stacks/environments/{env}.toml`.
    ///
    /// # Errors
    /// When it is not TOML, has a key that is not known, lacks one, or has a value that AWS would refuse.
    pub fn parse(text: &str) -> Result<Self, InvalidSettings> {
        let settings: Self =
            toml::from_str(text).map_err(|error| InvalidSettings::Unreadable(error.to_string().trim_end().into()))?;
        settings.check().map_err(InvalidSettings::Contradiction)?;
        Ok(settings)
    }

    /// How much the stream takes.
    pub(crate) fn capacity(&self) -> Capacity {
        match self.stream.mode {
            StreamMode::Provisioned => Capacity::Provisioned(self.stream.shards.unwrap_or(DEFAULT_SHARDS)),
            StreamMode::OnDemand => Capacity::OnDemand,
        }
    }

    /// Between how many shards the scaler keeps the stream; nothing where the stream chooses them itself.
    pub fn shard_bounds(&self) -> Option<(Shards, Shards)> {
        let StreamSettings { mode, min_shards, max_shards, .. } = self.stream;
        (mode == StreamMode::Provisioned)
            .then(|| (min_shards.unwrap_or(DEFAULT_MIN_SHARDS), max_shards.unwrap_or(DEFAULT_MAX_SHARDS)))
    }

    /// The functions that are deployed with the stream.
    pub fn functions(&self) -> impl Iterator<Item = Function> {
        let (has_scaler, has_reports) = (self.shard_bounds().is_some(), self.reports.enabled);
        Function::ALL.into_iter().filter(move |function| match function {
            Function::StreamScaler => has_scaler,
            Function::UsageReports => has_reports,
            _ => true,
        })
    }

    /// How often a batch is tried again.
    pub(crate) fn retries(&self) -> Retries {
        self.processor.retry_attempts.map_or(Retries::UntilExpiry, Retries::AtMost)
    }

    fn check(&self) -> Result<(), String> {
        let Self { tracing: _, stream, processor: _, api, reports: _, logs: _, alarms, plans: _ } = self;
        let chosen = [("shards", stream.shards), ("min-shards", stream.min_shards), ("max-shards", stream.max_shards)];
        if stream.mode == StreamMode::OnDemand
            && let Some((key, _)) = chosen.iter().find(|(_, shards)| shards.is_some())
        {
            return Err(format!(
                "stream.{key} is set, but an on-demand stream chooses its shards itself: leave it out"
            ));
        }
        if let (Capacity::Provisioned(shards), Some((min, max))) = (self.capacity(), self.shard_bounds())
            && !(min.get()..=max.get()).contains(&shards.get())
        {
            return Err(format!(
                "stream.shards is {shards}, but the scaler keeps the stream between {min} and {max} \
                 (stream.min-shards, stream.max-shards)"
            ));
        }
        self.check_processor()?;
        // As an account's own is half of its rate (API Gateway Developer Guide, "Quotas").
        if api.burst.get() < api.requests_per_second.get() / 2 {
            return Err(format!(
                "api.burst is {}, and api.requests-per-second is {}: it should be at least as many as come in half a second, \
                 or calls are refused that come in bunches",
                api.burst, api.requests_per_second
            ));
        }
        let thresholds = [alarms.iterator_age_seconds, alarms.processing_latency_ms, alarms.auth_failures];
        if thresholds.contains(&0) {
            return Err("a threshold under [alarms] is 0: the alarm would never end".into());
        }
        Ok(())
    }

    fn check_processor(&self) -> Result<(), String> {
        let processor = &self.processor;
        // An on-demand stream begins with four shards.
        let shards = self.shard_bounds().map_or(4, |(_, max)| max.get());
        let lanes = shards * processor.parallelization_factor.get();
        if let Some(reserved) = processor.reserved_concurrency.filter(|reserved| reserved.get() < lanes) {
            return Err(format!(
                "processor.reserved-concurrency is {reserved}, but the stream calls the processor {lanes} times at once \
                 ({shards} shards times processor.parallelization-factor): some shards would starve"
            ));
        }
        Ok(())
    }
}

const DEFAULT_SHARDS: Shards = Shards::of::<{ limit::DEFAULT_SHARDS }>();
const DEFAULT_MIN_SHARDS: Shards = Shards::of::<{ limit::DEFAULT_MIN_SHARDS }>();
const DEFAULT_MAX_SHARDS: Shards = Shards::of::<{ limit::DEFAULT_MAX_SHARDS }>();

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(address: String) -> Result<Self, String> {
        let parts = address.split_once('@');
        let fits = parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
            && !address.contains(char::is_whitespace);
        if fits { Ok(Self(address)) } else { Err(format!("`{address}` is not an e-mail address")) }
    }
}

#[cfg(test)]
mod tests;
