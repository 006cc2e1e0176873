//! `AWS::Lambda::Function`.
//!
//! Invariant: a function runs on `provided.al2023`, writes to a log group with a retention, and is told the names of
//! what it uses by variables whose types say what each names.

use contract::plan::Plans;
use contract::{Environment, Toggle, variable};
use serde_json::{Map, Value as Json, json};

use crate::Architecture;
use crate::bounded::{MemoryMib, ReservedConcurrency, Shards, Timeout};
use crate::log_group::LogGroupHandle;
use crate::resource::{Properties, Resource};
use crate::role::RoleHandle;
use crate::settings::holidays::Holidays;
use crate::settings::origins::Origins;
use crate::value::{Expression, Value, kind};

/// A Lambda function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Which of ours.
    pub function: contract::Function,
    /// Of which environment.
    pub env: Environment,
    /// In which mode.
    pub toggle: Toggle,
    /// The processor it runs on.
    pub architecture: Architecture,
    /// Where its package is.
    pub code: Code,
    /// What it acts as.
    pub role: RoleHandle,
    /// Where it logs.
    pub logs: LogGroupHandle,
    /// What it is told.
    pub variables: Vec<Variable>,
    /// Its memory, and with it its share of a processor.
    pub memory: MemoryMib,
    /// How long one call may take.
    pub timeout: Timeout,
    /// How many calls are kept for it, and more than which there are never.
    pub reserved_concurrency: Option<ReservedConcurrency>,
    /// Whether its calls are traced.
    pub tracing: bool,
}

/// Where a package is: parameters of the template, because a template is made before its packages.
#[derive(Clone, Debug)]
pub struct Code {
    /// The bucket of packages.
    pub bucket: Value<kind::Parameter>,
    /// The package's key in it.
    pub key: Value<kind::Parameter>,
}

/// A variable of a function's environment, of the kind of what it names.
#[derive(Clone, Debug)]
pub enum Variable {
    /// The environment's name.
    Environment(Environment),
    /// The analytics table.
    AnalyticsTable(Value<kind::TableName>),
    /// The usage table.
    UsageTable(Value<kind::TableName>),
    /// The keys table.
    KeysTable(Value<kind::TableName>),
    /// The deadlines table.
    DeadlinesTable(Value<kind::TableName>),
    /// The usage stream.
    Stream(Value<kind::StreamName>),
    /// The bucket of failed batches.
    FailedBatches(Value<kind::BucketName>),
    /// Whose web pages may read answers.
    CorsOrigins(Origins),
    /// That answers say what is left of a quota in `RateLimit` headers.
    RateLimitHeaders,
    /// The log group of the access log.
    AccessLog(Value<kind::LogGroupName>),
    /// That the access log is sent to the function.
    AccessLogSubscription,
    /// The topic of alerts.
    AlertsTopic(Value<kind::TopicArn>),
    /// The bucket of reports.
    ReportsBucket(Value<kind::BucketName>),
    /// The topic on which reports are announced.
    ReportsTopic(Value<kind::TopicArn>),
    /// Days on which nothing in the numbers of calls is an anomaly.
    Holidays(Holidays),
    /// The plans of customers.
    Plans(Plans),
    /// The fewest shards that there may be.
    MinShards(Shards),
    /// The most shards that there may be.
    MaxShards(Shards),
}

/// A function that can be referred to.
#[derive(Clone, Debug)]
pub struct FunctionHandle {
    name: Value<kind::FunctionName>,
    arn: Value<kind::FunctionArn>,
    readable: String,
}

impl Resource for Function {
    const TYPE: &'static str = "AWS::Lambda::Function";
    type Handle = FunctionHandle;

    fn properties(&self) -> Properties {
        let Self {
            function,
            env,
            toggle,
            architecture,
            code: Code { bucket, key },
            role,
            logs,
            variables,
            memory,
            timeout,
            reserved_concurrency,
            tracing,
        } = self;
        let variables: Map<String, Json> = variables.iter().map(Variable::entry).collect();
        Properties::of(json!({
            "FunctionName": function.physical_name(env),
            "Description": function.description(*toggle),
            "Handler": function.handler(*toggle),
            "Runtime": "provided.al2023",
            "Architectures": [architecture],
            "Code": {"S3Bucket": bucket, "S3Key": key},
            "Role": role.arn(),
            "LoggingConfig": {"LogGroup": logs.name()},
            "Environment": {"Variables": variables},
            "MemorySize": memory,
            "Timeout": timeout,
            "ReservedConcurrentExecutions": reserved_concurrency,
            "TracingConfig": tracing.then_some(json!({"Mode": "Active"})),
        }))
    }

    fn handle(&self, logical_id: &str) -> FunctionHandle {
        FunctionHandle {
            name: Value::reference(logical_id),
            arn: Value::attribute(logical_id, "Arn"),
            readable: self.function.physical_name(&self.env),
        }
    }

    fn summary(&self) -> String {
        let mut summary = format!(
            "{}, {} MiB, {} s, {}",
            self.function.physical_name(&self.env),
            self.memory,
            self.timeout,
            self.function.handler(self.toggle)
        );
        if let Some(reserved) = self.reserved_concurrency {
            summary += &format!(", {reserved} at once");
        }
        summary
    }
}

impl Variable {
    /// Whose web pages may read answers, where there are any.
    pub(crate) fn cors_origins(origins: &Origins) -> Option<Self> {
        (!origins.is_empty()).then(|| Self::CorsOrigins(origins.clone()))
    }

    /// Days on which nothing is an anomaly, where there are any.
    pub(crate) fn holidays(days: &Holidays) -> Option<Self> {
        (!days.is_empty()).then(|| Self::Holidays(days.clone()))
    }

    /// The plans of customers, where there are any.
    pub(crate) fn plans(plans: &Plans) -> Option<Self> {
        (!plans.is_empty()).then(|| Self::Plans(plans.clone()))
    }

    fn entry(&self) -> (String, Json) {
        let (name, value) = match self {
            Self::Environment(env) => (variable::ENVIRONMENT, json!(env.as_str())),
            Self::AnalyticsTable(table) => (variable::ANALYTICS_TABLE, json!(table)),
            Self::UsageTable(table) => (variable::API_USAGE_TABLE, json!(table)),
            Self::KeysTable(table) => (variable::API_KEYS_TABLE, json!(table)),
            Self::DeadlinesTable(table) => (variable::DEADLINES_TABLE, json!(table)),
            Self::Stream(stream) => (variable::KINESIS_STREAM, json!(stream)),
            Self::FailedBatches(bucket) => (variable::FAILED_BATCHES_BUCKET, json!(bucket)),
            Self::CorsOrigins(origins) => (variable::CORS_ORIGINS, json!(origins.list())),
            Self::RateLimitHeaders => (variable::RATE_LIMIT_HEADERS, json!("on")),
            Self::AccessLog(group) => (variable::ACCESS_LOG_GROUP, json!(group)),
            Self::AccessLogSubscription => (variable::ACCESS_LOG_SUBSCRIPTION, json!("on")),
            Self::AlertsTopic(topic) => (variable::ALERTS_TOPIC, json!(topic)),
            Self::ReportsBucket(bucket) => (variable::REPORTS_BUCKET, json!(bucket)),
            Self::ReportsTopic(topic) => (variable::REPORTS_TOPIC, json!(topic)),
            Self::Holidays(days) => (variable::HOLIDAYS, json!(days.list())),
            Self::Plans(plans) => (variable::PLANS, json!(plans.to_string())),
            Self::MinShards(shards) => (variable::MIN_SHARDS, json!(shards.to_string())),
            Self::MaxShards(shards) => (variable::MAX_SHARDS, json!(shards.to_string())),
        };
        (name.into(), value)
    }
}

impl FunctionHandle {
    /// The function of this name, which another stack declares.
    pub fn elsewhere(name: String) -> Self {
        let arn = Expression::arn("lambda", format!("function:{name}")).into();
        Self { name: Value::literal(name.clone()), arn, readable: name }
    }

    pub const fn name(&self) -> &Value<kind::FunctionName> {
        &self.name
    }

    pub const fn arn(&self) -> &Value<kind::FunctionArn> {
        &self.arn
    }

    pub(crate) fn readable(&self) -> &str {
        &self.readable
    }
}
