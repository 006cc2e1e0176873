//! CloudWatch metrics that the system publishes.
//!
//! Invariant: the dimensions are the environment and, of what is told apart by plan, the plan; no metric names a person.

/// Namespace of the pipeline's own health.
pub const KINESIS_NAMESPACE: &str = "CompliCal/Kinesis";
/// Namespace of the business figures.
pub const ANALYTICS_NAMESPACE: &str = "CompliCal/Analytics";
/// The dimension that every metric has.
pub const ENVIRONMENT_DIMENSION: &str = "Environment";
/// The further dimension of a [`PlanMetric`].
pub const PLAN_DIMENSION: &str = "Plan";

/// A metric of ours: its namespace, name and CloudWatch unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Events counted.
    ProcessedRecords,
    /// Records that became an item under `ERRORS`.
    FailedRecords,
    /// Age of an event when it had been counted, in milliseconds.
    ProcessingLatency,
    /// Shards that the stream has.
    OpenShards,
    /// Shards that the stream needs and cannot have: its maximum is reached, the day's changes are spent, or Kinesis
    /// refuses. Zero while it has what it needs.
    ShardsShort,
    /// Events that neither the stream nor the journal took: each is in a line of the authorizer's log alone, see
    /// [`crate::undelivered`].
    UndeliveredEvents,
    /// `API_CALL` events.
    TotalApiCalls,
    /// Users with at least one call in the minute.
    UniqueUsers,
    /// `API_AUTH_FAILED` events.
    AuthFailures,
    /// `API_RATE_LIMITED` events.
    RateLimited,
    /// Windows, of a user or of all, that the aggregator could not write in a run and tries again in the next. Zero
    /// while it writes all.
    FailedWindows,
    /// Alerts to users that the aggregator could not send in a run and sends in a later one. Zero while it sends all.
    UnsentAlerts,
    /// Anomalies in the calls of everybody or of a user that the aggregator found. Zero while it finds none.
    Anomalies,
}

/// A metric that there is of each plan as well: of its users alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlanMetric {
    /// [`Metric::TotalApiCalls`].
    Calls,
    /// [`Metric::UniqueUsers`].
    Users,
    /// [`Metric::RateLimited`].
    RateLimited,
}

impl PlanMetric {
    /// Every metric of a plan.
    pub const ALL: [Self; 3] = [Self::Calls, Self::Users, Self::RateLimited];

    /// The metric of everybody: it has the same namespace, name and unit.
    pub const fn of_everybody(self) -> Metric {
        match self {
            Self::Calls => Metric::TotalApiCalls,
            Self::Users => Metric::UniqueUsers,
            Self::RateLimited => Metric::RateLimited,
        }
    }
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 13] = [
        Self::ProcessedRecords,
        Self::FailedRecords,
        Self::ProcessingLatency,
        Self::OpenShards,
        Self::ShardsShort,
        Self::UndeliveredEvents,
        Self::TotalApiCalls,
        Self::UniqueUsers,
        Self::AuthFailures,
        Self::RateLimited,
        Self::FailedWindows,
        Self::UnsentAlerts,
        Self::Anomalies,
    ];

    /// CloudWatch's `Namespace`.
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::ProcessedRecords
            | Self::FailedRecords
            | Self::ProcessingLatency
            | Self::OpenShards
            | Self::ShardsShort
            | Self::UndeliveredEvents => KINESIS_NAMESPACE,
            _ => ANALYTICS_NAMESPACE,
        }
    }

    /// CloudWatch's `MetricName`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProcessedRecords => "ProcessedRecords",
            Self::FailedRecords => "FailedRecords",
            Self::ProcessingLatency => "ProcessingLatency",
            Self::OpenShards => "OpenShards",
            Self::ShardsShort => "ShardsShort",
            Self::UndeliveredEvents => "UndeliveredEvents",
            Self::TotalApiCalls => "TotalAPICalls",
            Self::UniqueUsers => "UniqueUsers",
            Self::AuthFailures => "AuthFailures",
            Self::RateLimited => "RateLimited",
            Self::FailedWindows => "FailedWindows",
            Self::UnsentAlerts => "UnsentAlerts",
            Self::Anomalies => "Anomalies",
        }
    }

    /// CloudWatch's `Unit`.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::ProcessingLatency => "Milliseconds",
            _ => "Count",
        }
    }
}
