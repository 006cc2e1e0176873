//! What a function learns from its environment.
//!
//! Invariant: a variable that is missing stops the function before its first request, by name.

use aws_config::{BehaviorVersion, SdkConfig};

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

/// The SDK's own settings: region, credentials, endpoint.
pub async fn aws() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::latest()).await
}
