//! The HTTP API of an environment: where it is, and calls of it.
//!
//! Invariant: a call never waits longer than API Gateway itself would.

use std::time::Duration;

use anyhow::{Context as _, Result};
use contract::{Environment, name};
use serde_json::Value;
use xtask::Failure;

use crate::Connection;
use crate::stack::read;

/// Longer than API Gateway waits for a function.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// What an HTTP call was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// The body; null where it is no JSON.
    pub body: Value,
}

/// The address that `/v1/…` goes behind.
///
/// # Errors
/// When the API stack is not deployed.
pub async fn url(connection: &Connection, env: &Environment) -> Result<String> {
    let stack = name::api_stack(env);
    let description = read::describe(connection, &stack).await?;
    let output = |key: &str| description.as_ref().and_then(|stack| read::output(stack, key));
    let missing =
        || Failure::new(format!("{stack} is not deployed")).hint(format!("run `cargo xtask deploy --env {env}` first"));
    // A stand-in has one host for everything, so the API is a path of it.
    Ok(match connection.endpoint() {
        Some(endpoint) => {
            let id = output("RestApiId").ok_or_else(missing)?;
            format!("{}/restapis/{id}/{env}/_user_request_", endpoint.trim_end_matches('/'))
        }
        None => output("ApiUrl").ok_or_else(missing)?.trim_end_matches('/').to_owned(),
    })
}

/// Asks the API, with these headers.
///
/// # Errors
/// When it cannot be reached; an answer of any status is none.
pub async fn get(url: String, headers: Vec<(&'static str, String)>) -> Result<Answer> {
    let ask = move || -> Result<Answer> {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        let request = headers
            .into_iter()
            .fold(config.new_agent().get(&url), |request, (name, value)| request.header(name, value));
        let mut answer = request.call()?;
        Ok(Answer { status: answer.status().as_u16(), body: answer.body_mut().read_json().unwrap_or(Value::Null) })
    };
    tokio::task::spawn_blocking(ask).await?.context("cannot reach the API")
}
