//! The function that turns the stream's records into blocks.
//!
//! Invariant: everything is read from the environment once, before the first batch.

use functions::processor::Processor;
use functions::stream_event::StreamEvent;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use store::blocks::Blocks;
use store::table::Table;
use store::watermark::Watermark;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let name = variable::required(contract::variable::ANALYTICS_TABLE)?;
    let table = Table::new(aws_sdk_dynamodb::Client::new(&variable::aws()?), name);
    let large_records = variable::large_records()?;
    let processor = &Processor::new(Blocks::new(table.clone()), Watermark::new(table), large_records);
    run(service_fn(async |event: LambdaEvent<StreamEvent>| {
        processor.process(&event.payload, Timestamp::now).await?;
        // Everything is written or nothing is acknowledged, so there never is a partial failure to report.
        Ok::<_, Error>(serde_json::json!({ "batchItemFailures": [] }))
    }))
    .await
}
