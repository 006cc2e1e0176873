//! A topic of SNS: what is published on it goes to whoever has subscribed, by mail as it is.
//!
//! Invariant: `Ok` is that SNS has taken the message, and nothing else is.

use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use serde::Serialize;

use crate::form;
use crate::signed_request::{Ask, PayloadChecksumKind, RequestError, Service};

/// How long SNS may take for one request.
const PATIENCE: Duration = Duration::from_secs(2);
/// The version of the API (Amazon SNS API reference, "Publish").
const API: &str = "2010-03-31";

/// A topic.
#[derive(Clone, Debug)]
pub struct Topic {
    service: Service,
    url: String,
    arn: String,
}

impl Topic {
    /// The topic of that ARN, at that address or at the region's own.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials, arn: String) -> Self {
        let service = Service::new("sns", region, credentials, PayloadChecksumKind::NoHeader);
        Self { url: service.root(endpoint_url), service, arn }
    }

    /// Publishes an event, once. The subject is ASCII; subscriptions are filtered by the attributes.
    ///
    /// # Errors
    /// When SNS does not say that it has taken it. It may have, unless it refused it.
    pub async fn publish(
        &self,
        subject: &str,
        event: &impl Serialize,
        attributes: &[(&str, &str)],
    ) -> Result<(), RequestError> {
        // An e-mail shows the message as it is, so that it is written for people.
        let event = serde_json::to_string_pretty(event);
        let event = event.unwrap_or_else(|error| unreachable!("plain data is JSON: {error}"));
        let names: Vec<[String; 3]> = (1..=attributes.len())
            .map(|n| {
                ["Name", "Value.DataType", "Value.StringValue"]
                    .map(|part| format!("MessageAttributes.entry.{n}.{part}"))
            })
            .collect();
        let mut fields = vec![("Subject", subject), ("Message", &event)];
        for ([name, kind, text], (attribute, value)) in names.iter().zip(attributes) {
            fields.extend([(name.as_str(), *attribute), (kind, "String"), (text, value)]);
        }
        self.ask("Publish", &fields).await.map(drop)
    }

    /// Whether somebody has subscribed and confirmed it.
    ///
    /// # Errors
    /// When SNS does not answer.
    pub async fn has_subscribers(&self) -> Result<bool, RequestError> {
        let answer = self.ask("GetTopicAttributes", &[]).await?;
        let answer = String::from_utf8_lossy(&answer);
        let after = |text: &str, mark| text.split_once(mark).map(|(_, rest)| rest.to_owned());
        let confirmed = after(&answer, "SubscriptionsConfirmed").and_then(|rest| after(&rest, "<value>"));
        let confirmed = confirmed.unwrap_or_default();
        Ok(confirmed.trim_start().starts_with(|digit: char| ('1'..='9').contains(&digit)))
    }

    async fn ask(&self, action: &str, fields: &[(&str, &str)]) -> Result<Vec<u8>, RequestError> {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let operation = format!("{action} to {}", self.arn);
        let ask = Ask { operation: &operation, method: "POST", url: &self.url, headers: &headers, patience: PATIENCE };
        let fields = [&[("Action", action), ("Version", API), ("TopicArn", &self.arn)], fields].concat();
        self.service.ask(ask, form::encoded(&fields)).await
    }
}
