//! What the log says of an event whose write ends in time, late, badly, or never.

use std::future::{pending, ready};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use store::table::Table;
use tokio::sync::watch;

use super::*;
use crate::log;

/// A database that answers every request with a status, once there is one.
#[derive(Clone, Debug)]
struct Slow(watch::Receiver<Option<u16>>);

impl HttpConnector for Slow {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut status = self.0.clone();
        HttpConnectorFuture::new(async move {
            let status = status.wait_for(Option::is_some).await.unwrap().unwrap_or_default();
            Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from("{}")))
        })
    }
}

/// A keeper with such a database, and what it logs.
struct World {
    keeper: Keeper,
    status: watch::Sender<Option<u16>>,
    lines: Lines,
    _logging: tracing::subscriber::DefaultGuard,
    /// While there is but one subscriber, a line that another test meets first is off for good.
    _second: tracing::Dispatch,
}

/// A writer that tests can read.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl World {
    fn new() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = log::lines(log::targets("info"), move || writer.clone());
        let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
        let _logging = tracing::subscriber::set_default(subscriber);
        // What other tests had met before is looked at again.
        tracing::callsite::rebuild_interest_cache();
        let (status, slow) = watch::channel(None);
        let connector = SharedHttpConnector::new(Slow(slow));
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ap-south-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url("http://slow")
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        let journal = Journal::new(Table::new(Client::from_conf(config), "usage"));
        Self {
            keeper: Keeper::new(Bounds::OF_A_CALL, journal, "prod".parse().unwrap()),
            status,
            lines,
            _logging,
            _second,
        }
    }

    fn answers(&self, status: u16) {
        self.status.send(Some(status)).unwrap();
    }

    /// What the log says once it has so many lines.
    async fn log(&self, lines: usize) -> Vec<Value> {
        let read = || String::from_utf8(self.lines.0.lock().unwrap().clone()).unwrap();
        while read().lines().count() < lines {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        read().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn event() -> Event {
    let json = json!({ "eventType": "API_CALL", "requestId": "r", "timestamp": "2026-11-24T10:15:30Z", "userEmail": "a@b.au" });
    serde_json::from_value(json).unwrap()
}

fn messages(log: &[Value]) -> Vec<&str> {
    log.iter().map(|line| line["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_that_is_written_in_time_is_in_no_line() {
    let world = World::new();
    world.answers(200);
    world.keeper.keep_until(pending(), &event()).await;
    assert_eq!(world.log(0).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_write_that_has_failed_for_good_is_the_line_that_the_filter_counts() {
    let world = World::new();
    world.answers(400);
    world.keeper.keep_until(pending(), &event()).await;
    let log = world.log(1).await;
    assert_eq!(messages(&log), [undelivered::MESSAGE]);
    let text = |name: &str| log[0][name].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Event>(&text(undelivered::EVENT)).unwrap(), event());
    assert_eq!(text(undelivered::ENVIRONMENT), "prod");
    assert_eq!(text(undelivered::IDENTITY), event().identity().digest());
}

#[tokio::test]
async fn a_write_that_ends_behind_the_answer_is_no_line_of_a_lost_event() {
    let world = World::new();
    world.keeper.keep_until(ready(()), &event()).await;
    let log = world.log(1).await;
    assert_eq!(messages(&log), [undelivered::UNCONFIRMED], "an instance that ends here leaves the event in the log");
    assert_eq!(serde_json::from_str::<Event>(log[0][undelivered::EVENT].as_str().unwrap()).unwrap(), event());
    world.answers(200);
    let log = world.log(2).await;
    assert_eq!(messages(&log), [undelivered::UNCONFIRMED, undelivered::SETTLED]);
    assert_eq!(log[0][undelivered::IDENTITY], log[1][undelivered::IDENTITY]);
}

#[tokio::test]
async fn a_write_that_fails_behind_the_answer_is_the_line_of_a_lost_event_then() {
    let world = World::new();
    world.keeper.keep_until(ready(()), &event()).await;
    world.answers(400);
    let log = world.log(2).await;
    assert_eq!(messages(&log), [undelivered::UNCONFIRMED, undelivered::MESSAGE]);
    assert_eq!(log[0][undelivered::IDENTITY], log[1][undelivered::IDENTITY]);
}
