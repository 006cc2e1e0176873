//! Who is sent alerts and reports: the subscriptions of the environment's topics.
//!
//! Invariant: a subscription is found by its protocol and endpoint, and there is at most one of each.

use anyhow::Result;
use aws_sdk_sns::operation::get_subscription_attributes::GetSubscriptionAttributesOutput;
use contract::table::USER_EMAIL;
use contract::{Environment, name};
use serde_json::{Value, json};
use xtask::Failure;
use xtask::cli::Subscriber;

use crate::Connection;
use crate::aws::error::failed_to;
use crate::stack::read;

/// How SNS answers for the ARN of a subscription that nobody has confirmed.
const PENDING: &str = "PendingConfirmation";
/// Attributes of a subscription (Amazon SNS API reference, "Subscribe").
const FILTER: &str = "FilterPolicy";
const RAW: &str = "RawMessageDelivery";
const DELIVERY: &str = "DeliveryPolicy";

/// What somebody subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Quotas that run out.
    Alerts,
    /// Usage reports.
    Reports,
}

/// The topic.
#[derive(Clone, Debug)]
pub struct Topic {
    told: Told,
    client: aws_sdk_sns::Client,
    /// Its ARN.
    pub arn: String,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// How alerts go, such as `email`.
    pub protocol: String,
    /// Where they go.
    pub endpoint: String,
    /// Its ARN, if it is confirmed.
    pub arn: Option<String>,
    /// Of whom alone.
    pub user_email: Option<String>,
    /// What goes there.
    pub told: Told,
}

impl Topic {
    /// The topic of an environment.
    ///
    /// # Errors
    /// When the Kinesis stack is not deployed, or deployed without it.
    pub async fn find(connection: &Connection, env: &Environment, told: Told) -> Result<Self> {
        let stack = name::kinesis_stack(env);
        let description = read::describe(connection, &stack).await?;
        let arn = description.as_ref().and_then(|stack| read::output(stack, told.output()));
        let arn = arn.map(str::to_owned).ok_or_else(|| {
            Failure::new(format!("{stack} is not deployed with a topic of {}", told.name()))
                .hint(format!("run `ENABLE_KINESIS_ANALYTICS=true cargo xtask deploy --env {env}` first"))
        })?;
        Ok(Self { told, client: connection.sns(), arn })
    }

    /// Asks for a subscription; one that is there stays as it is.
    ///
    /// # Errors
    /// When SNS refuses, or there is one for other users.
    pub async fn subscribe(&self, subscriber: &Subscriber, user_email: Option<&str>) -> Result<Subscription> {
        let (protocol, endpoint) = destination(subscriber);
        if let Some(known) = self.known(protocol, endpoint).await? {
            if known.arn.is_some() && known.user_email.as_deref() != user_email {
                return Err(Failure::new(format!("{endpoint} is already subscribed, for {}", known.whose()))
                    .hint("end it with `cargo xtask alerts unsubscribe` first")
                    .into());
            }
            return Ok(known);
        }
        let mut request = self.client.subscribe().topic_arn(&self.arn).protocol(protocol).endpoint(endpoint);
        if let Some(filter) = self.told.filter(user_email) {
            request = request.attributes(FILTER, filter.to_string());
        }
        if protocol != "email" {
            let delivery = json!({"requestPolicy": {"headerContentType": "application/json"}});
            request = request.attributes(RAW, "true").attributes(DELIVERY, delivery.to_string());
        }
        let answer = request.send().await.map_err(failed_to(format!("subscribe {endpoint}")))?;
        Ok(Subscription {
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
            arn: answer.subscription_arn().filter(|arn| is_arn(arn)).map(str::to_owned),
            user_email: user_email.map(str::to_owned),
            told: self.told,
        })
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// When there is none, nobody has confirmed it, or SNS refuses.
    pub async fn unsubscribe(&self, subscriber: &Subscriber) -> Result<Subscription> {
        let (protocol, endpoint) = destination(subscriber);
        let known = self.known(protocol, endpoint).await?;
        let known = known.ok_or_else(|| {
            Failure::new(format!("{endpoint} is not subscribed"))
                .hint("`cargo xtask alerts list` lists those there are")
        })?;
        let Some(arn) = &known.arn else {
            return Err(Failure::new(format!(
                "nobody has confirmed the subscription of {endpoint}, so it cannot be ended"
            ))
            .hint("it gets nothing, and ends by itself after two days")
            .into());
        };
        let request = self.client.unsubscribe().subscription_arn(arn);
        request.send().await.map_err(failed_to(format!("end the subscription of {endpoint}")))?;
        Ok(known)
    }

    /// Every subscription.
    ///
    /// # Errors
    /// When SNS refuses.
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>> {
        let pages = self.client.list_subscriptions_by_topic().topic_arn(&self.arn);
        let listed: Result<Vec<_>, _> = pages.into_paginator().send().collect().await;
        let listed = listed.map_err(failed_to("list the subscriptions"))?;
        let mut subscriptions = Vec::new();
        for listed in listed.iter().flat_map(|page| page.subscriptions()) {
            let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
            let mut subscription = Subscription {
                protocol: text(listed.protocol()),
                endpoint: text(listed.endpoint()),
                arn: None,
                user_email: None,
                told: self.told,
            };
            if let Some(arn) = listed.subscription_arn().filter(|arn| is_arn(arn)) {
                let request = self.client.get_subscription_attributes().subscription_arn(arn);
                let of = request.send().await.map_err(failed_to(format!("look at the subscription {arn}")))?;
                subscription.arn = (attribute(&of, PENDING) != Some("true")).then(|| arn.to_owned());
                subscription.user_email = attribute(&of, FILTER).and_then(user_of);
            }
            subscriptions.push(subscription);
        }
        Ok(subscriptions)
    }

    async fn known(&self, protocol: &str, endpoint: &str) -> Result<Option<Subscription>> {
        let mut subscriptions = self.subscriptions().await?.into_iter();
        Ok(subscriptions.find(|known| known.protocol == protocol && known.endpoint == endpoint))
    }
}

impl Subscription {
    /// Of whom it gets something, in words.
    pub fn whose(&self) -> String {
        let all = match self.told {
            Told::Alerts => "all users",
            Told::Reports => "everybody together",
        };
        self.user_email.as_ref().map_or_else(|| all.to_owned(), |user| format!("the user {user}"))
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let status = if self.arn.is_some() { "confirmed" } else { "not confirmed yet" };
        format!("{} {}: {} of {}, {status}", self.protocol, self.endpoint, self.told.name(), self.whose())
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self { protocol, endpoint, arn, user_email, told: _ } = self;
        json!({
            "protocol": protocol, "endpoint": endpoint, "confirmed": arn.is_some(), "subscriptionArn": arn,
            "userEmail": user_email,
        })
    }
}

impl Told {
    /// What it is, in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Reports => "reports",
        }
    }

    const fn output(self) -> &'static str {
        match self {
            Self::Alerts => name::ALERTS_TOPIC_OUTPUT,
            Self::Reports => name::REPORTS_TOPIC_OUTPUT,
        }
    }

    /// What a subscription is to be sent, where that is not everything: there is a report of each user each day.
    fn filter(self, user_email: Option<&str>) -> Option<Value> {
        match (self, user_email) {
            (_, Some(user_email)) => Some(json!({USER_EMAIL: [user_email]})),
            (Self::Reports, None) => Some(json!({name::REPORT_ATTRIBUTE: [name::EVERYBODYS_REPORT]})),
            (Self::Alerts, None) => None,
        }
    }
}

fn destination(subscriber: &Subscriber) -> (&'static str, &str) {
    match (&subscriber.email, &subscriber.https) {
        (Some(email), _) => ("email", email.as_str()),
        (None, url) => {
            let url = url.as_deref().unwrap_or_default();
            (if url.starts_with("https://") { "https" } else { "http" }, url)
        }
    }
}

/// Whether it is what SNS gives a subscription that is confirmed, in place of `PendingConfirmation`.
pub(super) fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

fn attribute<'a>(of: &'a GetSubscriptionAttributesOutput, name: &str) -> Option<&'a str> {
    of.attributes().and_then(|attributes| attributes.get(name)).map(String::as_str)
}

/// The one user of a filter.
fn user_of(filter: &str) -> Option<String> {
    let filter: Value = serde_json::from_str(filter).ok()?;
    filter[USER_EMAIL][0].as_str().map(str::to_owned)
}
