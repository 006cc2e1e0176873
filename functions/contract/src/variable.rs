//! Environment variables of the functions. The SDK reads its own `AWS_*` beside them.

/// The environment's name.
pub const ENVIRONMENT: &str = "ENVIRONMENT";
/// Name of the analytics table.
pub const ANALYTICS_TABLE: &str = "ANALYTICS_TABLE";
/// Name of the usage table.
pub const API_USAGE_TABLE: &str = "API_USAGE_TABLE";
/// Name of the keys table.
pub const API_KEYS_TABLE: &str = "API_KEYS_TABLE";
/// Name of the deadlines table.
pub const DEADLINES_TABLE: &str = "DEADLINES_TABLE";
/// Name of the usage stream.
pub const KINESIS_STREAM: &str = "KINESIS_STREAM";
/// Name of the bucket of failed batches, for the bytes of records too large for an item.
pub const FAILED_BATCHES_BUCKET: &str = "FAILED_BATCHES_BUCKET";
/// Origins whose web pages may read answers, with spaces between them; not set where there are none.
pub const CORS_ORIGINS: &str = "CORS_ORIGINS";
/// Set where answers to calls with a key say what is left of the quota in `RateLimit` headers.
pub const RATE_LIMIT_HEADERS: &str = "RATE_LIMIT_HEADERS";
/// Name of the log group of the API's access log; set where the aggregator reads it.
pub const ACCESS_LOG_GROUP: &str = "ACCESS_LOG_GROUP";
/// Set where the access log is sent to the aggregator.
pub const ACCESS_LOG_SUBSCRIPTION: &str = "ACCESS_LOG_SUBSCRIPTION";
/// ARN of the topic of alerts.
pub const ALERTS_TOPIC: &str = "ALERTS_TOPIC";
/// Name of the bucket of reports.
pub const REPORTS_BUCKET: &str = "REPORTS_BUCKET";
/// ARN of the topic on which reports are announced.
pub const REPORTS_TOPIC: &str = "REPORTS_TOPIC";
/// Days on which nothing in the numbers of calls is an anomaly, with spaces between; not set where there are none.
pub const HOLIDAYS: &str = "HOLIDAYS";
/// The plans of customers with their thresholds, see [`Plans`](crate::plan::Plans); not set where there are none.
pub const PLANS: &str = "PLANS";
/// The fewest shards that the scaler leaves.
pub const MIN_SHARDS: &str = "MIN_SHARDS";
/// The most shards that the scaler takes.
pub const MAX_SHARDS: &str = "MAX_SHARDS";
/// Set by Lambda from the template's `Handler`; the authorizer reads its mode from it.
pub const HANDLER: &str = "_HANDLER";
/// The toggle of the command line, see [`crate::Toggle`].
pub const TOGGLE: &str = "ENABLE_KINESIS_ANALYTICS";
