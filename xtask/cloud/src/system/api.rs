//! The HTTP API of an environment: where it is, and calls of it.
//!
//! Invariant: a call never waits longer than API Gateway itself would.

use std::collections::BTreeMap;
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

/// The same, as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct TextAnswer {
    pub status: u16,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
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

/// Asks the API for JSON, with these headers.
///
/// # Errors
/// When it cannot be reached; an answer of any status is none.
pub async fn get(url: String, headers: Vec<(&'static str, String)>) -> Result<Answer> {
    let TextAnswer { status, body, .. } = get_text(url, headers).await?;
    Ok(Answer { status, body: serde_json::from_str(&body).unwrap_or(Value::Null) })
}

/// Asks the API, with these headers.
///
/// # Errors
/// When it cannot be reached or its answer is no text; an answer of any status is none.
pub async fn get_text(url: String, headers: Vec<(&'static str, String)>) -> Result<TextAnswer> {
    let ask = move || -> Result<TextAnswer> {
        let config = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build();
        let request = headers
            .into_iter()
            .fold(config.new_agent().get(&url), |request, (name, value)| request.header(name, value));
        let mut answer = request.call()?;
        let header = |(name, value): (&ureq::http::HeaderName, &ureq::http::HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = answer.headers().iter().filter_map(header).collect();
        Ok(TextAnswer { status: answer.status().as_u16(), headers, body: answer.body_mut().read_to_string()? })
    };
    tokio::task::spawn_blocking(ask).await?.context("cannot reach the API")
}
