//! The Lambda functions: which there are, and every name each goes by.
//!
//! Invariant: binary, logical id and physical name are one name in three spellings.

use crate::{Environment, Toggle, name};

/// One of the system's Lambda functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Decides each call of the API and counts it.
    ApiKeyAuthorizer,
    /// Answers `/v1/deadlines`.
    DeadlinesApi,
    /// Turns the stream's records into blocks of calls.
    StreamProcessor,
    /// Sets the windows of the minutes that are over, once a minute.
    RealtimeAggregator,
    /// Answers `/v1/analytics/*`.
    AnalyticsApi,
    /// Keeps a provisioned stream at as many shards as its traffic needs.
    StreamScaler,
    /// Writes the reports of days, weeks and months that are over.
    UsageReports,
}

impl Function {
    /// Every function, in the order of a call's way through the system.
    pub const ALL: [Self; 7] = [
        Self::ApiKeyAuthorizer,
        Self::DeadlinesApi,
        Self::StreamProcessor,
        Self::RealtimeAggregator,
        Self::AnalyticsApi,
        Self::StreamScaler,
        Self::UsageReports,
    ];

    /// The binary in `functions/`, and the stem of its package.
    pub const fn binary(self) -> &'static str {
        match self {
            Self::ApiKeyAuthorizer => "api-key-authorizer",
            Self::DeadlinesApi => "deadlines-api",
            Self::StreamProcessor => "stream-processor",
            Self::RealtimeAggregator => "realtime-aggregator",
            Self::AnalyticsApi => "analytics-api",
            Self::StreamScaler => "stream-scaler",
            Self::UsageReports => "usage-reports",
        }
    }

    /// The logical id in its stack, and the last part of its physical name.
    pub const fn logical_id(self) -> &'static str {
        match self {
            Self::ApiKeyAuthorizer => "ApiKeyAuthorizerFunction",
            Self::DeadlinesApi => "DeadlinesFunction",
            Self::StreamProcessor => "StreamProcessor",
            Self::RealtimeAggregator => "RealtimeAggregator",
            Self::AnalyticsApi => "AnalyticsApi",
            Self::StreamScaler => "StreamScaler",
            Self::UsageReports => "UsageReports",
        }
    }

    /// `FunctionName`: the name of its stack, then the logical id.
    pub fn physical_name(self, env: &Environment) -> String {
        let stack = match self {
            Self::ApiKeyAuthorizer | Self::DeadlinesApi => name::api_stack(env),
            Self::StreamProcessor
            | Self::RealtimeAggregator
            | Self::AnalyticsApi
            | Self::StreamScaler
            | Self::UsageReports => name::kinesis_stack(env),
        };
        format!("{stack}-{}", self.logical_id())
    }

    /// `Handler`. A custom runtime runs `bootstrap` whatever it says; the authorizer reads its mode from it.
    pub const fn handler(self, toggle: Toggle) -> &'static str {
        match (self, toggle) {
            (Self::ApiKeyAuthorizer, Toggle::On) => AUTHORIZER_KINESIS_HANDLER,
            (Self::ApiKeyAuthorizer, Toggle::Off) => AUTHORIZER_ENHANCED_HANDLER,
            _ => "bootstrap",
        }
    }

    /// `Description`.
    pub const fn description(self, toggle: Toggle) -> &'static str {
        match (self, toggle) {
            (Self::ApiKeyAuthorizer, Toggle::On) => "Kinesis-enabled authorizer for real-time analytics",
            (Self::ApiKeyAuthorizer, Toggle::Off) => "Authorizer in enhanced synchronous mode",
            (Self::DeadlinesApi, _) => "Tax and compliance deadlines",
            (Self::StreamProcessor, _) => "Turns the records of the usage stream into blocks of calls",
            (Self::RealtimeAggregator, _) => "Sets the windows of the minutes that are over and publishes the metrics",
            (Self::AnalyticsApi, _) => "Answers realtime, timeseries and user-stats",
            (Self::StreamScaler, _) => "Keeps the usage stream at as many shards as its traffic needs",
            (Self::UsageReports, _) => "Writes the usage reports of days, weeks and months that are over",
        }
    }
}

/// The authorizer's handler with the toggle on: calls go to the stream.
pub const AUTHORIZER_KINESIS_HANDLER: &str = "handlers/auth/api-key-authorizer-kinesis.handler";
/// The authorizer's handler with the toggle off: calls are counted before they are answered.
pub const AUTHORIZER_ENHANCED_HANDLER: &str = "handlers/auth/api-key-authorizer-enhanced.handler";
