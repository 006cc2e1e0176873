//! What a function learns from its environment.
//!
//! Invariant: a variable that is missing stops the function before its first request, by name.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// A variable that the template must set.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not set: the template gives it to the function")]
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
pub fn aws() -> SdkConfig {
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(std::env::var("AWS_REGION").ok().map(Region::new))
        .credentials_provider(credentials)
        .service_config(Endpoints)
        .build()
}

/// Where requests go, if not to AWS: `AWS_ENDPOINT_URL_DYNAMODB` and its like, else `AWS_ENDPOINT_URL`.
#[derive(Debug)]
struct Endpoints;

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().replace(' ', "_").to_uppercase();
        let names = [format!("{}_{service}", key.env()), key.env().to_owned()];
        names.iter().find_map(|name| std::env::var(name).ok())
    }
}
