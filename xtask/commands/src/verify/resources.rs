//! Steps 3 and 4 of the guide: the stream, the tables, the functions, and what the authorizer says of itself.
//!
//! Invariant: names and descriptions come from the contract, so a check cannot drift from what is deployed.

use std::time::{Duration, Instant};

use anyhow::Result;
use aws_sdk_dynamodb::types::TableStatus;
use aws_sdk_kinesis::types::{EncryptionType, StreamStatus};
use aws_sdk_lambda::types::State;
use contract::{Function, limit, name};
use futures::future::join_all;

use super::{Check, Deployment};
use cloud::aws::error::{failed_to, is_missing};
use cloud::stack::read;

/// How long a function may be pending.
const PENDING_AT_MOST: Duration = Duration::from_secs(20);

/// What is there.
pub async fn checks(deployment: &Deployment<'_>) -> Vec<Check> {
    let Deployment { env, toggle, .. } = deployment;
    let mut checks = Vec::new();
    if toggle.is_on() {
        checks.push(stream(deployment).await);
    } else {
        checks.push(no_kinesis_stack(deployment).await);
    }
    let mut tables = vec![name::usage_table(env), name::keys_table(env), name::deadlines_table(env)];
    if toggle.is_on() {
        tables.insert(0, name::analytics_table(env));
    }
    checks.extend(join_all(tables.iter().map(|table_name| table(deployment, table_name))).await);
    let functions = deployment.settings.functions().filter(|one| toggle.is_on() || is_of_api(*one));
    checks.extend(join_all(functions.map(|one| function(deployment, one))).await);
    checks.push(authorizer(deployment).await);
    if toggle.is_on() {
        checks.push(mapping(deployment).await);
    }
    checks
}

const fn is_of_api(function: Function) -> bool {
    matches!(function, Function::ApiKeyAuthorizer | Function::DeadlinesApi)
}

async fn no_kinesis_stack(deployment: &Deployment<'_>) -> Check {
    let stack = name::kinesis_stack(deployment.env);
    let what = format!("no stack {stack}");
    let attempt = read::describe(deployment.connection, &stack).await.map(|found| match found {
        None => Check::new(&what, true, "it is not deployed"),
        Some(found) => {
            let status = read::status(&found);
            Check::new(
                &what,
                false,
                format!("it is {status}: `cargo xtask destroy` counts what is left and removes it"),
            )
        }
    });
    Check::tried(&what, attempt)
}

async fn stream(deployment: &Deployment<'_>) -> Check {
    let stream = name::stream(deployment.env);
    let what = format!("stream {stream}");
    let attempt = async {
        let client = deployment.connection.kinesis();
        let asked = match client.describe_stream_summary().stream_name(&stream).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(is_missing) => {
                return Ok(Check::new(&what, false, "there is none"));
            }
            Err(error) => return Err(failed_to("look at it")(error)),
        };
        let Some(summary) = asked.stream_description_summary() else {
            return Ok(Check::new(&what, false, "there is none"));
        };
        let is_local = deployment.connection.is_local();
        let is_encrypted = summary.encryption_type() == Some(&EncryptionType::Kms);
        let hours = i64::from(summary.retention_period_hours());
        let is_fine = *summary.stream_status() == StreamStatus::Active
            && hours >= i64::from(limit::STREAM_RETENTION_HOURS)
            && (is_encrypted || is_local);
        let encryption = match (is_encrypted, is_local) {
            (true, _) => "KMS",
            (false, true) => "encryption is not emulated",
            (false, false) => "not encrypted",
        };
        let (status, shards) = (summary.stream_status().as_str(), summary.open_shard_count());
        Ok(Check::new(&what, is_fine, format!("{status}, {shards} shards, {hours} h, {encryption}")))
    };
    Check::tried(&what, attempt.await)
}

async fn table(deployment: &Deployment<'_>, table_name: &str) -> Check {
    let what = format!("table {table_name}");
    let client = deployment.connection.dynamodb();
    let attempt = match client.describe_table().table_name(table_name).send().await {
        Ok(answer) => {
            let status = answer.table().and_then(|table| table.table_status().cloned());
            let is_active = status == Some(TableStatus::Active);
            let said = status.map_or_else(|| "no status".to_owned(), |status| status.as_str().to_owned());
            Ok(Check::new(&what, is_active, said))
        }
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(Check::new(&what, false, "there is none")),
        Err(error) => Err(failed_to("look at it")(error)),
    };
    Check::tried(&what, attempt)
}

async fn function(deployment: &Deployment<'_>, function: Function) -> Check {
    let function_name = function.physical_name(deployment.env);
    let what = format!("function {function_name}");
    let client = deployment.connection.lambda();
    let began = Instant::now();
    let asked = loop {
        let asked = client.get_function_configuration().function_name(&function_name).send().await;
        // Just deployed, a function is pending for some seconds.
        let is_pending = asked.as_ref().is_ok_and(|found| found.state() == Some(&State::Pending));
        if !is_pending || began.elapsed() > PENDING_AT_MOST {
            break asked;
        }
        tokio::time::sleep(deployment.connection.pause()).await;
    };
    let attempt = match asked {
        Ok(found) => {
            let is_active = found.state().is_none_or(|state| *state == State::Active);
            let state = found.state().map_or("Active", |state| state.as_str());
            let runtime = found.runtime().map_or("no runtime", |runtime| runtime.as_str());
            Ok(Check::new(&what, is_active, format!("{state}, {runtime}")))
        }
        Err(error) if error.as_service_error().is_some_and(is_missing) => Ok(Check::new(&what, false, "there is none")),
        Err(error) => Err(failed_to("look at it")(error)),
    };
    Check::tried(&what, attempt)
}

async fn authorizer(deployment: &Deployment<'_>) -> Check {
    let Deployment { connection, env, toggle, .. } = deployment;
    let what = "authorizer's mode";
    let found: Result<_> = cloud::system::authorizer::authorizer(connection, env).await;
    let attempt = found.map(|found| {
        let Some(found) = found else { return Check::new(what, false, "there is no authorizer") };
        let (handler, description) = (found.handler().unwrap_or_default(), found.description().unwrap_or_default());
        let authorizer = Function::ApiKeyAuthorizer;
        let is_right = handler == authorizer.handler(*toggle) && description == authorizer.description(*toggle);
        let said = format!("{handler}, \"{description}\"");
        let wanted = if is_right { String::new() } else { format!(", but should be {}", authorizer.handler(*toggle)) };
        Check::new(what, is_right, said + &wanted)
    });
    Check::tried(what, attempt)
}

async fn mapping(deployment: &Deployment<'_>) -> Check {
    let function_name = Function::StreamProcessor.physical_name(deployment.env);
    let what = "event source mapping";
    let client = deployment.connection.lambda();
    let asked = client.list_event_source_mappings().function_name(&function_name).send().await;
    let attempt = asked.map_err(failed_to("look for it")).map(|listed| {
        let stream = name::stream(deployment.env);
        let mappings = listed.event_source_mappings();
        let of_stream = |arn: &str| arn.contains(&format!("stream/{stream}"));
        let Some(mapping) = mappings.iter().find(|one| one.event_source_arn().is_some_and(of_stream)) else {
            return Check::new(what, false, format!("none from {stream}"));
        };
        if deployment.connection.is_local() {
            // The emulator's own poller is off; `cargo xtask local` reads the stream in its place.
            return Check::new(what, true, format!("from {stream}, followed by the local runner"));
        }
        let state = mapping.state().unwrap_or_default();
        let result = mapping.last_processing_result().unwrap_or_default();
        let is_fine = state == "Enabled" && !result.starts_with("PROBLEM");
        Check::new(what, is_fine, format!("{state}, last result: {result}"))
    });
    Check::tried(what, attempt)
}
