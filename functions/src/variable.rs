//! What a function learns from its environment.
//!
//! Invariant: a variable that is missing stops the function before its first request, by name.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_types::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use contract::plan::{InvalidPlan, Plans};

use crate::access_log::AccessLog;
use crate::alerts_topic::AlertsTopic;
use crate::bucket::Bucket;
use crate::cloudwatch::CloudWatch;
use crate::https;
use crate::kinesis::Kinesis;
use crate::large_records::LargeRecords;
use crate::topic::Topic;
use crate::usage_reports::ReportsTopic;

const REGION: &str = "AWS_REGION";
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

/// A variable that the template must set.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not set: the template or Lambda gives it to the function")]
pub struct Missing(&'static str);

/// The value of a variable.
///
/// # Errors
/// When it is not set, or empty.
pub fn required(name: &'static str) -> Result<String, Missing> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or(Missing(name))
}

/// The SDK's own settings, read where Lambda puts them: region, credentials and endpoints are variables, and nothing
/// else is looked for. The SDK's chain of other places would be a tenth of each package.
///
/// # Errors
/// When one of them is not set.
pub fn aws() -> Result<SdkConfig, Missing> {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(required(REGION)?))
        .credentials_provider(SharedCredentialsProvider::new(credentials()?))
        .service_config(Endpoints)
        .http_client(https::client())
        .build();
    Ok(config)
}

/// Kinesis, by the same variables.
///
/// # Errors
/// When one of them is not set.
pub fn kinesis() -> Result<Kinesis, lambda_runtime::Error> {
    Ok(Kinesis::new(endpoint("KINESIS").as_deref(), &required(REGION)?, credentials()?))
}

/// CloudWatch, by the same variables.
///
/// # Errors
/// When one of them is not set.
pub fn cloudwatch() -> Result<CloudWatch, lambda_runtime::Error> {
    Ok(CloudWatch::new(endpoint("CLOUDWATCH").as_deref(), &required(REGION)?, credentials()?))
}

/// The bucket of failed batches, by the same variables and the one that names it.
///
/// # Errors
/// When one of them is not set.
pub fn large_records() -> Result<LargeRecords, lambda_runtime::Error> {
    let bucket = required(contract::variable::FAILED_BATCHES_BUCKET)?;
    Ok(LargeRecords::new(endpoint("S3").as_deref(), &required(REGION)?, credentials()?, bucket))
}

/// Whether the access log is sent here.
pub fn is_subscribed() -> bool {
    required(contract::variable::ACCESS_LOG_SUBSCRIPTION).is_ok()
}

/// The API's access log, by the same variables and the one that names its log group; nothing where that is not set.
///
/// # Errors
/// When one of them is not set.
pub fn access_log() -> Result<Option<AccessLog>, lambda_runtime::Error> {
    let Ok(group) = required(contract::variable::ACCESS_LOG_GROUP) else { return Ok(None) };
    Ok(Some(AccessLog::new(endpoint("CLOUDWATCH_LOGS").as_deref(), &required(REGION)?, credentials()?, group)))
}

/// The topic of alerts, by the same variables, the one that names it and the environment's.
///
/// # Errors
/// When one of them is not set, or the environment's is not an environment's name.
pub fn alerts_topic() -> Result<AlertsTopic, lambda_runtime::Error> {
    let environment = required(contract::variable::ENVIRONMENT)?.parse()?;
    let (arn, source) = (required(contract::variable::ALERTS_TOPIC)?, contract::name::event_source(&environment));
    Ok(AlertsTopic::new(endpoint("SNS").as_deref(), &required(REGION)?, credentials()?, arn, source))
}

/// The bucket of reports, by the same variables and the one that names it.
///
/// # Errors
/// When one of them is not set.
pub fn reports_bucket() -> Result<Bucket, lambda_runtime::Error> {
    let bucket = required(contract::variable::REPORTS_BUCKET)?;
    Ok(Bucket::new(endpoint("S3").as_deref(), &required(REGION)?, credentials()?, bucket))
}

/// The topic on which reports are announced, by the same variables, the one that names it and the environment's.
///
/// # Errors
/// When one of them is not set, or the environment's is not an environment's name.
pub fn reports_topic() -> Result<ReportsTopic, lambda_runtime::Error> {
    let environment = required(contract::variable::ENVIRONMENT)?.parse()?;
    let (arn, source) = (required(contract::variable::REPORTS_TOPIC)?, contract::name::event_source(&environment));
    let topic = Topic::new(endpoint("SNS").as_deref(), &required(REGION)?, credentials()?, arn);
    Ok(ReportsTopic { topic, source })
}

/// Days on which nothing in the numbers of calls is an anomaly; none where that is not set.
///
/// # Errors
/// When one of them is no day.
pub fn holidays() -> Result<Vec<jiff::civil::Date>, lambda_runtime::Error> {
    let days = required(contract::variable::HOLIDAYS).unwrap_or_default();
    Ok(days.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// The plans of customers; none where that is not set.
///
/// # Errors
/// When it names something else.
pub fn plans() -> Result<Plans, InvalidPlan> {
    required(contract::variable::PLANS).unwrap_or_default().parse()
}

/// The role's credentials. They live as long as this process may: Lambda ends it before they expire.
fn credentials() -> Result<Credentials, Missing> {
    let (id, secret) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(id, secret, required("AWS_SESSION_TOKEN").ok(), None, "Lambda"))
}

/// Where the requests of a service go, if not to AWS: `AWS_ENDPOINT_URL_DYNAMODB` and its like, else
/// `AWS_ENDPOINT_URL`.
fn endpoint(service: &str) -> Option<String> {
    let names = [format!("{ENDPOINT_URL}_{service}"), ENDPOINT_URL.into()];
    names.iter().find_map(|name| std::env::var(name).ok())
}

/// [`endpoint`], as the SDK asks for it.
#[derive(Debug)]
struct Endpoints;

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        // The SDK asks for other settings in the same way.
        (key.env() == ENDPOINT_URL).then(|| endpoint(&key.service_id().replace(' ', "_").to_uppercase())).flatten()
    }
}
