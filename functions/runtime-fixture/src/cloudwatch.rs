//! A CloudWatch that cannot be reached: for code that publishes beside what a test is about.
//!
//! Invariant: a request fails at once, before it leaves the process, because nobody signs it.

use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Region};
use aws_sdk_cloudwatch::{Client, Config};

/// A client of none.
pub fn unreachable_cloudwatch() -> Client {
    let config = Config::builder().behavior_version(BehaviorVersion::latest());
    let config = config.region(Region::new(contract::name::DEFAULT_REGION)).retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}
