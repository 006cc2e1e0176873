//! The function that sets the windows of minutes that are over.
//!
//! Invariant: any event starts a run; only `{"close": true}`, which the rollback sends, makes it go to the present.

use contract::variable::{ANALYTICS_TABLE, API_USAGE_TABLE, ENVIRONMENT};
use functions::aggregator::{Aggregator, RunUntil};
use functions::metrics::Metrics;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use store::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let config = variable::aws()?;
    let client = aws_sdk_dynamodb::Client::new(&config);
    let analytics = Table::new(client.clone(), variable::required(ANALYTICS_TABLE)?);
    let usage = Table::new(client, variable::required(API_USAGE_TABLE)?);
    let metrics = Metrics::new(aws_sdk_cloudwatch::Client::new(&config), variable::required(ENVIRONMENT)?);
    let access_log = variable::access_log()?;
    let topic = Some(variable::alerts_topic()?);
    let aggregator = &Aggregator { access_log, topic, ..Aggregator::new(analytics, usage, metrics) };
    run(service_fn(async |event: LambdaEvent<Value>| {
        let until = if event.payload["close"] == true { RunUntil::Now } else { RunUntil::Settled };
        Ok::<_, Error>(aggregator.run(until, Timestamp::now).await?)
    }))
    .await
}
