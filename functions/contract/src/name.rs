//! Physical names, each a function of the environment.

use crate::Environment;
use crate::plan::PlanName;

/// The region of a command without `--region`.
pub const DEFAULT_REGION: &str = "ap-south-1";

/// Stack of the stream, its consumers and the analytics table.
pub fn kinesis_stack(env: &Environment) -> String {
    format!("CompliCal-Kinesis-{env}")
}

/// Stack of the HTTP API, its functions and tables.
pub fn api_stack(env: &Environment) -> String {
    format!("CompliCal-API-{env}")
}

/// Stack of the dashboard and the alarms.
pub fn dashboard_stack(env: &Environment) -> String {
    format!("CompliCal-Dashboard-{env}")
}

/// The stream of usage events.
pub fn stream(env: &Environment) -> String {
    format!("complical-usage-stream-{env}")
}

/// Table of blocks, windows, totals and failed records.
pub fn analytics_table(env: &Environment) -> String {
    format!("complical-analytics-{env}")
}

/// Table of each user's days and of the calls counted synchronously.
pub fn usage_table(env: &Environment) -> String {
    format!("complical-api-usage-{env}")
}

/// Table of API keys and of the users they belong to.
pub fn keys_table(env: &Environment) -> String {
    format!("complical-api-keys-{env}")
}

/// Table of deadlines.
pub fn deadlines_table(env: &Environment) -> String {
    format!("complical-deadlines-{env}")
}

/// The topic of alerts to users.
pub fn alerts_topic(env: &Environment) -> String {
    format!("complical-usage-alerts-{env}")
}

/// Output of the Kinesis stack that has the ARN of that topic.
pub const ALERTS_TOPIC_OUTPUT: &str = "AlertsTopicArn";

/// The topic on which reports are announced.
pub fn reports_topic(env: &Environment) -> String {
    format!("complical-usage-reports-{env}")
}

/// The attribute of its messages that says whose a report is: everybody's, a company's or a user's.
pub const REPORT_ATTRIBUTE: &str = "report";

/// The value of it for everybody's.
pub const EVERYBODYS_REPORT: &str = "everybody";

/// Output of the Kinesis stack that has the ARN of that topic.
pub const REPORTS_TOPIC_OUTPUT: &str = "ReportsTopicArn";

/// Output of the Kinesis stack that has the name of the bucket of reports.
pub const REPORTS_BUCKET_OUTPUT: &str = "ReportsBucketName";

/// What CloudEvents of the system say they are from (CloudEvents 1.0, "source").
pub fn event_source(env: &Environment) -> String {
    format!("/complical/{env}/usage")
}

/// The HTTP API, which its metrics name.
pub fn rest_api(env: &Environment) -> String {
    format!("complical-api-{env}")
}

/// The log group of the API's access log.
pub fn access_log(env: &Environment) -> String {
    format!("/complical/{}/access", rest_api(env))
}

/// The CloudWatch dashboard.
pub fn dashboard(env: &Environment) -> String {
    format!("complical-usage-analytics-{env}")
}

/// The CloudWatch dashboard of a plan's users.
pub fn dashboard_of_plan(env: &Environment, plan: &PlanName) -> String {
    format!("{}-{plan}", dashboard(env))
}

/// Under what Lambda keeps the batches that it gives up, in the bucket of failed batches (Lambda Developer Guide,
/// "Capturing discarded batches").
pub const FAILED_BATCHES: &str = "aws/lambda/";

/// Under what the processor keeps the bytes of failed records that are too large for an item, in the same bucket.
pub const LARGE_RECORDS: &str = "records/";

/// Parameter of a template that names the bucket of packages.
pub const CODE_BUCKET: &str = "CodeBucket";

/// Parameter of a template that has the key of a function's package in that bucket, by the function's logical id.
pub fn code_key(logical_id: &str) -> String {
    format!("{logical_id}CodeKey")
}
