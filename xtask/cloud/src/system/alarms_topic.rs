//! Whether somebody hears the alarms: the subscriptions of their topic, as SNS has them.
//!
//! Invariant: a subscription that nobody has confirmed is none.

use anyhow::Result;
use cloudformation::resource_type;
use contract::name;
use stacks::{AlarmSubscribers, App, Warning};

use crate::Connection;
use crate::aws::error::failed_to;
use crate::console::observer::Observer;
use crate::stack::read;
use crate::system::alerts::is_arn;

/// What to tell an operator of who hears the alarms: by the topic, or by the settings where it cannot be looked at.
pub async fn warnings(connection: &Connection, app: &App) -> Vec<Warning> {
    if !app.needs_a_subscriber() {
        return Vec::new();
    }
    match subscribers(connection, app).await {
        Ok(Some(subscribers)) => app.warnings_of(subscribers),
        Ok(None) | Err(_) => app.warnings(),
    }
}

/// Tells of warnings.
pub fn note(warnings: &[Warning], observer: &impl Observer) {
    for warning in warnings {
        observer.note(&format!("warning: {warning}"));
        observer.note(&format!("hint: {}", warning.hint()));
    }
}

/// Who is subscribed; nothing where the topic is not deployed.
async fn subscribers(connection: &Connection, app: &App) -> Result<Option<AlarmSubscribers>> {
    let resources = read::resources(connection, &name::dashboard_stack(&app.env)).await?;
    let topic = resources.iter().find(|resource| resource.resource_type() == Some(resource_type::TOPIC));
    let Some(topic) = topic.and_then(|topic| topic.physical_resource_id()) else { return Ok(None) };
    let pages = connection.sns().list_subscriptions_by_topic().topic_arn(topic).into_paginator().send();
    let pages: Result<Vec<_>, _> = pages.collect().await;
    let pages = pages.map_err(failed_to("list who hears the alarms"))?;
    let mut found = AlarmSubscribers { topic: topic.to_owned(), ..AlarmSubscribers::default() };
    for subscription in pages.iter().flat_map(|page| page.subscriptions()) {
        if subscription.subscription_arn().is_some_and(is_arn) {
            found.confirmed = true;
        } else {
            found.asked.extend(subscription.endpoint().map(str::to_owned));
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use stacks::{Architecture, Target};
    use xtask::workspace;

    use super::*;
    use runtime_fixture::fake::{self, Answer};

    const TOPIC: &str = "arn:aws:sns:ap-south-1:123456789012:alarms";

    fn app(subscribed_elsewhere: bool) -> App {
        let env = "prod".parse().unwrap();
        let mut app = workspace::app(&env, contract::Toggle::On, Target::Aws, Architecture::Arm64).unwrap();
        app.settings.alarms.subscribed_elsewhere = subscribed_elsewhere;
        app
    }

    /// An account whose topic, if there is one, has subscriptions: each by its ARN and endpoint.
    async fn account(has_topic: bool, subscriptions: &[(&str, &str)]) -> Connection {
        let member = |(arn, endpoint): &(&str, &str)| {
            format!("<member><SubscriptionArn>{arn}</SubscriptionArn><Endpoint>{endpoint}</Endpoint></member>")
        };
        let members: String = subscriptions.iter().map(member).collect();
        let topic = format!(
            "<member><LogicalResourceId>AlarmTopic</LogicalResourceId><ResourceType>AWS::SNS::Topic</ResourceType>\
             <PhysicalResourceId>{TOPIC}</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
             <LastUpdatedTimestamp>2026-11-24T09:00:00Z</LastUpdatedTimestamp></member>"
        );
        Connection::to_fake(&fake::start(move |operation, _| match operation {
            "ListStackResources" if has_topic => {
                Answer::query(operation, &format!("<StackResourceSummaries>{topic}</StackResourceSummaries>"))
            }
            "ListSubscriptionsByTopic" => {
                Answer::query(operation, &format!("<Subscriptions>{members}</Subscriptions>"))
            }
            _ => Answer::refusal("ValidationError", "Stack with id CompliCal-Dashboard-prod does not exist"),
        }))
    }

    #[tokio::test]
    async fn who_hears_the_alarms_is_who_has_confirmed_a_subscription() {
        let env = || "prod".parse().unwrap();
        let confirmed = format!("{TOPIC}:6f1c");
        let [hears, asked] = [(confirmed.as_str(), "night@example.com"), ("PendingConfirmation", "day@example.com")];
        let unconfirmed = Warning::AlarmsUnconfirmed {
            env: env(),
            topic: TOPIC.to_owned(),
            asked: vec!["day@example.com".to_owned()],
        };
        let unheard = || vec![Warning::AlarmsUnheard(env())];
        for (has_topic, subscriptions, expected) in [
            (false, &[][..], unheard()),
            (true, &[][..], unheard()),
            (true, &[asked][..], vec![unconfirmed.clone()]),
            (true, &[asked, hears][..], vec![]),
        ] {
            let connection = account(has_topic, subscriptions).await;
            assert_eq!(warnings(&connection, &app(false)).await, expected, "{subscriptions:?}");
            assert_eq!(warnings(&connection, &app(true)).await, []);
        }
        let (said, hint) = (unconfirmed.to_string(), unconfirmed.hint());
        assert!(said.contains("no subscription to their topic is confirmed (day@example.com)"), "{said}");
        assert!(hint.contains("follow the link") && hint.contains(TOPIC), "{hint}");
    }

    #[tokio::test]
    async fn who_was_to_be_asked_and_is_not_among_the_subscriptions_is_named() {
        let mut app = app(false);
        app.settings.alarms.email = Some("night@example.com".to_owned().try_into().unwrap());
        let warnings = warnings(&account(true, &[]).await, &app).await;
        assert!(warnings[0].to_string().contains("confirmed (night@example.com)"), "{warnings:?}");
    }
}
