//! Every metric that a dashboard or an alarm may show, each a metric that is published, with the dimensions it has.
//!
//! Invariant: a metric is made from the handle of what publishes it, so neither its name nor a dimension can be wrong.

use contract::Environment;
use contract::metric::{ENVIRONMENT_DIMENSION, Metric as Own, PLAN_DIMENSION, PlanMetric};
use contract::plan::PlanName;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::bounded::Percentile;
use crate::function::FunctionHandle;
use crate::stream::StreamHandle;
use crate::table::TableHandle;
use crate::value::Expression;

/// A metric of CloudWatch.
#[derive(Clone, Debug)]
pub struct Metric {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) dimensions: Vec<(&'static str, Expression)>,
}

/// How the data points of a period become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// All added up.
    Sum,
    /// Their mean.
    Average,
    /// The greatest.
    Maximum,
    /// What so many percent do not exceed.
    Percentile(Percentile),
}

/// A period that CloudWatch takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// 60 seconds.
    Minute,
    /// 300 seconds.
    FiveMinutes,
    /// 24 hours.
    Day,
}

/// What Kinesis publishes of a stream ("Monitor the Kinesis Data Streams service with CloudWatch").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamMetric {
    /// Records put.
    IncomingRecords,
    /// Bytes put.
    IncomingBytes,
    /// Records refused because a shard was full.
    WriteThrottled,
    /// Reads refused because a shard was read too much.
    ReadThrottled,
    /// Age of the last record that was asked for. Fan-out consumers do not ask.
    IteratorAge,
}

/// What Lambda publishes of a function ("Types of metrics for Lambda functions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionMetric {
    /// Calls.
    Invocations,
    /// Calls that ended in an error.
    Errors,
    /// Calls refused because too many ran.
    Throttles,
    /// How long a call took.
    Duration,
    /// Age of the last record of a batch, however the function is sent it.
    IteratorAge,
    /// Batches that could not be kept where given-up batches go.
    DestinationDeliveryFailures,
}

/// What API Gateway publishes of a REST API's stage ("Amazon API Gateway dimensions and metrics").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiMetric {
    /// Calls.
    Count,
    /// Calls answered 4xx.
    ClientErrors,
    /// Calls answered 5xx.
    ServerErrors,
    /// Response time.
    Latency,
}

/// What DynamoDB publishes of a table ("DynamoDB metrics and dimensions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableMetric {
    /// Read units.
    ConsumedReads,
    /// Write units.
    ConsumedWrites,
    /// Refused reads.
    ReadThrottles,
    /// Refused writes.
    WriteThrottles,
}

const COUNT: &str = "Count";
const MILLISECONDS: &str = "Milliseconds";

impl Metric {
    /// A metric of ours.
    pub fn own(metric: Own, env: &Environment) -> Self {
        Self {
            namespace: metric.namespace(),
            name: metric.name(),
            unit: metric.unit(),
            dimensions: vec![(ENVIRONMENT_DIMENSION, Expression::text(env.as_str()))],
        }
    }

    /// A metric of ours of a plan's users.
    pub fn of_plan(metric: PlanMetric, env: &Environment, plan: &PlanName) -> Self {
        let mut own = Self::own(metric.of_everybody(), env);
        own.dimensions.push((PLAN_DIMENSION, Expression::text(plan.as_str())));
        own
    }

    /// A metric of an API's stage: the API is named as its metrics name it.
    pub fn of_api(metric: ApiMetric, name: String, stage: &Environment) -> Self {
        let (name_of_metric, unit) = match metric {
            ApiMetric::Count => ("Count", COUNT),
            ApiMetric::ClientErrors => ("4XXError", COUNT),
            ApiMetric::ServerErrors => ("5XXError", COUNT),
            ApiMetric::Latency => ("Latency", MILLISECONDS),
        };
        let dimensions = vec![("ApiName", Expression::text(name)), ("Stage", Expression::text(stage.as_str()))];
        Self { namespace: "AWS/ApiGateway", name: name_of_metric, unit, dimensions }
    }

    pub(crate) fn dimensions(&self) -> Json {
        self.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
    }
}

impl StreamHandle {
    /// A metric of the stream.
    pub fn metric(&self, metric: StreamMetric) -> Metric {
        let (name, unit) = match metric {
            StreamMetric::IncomingRecords => ("IncomingRecords", COUNT),
            StreamMetric::IncomingBytes => ("IncomingBytes", "Bytes"),
            StreamMetric::WriteThrottled => ("WriteProvisionedThroughputExceeded", COUNT),
            StreamMetric::ReadThrottled => ("ReadProvisionedThroughputExceeded", COUNT),
            StreamMetric::IteratorAge => ("GetRecords.IteratorAgeMilliseconds", MILLISECONDS),
        };
        let dimensions = vec![("StreamName", self.name().expression().clone())];
        Metric { namespace: "AWS/Kinesis", name, unit, dimensions }
    }
}

impl FunctionHandle {
    /// A metric of the function.
    pub fn metric(&self, metric: FunctionMetric) -> Metric {
        let (name, unit) = match metric {
            FunctionMetric::Invocations => ("Invocations", COUNT),
            FunctionMetric::Errors => ("Errors", COUNT),
            FunctionMetric::Throttles => ("Throttles", COUNT),
            FunctionMetric::Duration => ("Duration", MILLISECONDS),
            FunctionMetric::IteratorAge => ("IteratorAge", MILLISECONDS),
            FunctionMetric::DestinationDeliveryFailures => ("DestinationDeliveryFailures", COUNT),
        };
        let dimensions = vec![("FunctionName", self.name().expression().clone())];
        Metric { namespace: "AWS/Lambda", name, unit, dimensions }
    }
}

impl TableHandle {
    /// A metric of the table.
    pub fn metric(&self, metric: TableMetric) -> Metric {
        let name = match metric {
            TableMetric::ConsumedReads => "ConsumedReadCapacityUnits",
            TableMetric::ConsumedWrites => "ConsumedWriteCapacityUnits",
            TableMetric::ReadThrottles => "ReadThrottleEvents",
            TableMetric::WriteThrottles => "WriteThrottleEvents",
        };
        let dimensions = vec![("TableName", self.name().expression().clone())];
        Metric { namespace: "AWS/DynamoDB", name, unit: COUNT, dimensions }
    }
}

impl Period {
    /// The period in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Day => 86_400,
        }
    }

    /// The period as a person says it.
    pub(crate) const fn readable(self) -> &'static str {
        match self {
            Self::Minute => "1 min",
            Self::FiveMinutes => "5 min",
            Self::Day => "1 day",
        }
    }
}

impl Statistic {
    /// As CloudWatch spells it.
    pub(crate) fn spelled(self) -> String {
        match self {
            Self::Sum => "Sum".into(),
            Self::Average => "Average".into(),
            Self::Maximum => "Maximum".into(),
            Self::Percentile(percent) => format!("p{percent}"),
        }
    }
}

impl Serialize for Statistic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.spelled())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.seconds())
    }
}
