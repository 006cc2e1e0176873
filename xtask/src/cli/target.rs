//! Which deployment a command is for, and where it asks.
//!
//! Invariant: what the SDK would take and fail with later is refused here.

use clap::Args;
use contract::Environment;

use super::text::line;

/// Which deployment.
#[derive(Args, Debug, Clone)]
pub struct Env {
    /// The environment, configured in stacks/environments/<ENV>.toml
    #[arg(long, value_name = "ENV", default_value = "test", value_parser = clap::value_parser!(Environment))]
    pub env: Environment,
}

/// Where to talk to AWS, or to what stands in for it.
#[derive(Args, Debug, Clone)]
pub struct Cloud {
    #[command(flatten)]
    pub env: Env,
    /// The AWS region [default: AWS_REGION, the profile's, else ap-south-1]
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub region: Option<String>,
    /// The profile of AWS's configuration files [default: AWS_PROFILE, else `default`]
    #[arg(long, value_name = "PROFILE", value_parser = line)]
    pub profile: Option<String>,
    /// Send every request to this address [default: AWS_ENDPOINT_URL, else AWS itself]
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "local")]
    pub endpoint_url: Option<String>,
    /// Use the local system that `cargo xtask local` runs
    #[arg(long)]
    pub local: bool,
}

/// The SDK takes any text for a region or an address, and fails far from where it was given.
fn region(text: &str) -> Result<String, String> {
    let is_label = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_label {
        Ok(text.to_owned())
    } else {
        Err("a region is letters, digits and `-`, such as `ap-south-1`".to_owned())
    }
}

fn url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let has_host =
        host.is_some_and(|host| host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '['));
    if has_host { Ok(text.to_owned()) } else { Err("an address is such as `http://127.0.0.1:4571`".to_owned()) }
}
