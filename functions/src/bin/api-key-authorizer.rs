//! The function that decides each call of the API and counts it.
//!
//! Invariant: everything is read from the environment once, before the first call.

use contract::Environment;
use contract::variable::{ANALYTICS_TABLE, API_KEYS_TABLE, API_USAGE_TABLE, ENVIRONMENT, HANDLER, KINESIS_STREAM};
use functions::authorizer::bound::{self, Bounds};
use functions::authorizer::{Authorizer, Mode, Request};
use functions::producer::StreamProducer;
use functions::{log, variable};
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use store::table::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    log::init_without_returned_errors();
    let mode = Mode::of_handler(&variable::required(HANDLER)?);
    let mode = mode.inspect_err(|error| tracing::error!(%error, "the function cannot start"))?;
    let environment: Environment = variable::required(ENVIRONMENT)?.parse()?;
    let config = variable::aws()?;
    let client = bound::tables(&config);
    let table = |name| Ok::<_, Error>(Table::new(client.clone(), variable::required(name)?));
    let (keys, usage) = (table(API_KEYS_TABLE)?, table(API_USAGE_TABLE)?);
    let authorizer = match mode {
        Mode::Stream => {
            let stream = StreamProducer::new(variable::kinesis()?, variable::required(KINESIS_STREAM)?);
            Authorizer::streaming(environment, Bounds::OF_A_CALL, keys, usage, table(ANALYTICS_TABLE)?, stream)
        }
        Mode::Synchronous => Authorizer::synchronous(environment, Bounds::OF_A_CALL, keys, usage),
    };
    let authorizer = &authorizer.with_plans(variable::plans()?);
    run(service_fn(async |event: LambdaEvent<Request>| authorizer.answer(&event.payload, Timestamp::now).await)).await
}
