//! Ours: the real processor and the real aggregator.
//!
//! Invariant: what is read is what customers are billed by, the windows.

use std::cell::RefCell;
use std::collections::BTreeSet;

use aws_sdk_dynamodb::config::Credentials;
use functions::access_log::AccessLog;
use functions::aggregator::{Aggregator, RunUntil};
use functions::large_records::LargeRecords;
use functions::metrics::Metrics;
use functions::processor::Processor;
use functions::status_source::StatusSource;
use metering::email::Email;
use metering::subject::Subject;
use metering::window::Hour;
use runtime_fixture::GatewayLog;
use store::table::{Consistency, Table};

use super::*;

pub(crate) struct Blocks {
    processor: Processor,
    aggregator: Aggregator,
    log: GatewayLog,
    seen: RefCell<BTreeSet<(String, Hour)>>,
}

impl Algorithm for Blocks {
    const NAME: &'static str = "**Blocks and windows (this system)**";
    const IN_DYNAMODB: bool = true;

    fn new(store: &Store) -> Self {
        let environment = contract::Environment::default();
        let analytics = Table::new(store.client(), contract::name::analytics_table(&environment));
        let usage = Table::new(store.client(), contract::name::usage_table(&environment));
        let metrics = Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test");
        let log = GatewayLog::start();
        let access_log = AccessLog::new(Some(&log.endpoint_url), "ap-south-1", credentials(), "access".into());
        let aggregator = Aggregator {
            status_source: Some(StatusSource::Poll(access_log)),
            ..Aggregator::new(analytics, usage, metrics)
        };
        let processor = Processor::new(aggregator.blocks.clone(), aggregator.watermark.clone(), nowhere());
        Self { processor, aggregator, log, seen: RefCell::default() }
    }

    fn part_of(load: Load) -> Load {
        load
    }

    async fn count(&self, batch: &StreamEvent, now: Timestamp) -> Outcome {
        let seen = events(batch).map(|event| (event.user_email.unwrap().into(), Hour::of(event.timestamp)));
        self.seen.borrow_mut().extend(seen);
        for call in events(batch) {
            let n = call.timestamp.as_millisecond().unsigned_abs() / 60;
            let (status, millis) = (if n % 10 == 0 { 404 } else { 200 }, 5 + n * 7_919 % 200);
            self.log.answered(&call.request_id, call.timestamp, status, millis);
        }
        Ok(self.processor.process(batch, || now).await?)
    }

    async fn each_minute(&self, now: Timestamp) {
        self.aggregator.run(RunUntil::Settled, || now).await.unwrap();
    }

    async fn sleep_until(&self, now: Timestamp) {
        // What the aggregator does with a minute in which nothing was called is to move the watermark.
        self.aggregator.watermark.advance(Minute::of(now).plus(-2)).await.unwrap();
    }

    async fn counts(&self) -> Counts {
        let mut counts = Counts::new();
        let seen = self.seen.borrow().clone();
        for (email, hour) in seen {
            let minutes = self
                .aggregator
                .windows
                .minutes(&Subject::User(Email::as_stored(email.clone())), hour, Consistency::Strong)
                .await
                .unwrap();
            counts.extend(minutes.into_iter().map(|(minute, usage)| ((email.clone(), minute), usage.calls)));
        }
        counts
    }
}

fn credentials() -> Credentials {
    Credentials::new("test", "test", None, None, "test")
}

/// A bucket that no record of a load is large enough for.
fn nowhere() -> LargeRecords {
    LargeRecords::new(Some("http://127.0.0.1:9"), "ap-south-1", credentials(), "failed".into())
}
