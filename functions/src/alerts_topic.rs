//! The topic of alerts: who has subscribed to it is told of quotas that run out, and of anomalies in calls.
//!
//! Invariant: `Ok` is that SNS has taken what was sent, and nothing else is.

use aws_sdk_dynamodb::config::Credentials;
use contract::table::USER_EMAIL;
use metering::alert::{Alert, Kind};
use metering::anomaly::Anomaly;

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
        let subject = match alert.kind {
            Kind::Threshold(threshold) => format!("CompliCal: {threshold} % of the monthly quota is used"),
            Kind::RunOut(hour) => format!("CompliCal: the monthly quota will run out on {}", hour.day()),
        };
        let user = [(USER_EMAIL, alert.user_email.as_str())];
        self.topic.publish(&subject, &alert.cloud_event(&self.source), &user).await
    }

    /// Sends an anomaly, once.
    ///
    /// # Errors
    /// When SNS does not say that it has taken it. It may have, unless it refused it.
    pub async fn send_anomaly(&self, anomaly: &Anomaly) -> Result<(), RequestError> {
        let what = if anomaly.observed < anomaly.expected { "fewer" } else { "more" };
        let user: Vec<_> = anomaly.series.user.iter().map(|user| (USER_EMAIL, user.as_str())).collect();
        let subject = format!("CompliCal: far {what} calls than expected");
        self.topic.publish(&subject, &anomaly.cloud_event(&self.source), &user).await
    }
}

#[cfg(test)]
mod tests;
