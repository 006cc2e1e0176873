//! The system while it is measured: the packaged functions as processes, and one database behind them.
//!
//! Invariant: what an invocation costs is read from outside, before and after it: the kernel's account of the process,
//! and the database's own meter.

use anyhow::{Context as _, Result, ensure};
use contract::Function;
use dynamodb_fixture::Spent;
use runtime_fixture::{Answer, Endpoint, Host, Process};
use serde_json::{Value, json};
use xtask::build;

use super::traffic::HOT_USER;

/// A database, and how to start functions at it.
pub(crate) struct System {
    pub(crate) endpoint: Endpoint,
}

/// A function that runs.
pub(crate) struct Running {
    host: Host,
    process: Process,
}

/// What an invocation has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// Processor time, user and system, in milliseconds.
    pub(crate) cpu: f64,
    /// The most memory that the process ever had resident, in MiB.
    pub(crate) peak: f64,
    /// Requests to the database.
    pub(crate) requests: f64,
    /// Read units.
    pub(crate) read_units: f64,
    /// Write units.
    pub(crate) write_units: f64,
}

impl System {
    pub(crate) async fn start() -> Self {
        Self { endpoint: Endpoint::start().await }
    }

    /// Starts the package of a function, with variables beside the usual ones, and waits until it polls.
    pub(crate) async fn run(&self, function: Function, more: &[(&str, &str)]) -> Result<Running> {
        let host = Host::start().await;
        let mut variables = vec![("AWS_ENDPOINT_URL", self.endpoint.endpoint_url.as_str())];
        variables.extend(more);
        let process = Process::start(&build::built_for_lambda(function), &host, &variables)
            .with_context(|| format!("cannot start {}", function.binary()))?;
        host.polled(0).await;
        Ok(Running { host, process })
    }

    /// Invokes a function; returns what that cost and its answer.
    pub(crate) async fn invoke(&self, function: &Running, payload: String) -> Result<(Cost, Value)> {
        let (cpu, before) = (function.process.cpu()?, self.endpoint.store.spent());
        let answer = function.host.invoke(payload).await;
        let (cpu, after) = (function.process.cpu()? - cpu, self.endpoint.store.spent());
        let Answer::Response(answer) = answer else { anyhow::bail!("a function answered {answer:?}") };
        let Spent { requests, read_units, write_units, .. } = before;
        let cost = Cost {
            cpu: cpu.as_secs_f64() * 1e3,
            peak: function.process.peak()? as f64 / f64::from(1 << 20),
            requests: (after.requests - requests) as f64,
            read_units: after.read_units - read_units,
            write_units: after.write_units - write_units,
        };
        Ok((cost, serde_json::from_slice(&answer)?))
    }

    /// Asks the analytics API; returns what that cost and the body of its answer, or nothing where there is no such route.
    pub(crate) async fn look(&self, api: &Running, look: Look<'_>) -> Result<Option<(Cost, Value)>> {
        let (cost, answer) = self.invoke(api, look.request().to_string()).await?;
        let body = answer["body"].as_str().unwrap_or_default();
        if answer["statusCode"] == 404 {
            return Ok(None);
        }
        ensure!(answer["statusCode"] == 200, "{} answered {}: {body}", look.route, answer["statusCode"]);
        Ok(Some((cost, serde_json::from_str(body).unwrap_or_default())))
    }
}

/// A request to the analytics API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'a> {
    /// What comes after `/v1/analytics/`.
    pub(crate) route: &'a str,
    /// Its parameters.
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    /// Whether an administrator asks, or the user with most calls.
    pub(crate) is_admin: bool,
}

impl Look<'_> {
    /// As the gateway hands it over.
    fn request(self) -> Value {
        let path = format!("/v1/analytics/{}", self.route);
        let several: serde_json::Map<_, _> =
            self.parameters.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        let one: serde_json::Map<_, _> =
            self.parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let (email, groups) = if self.is_admin { ("admin@example.com", "admin") } else { (HOT_USER, "") };
        json!({
            "resource": path, "path": path, "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
            "queryStringParameters": one, "multiValueQueryStringParameters": several,
            "requestContext": {
                "requestId": "growth", "httpMethod": "GET", "stage": "test", "identity": { "sourceIp": "203.0.113.9" },
                "authorizer": { "claims": {
                    "sub": "s", "jti": "j", "token_use": "id", "email": email, "email_verified": "true",
                    "cognito:groups": groups,
                } },
            },
        })
    }
}
