//! Prices and measured units, each from its one dated file.
//!
//! Invariant: a price carries where it holds and where it was read, so no figure passes for another region's.

use anyhow::{Context as _, Result};
use contract::metric::PlanMetric;
use contract::plan::Plans;
use serde::Deserialize;

/// One list price.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// US dollars.
    pub usd: f64,
    /// For what.
    pub per: String,
    /// The region whose price it is.
    pub place: String,
    /// Where it was read: for whoever reads the file.
    #[allow(dead_code, reason = "a price without its source is refused")]
    pub source: String,
}

/// Every price there is, as `prices.toml` names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub date: String,
    pub region: String,
    pub kinesis_shard_hour: Price,
    pub kinesis_put_units_million: Price,
    pub kinesis_extended_retention_shard_hour: Price,
    pub kinesis_on_demand_hour: Price,
    pub kinesis_on_demand_gb_in: Price,
    pub kinesis_on_demand_gb_out: Price,
    pub kinesis_on_demand_retention_gb_month: Price,
    pub kinesis_on_demand_consumer_gb: Price,
    pub kinesis_consumer_shard_hour: Price,
    pub kinesis_consumer_gb: Price,
    pub lambda_requests_million: Price,
    pub lambda_gb_second: Price,
    pub dynamodb_write_units_million: Price,
    pub dynamodb_read_units_million: Price,
    pub api_gateway_requests_million: Price,
    pub logs_gb: Price,
    pub cloudwatch_metric_month: Price,
    pub cloudwatch_dashboard_month: Price,
    pub cloudwatch_alarm_month: Price,
    pub sns_requests_million: Price,
    pub s3_puts_million: Price,
}

/// What a call takes, as `units.toml` has it. Each group says how it was measured; nothing there means that it was not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Write units of DynamoDB.
    pub write_units_per_1000_calls: WriteUnits,
    /// Those without the stream.
    pub synchronous_write_units_per_1000_calls: OfAuthorizer,
    /// Read units of DynamoDB.
    pub read_units_per_1000_calls: OfAuthorizer,
    /// Each function's invocation.
    pub functions: Functions,
    /// Looks at the live view.
    pub looks: Looks,
    /// What the aggregator does with each call.
    pub fold: FoldUnits,
    /// Traffic.
    pub bytes_per_call: Bytes,
    /// The gateway's own log.
    pub access_log_bytes_per_call: OfGateway,
    /// How it is known what calls were answered.
    pub statuses: StatusUnits,
    /// Alerts to users.
    pub alerts_per_1000_calls: Alerts,
    /// What it takes to watch users.
    pub anomalies: AnomalyUnits,
    /// Reports of days, weeks and months.
    pub reports: Reports,
    /// What there is whatever the traffic.
    pub fixtures: Fixtures,
}

/// Write units for 1,000 calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteUnits {
    pub measured: String,
    pub a: f64,
    #[allow(dead_code, reason = "the file has all four loads, and the price lies between those of A and C")]
    pub b: f64,
    pub c: f64,
    #[allow(dead_code, reason = "as for B")]
    pub d: f64,
}

/// A figure of the authorizer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfAuthorizer {
    pub measured: String,
    pub authorizer: f64,
}

/// A figure of the gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfGateway {
    pub measured: String,
    pub gateway: f64,
}

/// The functions' invocations.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    pub measured: String,
    pub authorizer: Invocation,
    pub deadlines: Invocation,
    pub processor: Invocation,
    pub aggregator: Invocation,
    pub analytics: Invocation,
}

/// One invocation of a function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    /// Billed time.
    pub milliseconds: f64,
    /// Memory.
    pub memory_mb: f64,
}

/// Read units of looks at the live view.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looks {
    pub measured: String,
    /// By rising calls a second; at least one.
    pub at: Vec<Look>,
}

/// What a look takes while there are so many calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Calls a second.
    pub calls_per_second: f64,
    /// Read units of the first look of an instance of the function.
    pub first: f64,
    /// Read units of a look a second after another.
    pub again: f64,
}

/// What a call takes of the fold of its minute.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoldUnits {
    pub measured: String,
    /// Time of a whole processor.
    pub microseconds_per_call: f64,
    /// Read units of a run of the aggregator, however little happened.
    pub read_units_per_run: f64,
    /// Those beside them for 1,000 calls.
    pub read_units_per_1000_calls: f64,
}

/// Bytes for each call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    pub measured: String,
    pub event: f64,
    pub logs: f64,
}

/// What it takes to know what calls were answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusUnits {
    pub measured: String,
    /// Time of the aggregator for a page of the access log.
    pub milliseconds_of_page: f64,
    /// Time between two deliveries while there are calls.
    pub seconds_between_deliveries: f64,
    /// Time of the aggregator for one.
    pub milliseconds_of_delivery: f64,
    /// A line as it is stored.
    pub bytes_of_line: f64,
}

/// Alerts to users.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    pub measured: String,
    pub sent: f64,
}

/// What it takes to watch users for anomalies.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomalyUnits {
    pub measured: String,
    /// Days of users, and read units for one of a user who is watched by the hour and for one of a user by the minute.
    pub user_days_per_1000_calls: f64,
    pub of_user_by_hour: f64,
    pub of_user_by_minute: f64,
}

/// Reports of days, weeks and months.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    pub measured: String,
    pub per_1000_calls: f64,
    /// Objects of one.
    pub objects: f64,
    /// Read units of DynamoDB for one.
    pub read_units: f64,
    /// What the function takes for one.
    pub function: Invocation,
}

/// What there is whatever the traffic.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixtures {
    pub measured: String,
    pub metrics: f64,
    pub dashboards: f64,
    pub alarms: f64,
}

impl Prices {
    /// The prices of this program.
    ///
    /// # Errors
    /// When the file it was built with is broken: a defect of ours.
    pub fn read() -> Result<Self> {
        toml::from_str(include_str!("../../prices.toml")).context("prices.toml")
    }
}

impl Units {
    /// The units of this program.
    ///
    /// # Errors
    /// When the file it was built with is broken: a defect of ours.
    pub fn read() -> Result<Self> {
        toml::from_str(include_str!("../../units.toml")).context("units.toml")
    }

    /// The same where some plans are told apart: each has metrics and a dashboard of its own.
    #[must_use]
    pub fn with_plans(mut self, plans: &Plans) -> Self {
        let plans = plans.names().len() as f64;
        self.fixtures.metrics += plans * PlanMetric::ALL.len() as f64;
        self.fixtures.dashboards += plans;
        self
    }

    /// What was not measured but assumed, in words.
    pub fn assumed(&self) -> Vec<&'static str> {
        let Self {
            write_units_per_1000_calls: writes,
            synchronous_write_units_per_1000_calls: synchronous,
            read_units_per_1000_calls: reads,
            functions,
            looks,
            fold,
            bytes_per_call: bytes,
            access_log_bytes_per_call: access_log,
            statuses,
            alerts_per_1000_calls: alerts,
            anomalies,
            reports,
            fixtures,
        } = self;
        let groups = [
            (&writes.measured, "write units behind the stream"),
            (&synchronous.measured, "write units of the synchronous mode"),
            (&reads.measured, "read units"),
            (&functions.measured, "the functions' billed time"),
            (&looks.measured, "read units of looks"),
            (&fold.measured, "the fold's processor time"),
            (&bytes.measured, "bytes of events and logs"),
            (&access_log.measured, "bytes of the access log"),
            (&statuses.measured, "how answers are known"),
            (&alerts.measured, "alerts"),
            (&anomalies.measured, "read units of anomalies"),
            (&reports.measured, "reports"),
            (&fixtures.measured, "metrics and alarms"),
        ];
        groups.into_iter().filter(|(measured, _)| measured.is_empty()).map(|(_, what)| what).collect()
    }
}
