//! The topic of alerts: who has subscribed to it is told of quotas that run out.
//!
//! Invariant: `Ok` is that SNS has taken the alert, and nothing else is.

use aws_sdk_dynamodb::config::Credentials;
use contract::table::USER_EMAIL;
use metering::alert::Alert;

use crate::signed_request::RequestError;
use crate::topic::Topic;

/// The topic.
#[derive(Clone, Debug)]
pub struct AlertsTopic {
    topic: Topic,
    source: String,
}

impl AlertsTopic {
    /// The topic of that ARN, at that address or at the region's own; `source` is what its events say they are from.
    pub fn new(
        endpoint_url: Option<&str>,
        region: &str,
        credentials: Credentials,
        arn: String,
        source: String,
    ) -> Self {
        Self { topic: Topic::new(endpoint_url, region, credentials, arn), source }
    }

    /// Sends an alert, once.
    ///
    /// # Errors
    /// When SNS does not say that it has taken it. It may have, unless it refused it.
    pub async fn send(&self, alert: &Alert) -> Result<(), RequestError> {
        let event = alert.cloud_event(&self.source);
        let subject = format!("CompliCal: {} % of the monthly quota is used", alert.threshold);
        self.topic.publish(&subject, &event, &[(USER_EMAIL, alert.user_email.as_str())]).await
    }
}

#[cfg(test)]
mod tests;
