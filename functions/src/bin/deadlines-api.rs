//! The function that answers `/v1/deadlines`.
//!
//! Invariant: everything is read from the environment once, before the first request.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use contract::variable::DEADLINES_TABLE;
use functions::deadlines_api::DeadlinesApi;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use store::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let name = variable::required(DEADLINES_TABLE)?;
    let config = variable::aws()?;
    let api = DeadlinesApi::new(Table::new(aws_sdk_dynamodb::Client::new(&config), name));
    let api = &api;
    run(service_fn(async |event: LambdaEvent<ApiGatewayProxyRequest>| {
        Ok::<_, Error>(api.answer(&event.payload, Timestamp::now()).await)
    }))
    .await
}
