//! The function that keeps the stream at as many shards as its traffic needs.
//!
//! Invariant: any event starts a run.

use contract::variable::{ANALYTICS_TABLE, ENVIRONMENT, KINESIS_STREAM, MAX_SHARDS, MIN_SHARDS};
use functions::metrics::Metrics;
use functions::scaler::Scaler;
use functions::scaler::decision::Bounds;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use store::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let config = variable::aws()?;
    let cloudwatch = aws_sdk_cloudwatch::Client::new(&config);
    let scaler = &Scaler {
        kinesis: aws_sdk_kinesis::Client::new(&config),
        cloudwatch: cloudwatch.clone(),
        stream: variable::required(KINESIS_STREAM)?,
        analytics: Table::new(aws_sdk_dynamodb::Client::new(&config), variable::required(ANALYTICS_TABLE)?),
        metrics: Metrics::new(cloudwatch, variable::required(ENVIRONMENT)?),
        bounds: Bounds { min: variable::required(MIN_SHARDS)?.parse()?, max: variable::required(MAX_SHARDS)?.parse()? },
    };
    run(service_fn(async |_: LambdaEvent<Value>| Ok::<_, Error>(scaler.run(Timestamp::now()).await?))).await
}
