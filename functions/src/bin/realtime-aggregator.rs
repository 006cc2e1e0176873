//! The function that sets the windows of minutes that are over.
//!
//! Invariant: it has everything that a run, or a delivery of lines, needs before its first event.

use contract::variable::{ANALYTICS_TABLE, API_KEYS_TABLE, API_USAGE_TABLE, ENVIRONMENT};
use functions::aggregator::Aggregator;
use functions::metrics::Metrics;
use functions::status_source::StatusSource;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use store::answer_lines::AnswerLines;
use store::keys::Keys;
use store::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let config = variable::aws()?;
    let client = aws_sdk_dynamodb::Client::new(&config);
    let analytics = Table::new(client.clone(), variable::required(ANALYTICS_TABLE)?);
    let usage = Table::new(client.clone(), variable::required(API_USAGE_TABLE)?);
    let keys = Some(Keys::new(Table::new(client, variable::required(API_KEYS_TABLE)?)));
    let metrics = Metrics::new(aws_sdk_cloudwatch::Client::new(&config), variable::required(ENVIRONMENT)?);
    let lines = AnswerLines::new(analytics.clone());
    let subscription = variable::is_subscribed().then_some(StatusSource::Subscription(lines));
    let status_source = subscription.or(variable::access_log()?.map(StatusSource::Poll));
    let topic = Some(variable::alerts_topic()?);
    let (holidays, plans) = (variable::holidays()?, variable::plans()?);
    let tables = Aggregator::new(analytics, usage, metrics);
    let aggregator = &Aggregator { status_source, keys, topic, holidays, plans, ..tables };
    run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, Error>(aggregator.handle(&event.payload, Timestamp::now).await?)
    }))
    .await
}
