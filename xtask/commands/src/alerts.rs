//! `alerts`: who is told of quotas that run out, and what was told.
//!
//! Invariant: nobody is sent anything before they have confirmed it.

use anyhow::Result;
use contract::{Environment, name};
use jiff::Timestamp;
use metering::alert::Kind;
use metering::email::Email;
use metering::window::{Month, iso_millis};
use serde_json::{Value, json};
use store::notices::{Notice, Notices};
use store::table::Table;
use xtask::Printer;
use xtask::cli::AlertsCommand;

use cloud::Connection;
use cloud::aws::error::table_failed_to;
use cloud::system::alerts::{Subscription, Told, Topic};

/// The command.
///
/// # Errors
/// When there is no topic, no such subscription, or AWS refuses.
pub async fn run(command: &AlertsCommand, printer: &Printer) -> Result<()> {
    match command {
        AlertsCommand::Subscribe { cloud, subscriber, user, reports, json } => {
            let topic = Topic::find(&Connection::open(cloud).await?, &cloud.env.env, told(*reports)).await?;
            let subscription = topic.subscribe(subscriber, user.as_ref().map(Email::as_str)).await?;
            show(&subscription, *json, printer);
            if subscription.arn.is_none() {
                printer.say(format!("{} has been asked to confirm it", subscription.endpoint));
            }
        }
        AlertsCommand::Unsubscribe { cloud, subscriber, reports, json } => {
            let topic = Topic::find(&Connection::open(cloud).await?, &cloud.env.env, told(*reports)).await?;
            let ended = topic.unsubscribe(subscriber).await?;
            if *json {
                printer.json(&ended.to_json());
            } else {
                printer.data(format!("{} gets no {} any more", ended.endpoint, ended.told.name()));
            }
        }
        AlertsCommand::List { cloud, user, reports, json } => {
            let (connection, env) = (Connection::open(cloud).await?, &cloud.env.env);
            let subscriptions = Topic::find(&connection, env, told(*reports)).await?.subscriptions().await?;
            let alerts = match user {
                Some(user) => Some(alerts_of(&connection, env, user).await?),
                None => None,
            };
            list(&subscriptions, user.as_ref(), alerts.as_deref(), *json, printer);
        }
    }
    Ok(())
}

const fn told(reports: bool) -> Told {
    if reports { Told::Reports } else { Told::Alerts }
}

/// A user's alerts of this month.
async fn alerts_of(connection: &Connection, env: &Environment, user: &Email) -> Result<Vec<Notice>> {
    let notices = Notices::new(Table::new(connection.dynamodb(), name::usage_table(env)));
    let alerts = notices.of_month(user, Month::of(Timestamp::now())).await;
    alerts.map_err(table_failed_to(format!("read the alerts of {user}")))
}

fn show(subscription: &Subscription, as_json: bool, printer: &Printer) {
    if as_json {
        printer.json(&subscription.to_json());
    } else {
        printer.data(subscription.line());
    }
}

fn list(
    subscriptions: &[Subscription],
    user: Option<&Email>,
    alerts: Option<&[Notice]>,
    as_json: bool,
    printer: &Printer,
) {
    if as_json {
        let subscriptions: Vec<Value> = subscriptions.iter().map(Subscription::to_json).collect();
        let alerts = alerts.map(|alerts| alerts.iter().map(to_json).collect::<Vec<_>>());
        printer.json(&json!({"subscriptions": subscriptions, "userEmail": user, "alerts": alerts}));
        return;
    }
    subscriptions.iter().for_each(|subscription| printer.data(subscription.line()));
    printer.say(format!("{} subscriptions", subscriptions.len()));
    if let (Some(user), Some(alerts)) = (user, alerts) {
        alerts.iter().for_each(|notice| printer.data(line(notice)));
        printer.say(format!("{} alerts of {user} in this month", alerts.len()));
    }
}

fn line(Notice { alert, sent_at, .. }: &Notice) -> String {
    let sent = sent_at.map_or_else(|| "not sent yet".to_owned(), |at| format!("sent {}", iso_millis(at)));
    let (at, quota) = (iso_millis(alert.at), alert.quota);
    let what = match alert.kind {
        Kind::Threshold(threshold) => format!("{threshold} %"),
        Kind::RunOut(hour) => format!("runs out on {}", iso_millis(hour.start())),
    };
    format!("{what}: {} of {} calls at {at}, {sent}, {}", quota.used, quota.limit, alert.id())
}

fn to_json(Notice { alert, sent_at, .. }: &Notice) -> Value {
    json!({
        "id": alert.id(), "threshold": alert.kind.threshold(), "at": iso_millis(alert.at), "used": alert.quota.used,
        "limit": alert.quota.limit, "sentAt": sent_at.map(iso_millis),
        "runsOutAt": alert.kind.runs_out().map(|hour| iso_millis(hour.start())),
    })
}
