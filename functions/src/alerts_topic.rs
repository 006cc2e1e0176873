//! The topic of alerts: who has subscribed to it is told of quotas that run out.
//!
//! Invariant: `Ok` is that SNS has taken the alert, and nothing else is.

use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use metering::alert::Alert;

use crate::signed_request::{Ask, PayloadChecksumKind, RequestError, Service};

/// How long SNS may take for one alert.
const PATIENCE: Duration = Duration::from_secs(2);
/// The version of the API (Amazon SNS API reference, "Publish").
const API: &str = "2010-03-31";
/// The attribute of a message by which a subscription may be filtered.
const USER: &str = contract::table::USER_EMAIL;

/// The topic.
#[derive(Clone, Debug)]
pub struct AlertsTopic {
    service: Service,
    url: String,
    arn: String,
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
        let service = Service::new("sns", region, credentials, PayloadChecksumKind::NoHeader);
        Self { url: service.root(endpoint_url), service, arn, source }
    }

    /// Sends an alert, once.
    ///
    /// # Errors
    /// When SNS does not say that it has taken it. It may have, unless it refused it.
    pub async fn send(&self, alert: &Alert) -> Result<(), RequestError> {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let operation = format!("Publish to {}", self.arn);
        let ask = Ask { operation: &operation, method: "POST", url: &self.url, headers: &headers, patience: PATIENCE };
        self.service.ask(ask, self.form(alert)).await.map(drop)
    }

    fn form(&self, alert: &Alert) -> String {
        let event = alert.cloud_event(&self.source);
        // An e-mail shows the message as it is, so that it is written for people.
        let event = serde_json::to_string_pretty(&event);
        let event = event.unwrap_or_else(|error| unreachable!("plain data is JSON: {error}"));
        let fields = [
            ("Action", "Publish"),
            ("Version", API),
            ("TopicArn", &self.arn),
            ("Subject", &format!("CompliCal: {} % of the monthly quota is used", alert.threshold)),
            ("Message", &event),
            ("MessageAttributes.entry.1.Name", USER),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", alert.user_email.as_str()),
        ];
        fields.map(|(name, value)| format!("{name}={}", escaped(value))).join("&")
    }
}

/// A value of a form, with every byte escaped that may mean something there (URL Standard, 5.2).
fn escaped(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests;
