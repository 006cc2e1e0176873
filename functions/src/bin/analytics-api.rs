//! The function that answers `/v1/analytics/*`.
//!
//! Invariant: everything is read from the environment once, before the first request.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use contract::Environment;
use contract::variable::{ANALYTICS_TABLE, API_KEYS_TABLE, API_USAGE_TABLE, ENVIRONMENT, KINESIS_STREAM};
use functions::analytics_api::AnalyticsApi;
use functions::http::cors::Origins;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use store::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init();
    let client = aws_sdk_dynamodb::Client::new(&variable::aws()?);
    let table = |variable| variable::required(variable).map(|name| Table::new(client.clone(), name));
    let api = AnalyticsApi::new(table(ANALYTICS_TABLE)?, table(API_USAGE_TABLE)?, table(API_KEYS_TABLE)?);
    let api = api.with_plans(variable::plans()?);
    let environment: Environment = variable::required(ENVIRONMENT)?.parse()?;
    let (kinesis, cloudwatch) = (variable::kinesis()?, variable::cloudwatch()?);
    let api = &api.with_stream(kinesis, cloudwatch, variable::required(KINESIS_STREAM)?, &environment);
    let origins = &Origins::from_environment();
    run(service_fn(async |event: LambdaEvent<ApiGatewayProxyRequest>| {
        let request = &event.payload;
        Ok::<_, Error>(origins.answer(request, api.answer(request, Timestamp::now())).await)
    }))
    .await
}
