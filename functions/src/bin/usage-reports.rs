//! The function that writes the reports of days, weeks and months that are over.
//!
//! Invariant: any event starts a run; what is due is decided by the time in it, which a repeated event repeats.

use contract::variable::{ANALYTICS_TABLE, API_KEYS_TABLE, API_USAGE_TABLE};
use functions::analytics_api::AnalyticsApi;
use functions::usage_reports::UsageReports;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;
use store::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let client = aws_sdk_dynamodb::Client::new(&variable::aws()?);
    let table = |variable| Ok::<_, Error>(Table::new(client.clone(), variable::required(variable)?));
    let api = AnalyticsApi::new(table(ANALYTICS_TABLE)?, table(API_USAGE_TABLE)?, table(API_KEYS_TABLE)?);
    let (bucket, topic) = (variable::reports_bucket()?, Some(variable::reports_topic()?));
    let reports = &UsageReports { api, bucket, topic };
    run(service_fn(async |event: LambdaEvent<Value>| {
        let at = event.payload["time"].as_str().map(str::parse).transpose()?;
        Ok::<_, Error>(reports.run(at.unwrap_or_else(Timestamp::now), Timestamp::now).await?)
    }))
    .await
}
