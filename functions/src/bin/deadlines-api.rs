//! The function that answers `/v1/deadlines`.
//!
//! Invariant: everything is read from the environment once, before the first request.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use contract::variable::DEADLINES_TABLE;
use functions::deadlines_api::DeadlinesApi;
use functions::http::cors::Origins;
use functions::http::rate_limit::RateLimitHeaders;
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
    let (origins, rate_limit) = (&Origins::from_environment(), RateLimitHeaders::from_environment());
    run(service_fn(async |event: LambdaEvent<ApiGatewayProxyRequest>| {
        let request = &event.payload;
        let now = Timestamp::now();
        let mut response = origins.answer(request, api.answer(request, now)).await;
        rate_limit.describe(request, &mut response, now);
        Ok::<_, Error>(response)
    }))
    .await
}
