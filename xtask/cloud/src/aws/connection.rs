//! Where commands talk to: AWS, an endpoint that stands in for it, or the local system.
//!
//! Invariant: with `--local` nothing of the user's AWS configuration is read, so nothing can reach an account.

use std::time::Duration;

use anyhow::Result;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::SharedCredentialsProvider;
use contract::name;
use stacks::Target;
use xtask::cli;

use super::error::failed_to;
use super::reach::{CONNECT_TIMEOUT, http_client, patient_http_client, retries};
use crate::local_state::folder::Folder;
use crate::local_state::ready::Ready;

/// An open connection.
#[derive(Clone, Debug)]
pub struct Connection {
    config: SdkConfig,
    target: Target,
}

impl Connection {
    /// The connection that the command line asks for.
    ///
    /// # Errors
    /// With `--local`, when the local system does not run.
    pub async fn open(args: &cli::Cloud) -> Result<Self> {
        if args.local {
            return Ok(Self::to_local(&Ready::read(&Folder::open()?)?.endpoint_url));
        }
        let region = region(args).await;
        let mut loader = aws_config::from_env()
            .region(Region::new(region))
            .http_client(patient_http_client())
            .retry_config(retries())
            .timeout_config(timeouts());
        if let Some(profile) = &args.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &args.endpoint_url {
            loader = loader.endpoint_url(endpoint);
        }
        let config = loader.load().await.into_builder().http_client(http_client()).build();
        Ok(Self { config, target: Target::Aws })
    }

    /// The connection to the local system at an endpoint such as `http://127.0.0.1:4571`.
    pub fn to_local(endpoint: &str) -> Self {
        let credentials = aws_sdk_sts::config::Credentials::new("test", "test", None, None, "local");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(name::DEFAULT_REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .http_client(http_client())
            .retry_config(retries().with_max_attempts(3))
            .timeout_config(timeouts())
            .build();
        Self { config, target: Target::Local }
    }

    /// The same, for callers that try again themselves: a failed request is answered at once.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        let config = self.config.clone().into_builder().retry_config(RetryConfig::disabled()).build();
        Self { config, target: self.target }
    }

    /// An endpoint that is treated as AWS: for tests of what the local system does not emulate.
    #[must_use]
    pub fn to_fake(endpoint: &str) -> Self {
        Self { target: Target::Aws, ..Self::to_local(endpoint) }
    }

    /// What templates are made for.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Whether this is the local system.
    pub fn is_local(&self) -> bool {
        matches!(self.target, Target::Local)
    }

    pub fn region(&self) -> &str {
        self.config.region().map_or(name::DEFAULT_REGION, Region::as_ref)
    }

    /// The endpoint in place of AWS's own, if there is one.
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    /// How long to wait between two looks at something that takes its time.
    pub fn pause(&self) -> Duration {
        if self.endpoint().is_some() { Duration::from_millis(100) } else { Duration::from_secs(2) }
    }

    /// The number of the account.
    ///
    /// # Errors
    /// When there are no valid credentials, or nothing answers.
    pub async fn account(&self) -> Result<String> {
        let sts = aws_sdk_sts::Client::new(&self.config);
        let identity = sts.get_caller_identity().send().await.map_err(failed_to("find out the account"))?;
        Ok(identity.account().unwrap_or_default().to_owned())
    }

    /// The client of CloudFormation.
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.config)
    }

    /// The client of CloudWatch.
    pub fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::new(&self.config)
    }

    /// The client of CloudWatch Logs.
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.config)
    }

    /// The client of Cognito's user pools.
    pub fn cognito(&self) -> aws_sdk_cognitoidentityprovider::Client {
        aws_sdk_cognitoidentityprovider::Client::new(&self.config)
    }

    /// The client of DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    /// The client of Kinesis.
    pub fn kinesis(&self) -> aws_sdk_kinesis::Client {
        aws_sdk_kinesis::Client::new(&self.config)
    }

    /// The client of Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config)
    }

    /// The client of SNS.
    pub fn sns(&self) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::new(&self.config)
    }

    /// The client of S3; stand-ins know buckets in the path only, not in the host's name.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(self.endpoint().is_some());
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

/// The region of the flag, the environment or the profile. The instance's metadata is not asked: it costs seconds
/// everywhere but on an instance.
async fn region(args: &cli::Cloud) -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(region) =
        args.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"))
    {
        return region;
    }
    let mut provider = ProfileFileRegionProvider::builder();
    if let Some(profile) = &args.profile {
        provider = provider.profile_name(profile);
    }
    let region = aws_config::meta::region::ProvideRegion::region(&provider.build()).await;
    region.map_or_else(|| name::DEFAULT_REGION.to_owned(), |region| region.as_ref().to_owned())
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(Duration::from_secs(60)).build()
}
