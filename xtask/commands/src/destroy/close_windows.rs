//! The aggregator's last runs: everything in blocks becomes windows, up to the present.
//!
//! Invariant: it is done when the aggregator says so, not after a number of runs.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_sdk_lambda::primitives::Blob;
use contract::{Environment, Function};
use serde_json::{Value, json};
use xtask::Failure;

use cloud::Connection;
use cloud::aws::error::found;
use cloud::console::observer::Observer;

/// How long the runs may take together.
const LIMIT: Duration = Duration::from_secs(900);

/// Has the aggregator close every window; a stack without an aggregator has none to close.
///
/// # Errors
/// When a run fails, or they never come to an end.
pub async fn close(connection: &Connection, env: &Environment, observer: &dyn Observer) -> Result<()> {
    let aggregator = Function::RealtimeAggregator.physical_name(env);
    let client = connection.lambda();
    let began = Instant::now();
    observer.note("counting what was called up to now");
    loop {
        let payload = Blob::new(json!({"close": true}).to_string());
        let Some(answer) = found(
            client.invoke().function_name(&aggregator).payload(payload).send().await,
            format!("invoke {aggregator}"),
        )?
        else {
            return Ok(());
        };
        let body = answer.payload().map_or(&[][..], Blob::as_ref);
        let said: Value = serde_json::from_slice(body).with_context(|| format!("the answer of {aggregator}"))?;
        if let Some(resource_type) = answer.function_error() {
            return Err(Failure::new(format!("{aggregator} failed ({resource_type}): {said}"))
                .hint("nothing was removed; run the same command again")
                .into());
        }
        if said["done"] == true {
            observer.note(&format!("every window is closed up to {}", said["watermark"].as_str().unwrap_or("now")));
            return Ok(());
        }
        if began.elapsed() > LIMIT {
            return Err(Failure::new(format!("{aggregator} is not done after {} s: {said}", LIMIT.as_secs()))
                .hint("nothing was removed; run the same command again: it goes on from there")
                .into());
        }
        tokio::time::sleep(connection.pause()).await;
    }
}
