//! Asks everything that the screen shows, at the same time.
//!
//! Invariant: a part of the system that is not deployed leaves a gap on the screen, and is not an error.

use anyhow::Result;
use aws_sdk_cloudwatch::types::StateValue;
use cloudformation::resource_type;
use contract::metric::{self as ours, Metric as Ours};
use contract::{Environment, Function, Toggle, name};
use futures::future::try_join_all;
use jiff::Timestamp;
use metering::window::Month;
use stacks::Architecture;
use xtask::workspace;

use super::screen::{Alarm, Cost, Health, LastHour, Snapshot, StackState, StreamState};
use cloud::Connection;
use cloud::aws::error::{failed_to, is_missing};
use cloud::pricing::estimate::{Estimate, Mode};
use cloud::pricing::price::{Prices, Units};
use cloud::stack::read;
use cloud::system::metric::{self, Metric, Span};
use cloud::system::{alarms_topic, backlog, counting};

/// The state of an environment, now.
///
/// # Errors
/// When AWS cannot be asked.
pub async fn snapshot(connection: &Connection, env: &Environment) -> Result<Snapshot> {
    let now = Timestamp::now();
    let span = Span::last_hour(now);
    let stream_name = name::stream(env);
    let (stacks, stream, last_hour, functions, alarms) = tokio::try_join!(
        stacks(connection, env),
        stream(connection, &stream_name),
        last_hour(connection, env, span),
        functions(connection, env, span),
        alarms(connection, env),
    )?;
    let (watermark, pending, failed, unread, calls) = tokio::try_join!(
        counting::watermark(connection, env),
        counting::pending(connection, env),
        counting::failed(connection, env, span.from),
        backlog::unread(connection, env),
        calls_this_month(connection, env, now),
    )?;
    let cost = calls.map(|calls| cost(env, stream.as_ref(), calls, now)).transpose()?;
    let warnings = if alarms.is_some() { warnings(connection, env).await } else { Vec::new() };
    Ok(Snapshot {
        env: env.as_str().to_owned(),
        region: connection.region().to_owned(),
        at: now,
        stacks,
        stream,
        last_hour,
        functions,
        alarms,
        warnings,
        watermark,
        pending,
        failed,
        unread,
        cost,
    })
}

/// Alarms are there with the stream; whether others hear them is in the settings, if this checkout has them.
async fn warnings(connection: &Connection, env: &Environment) -> Vec<stacks::Warning> {
    match workspace::app(env, Toggle::On, connection.target(), Architecture::X86_64) {
        Ok(app) => alarms_topic::warnings(connection, &app).await,
        Err(_) => Vec::new(),
    }
}

async fn stacks(connection: &Connection, env: &Environment) -> Result<Vec<StackState>> {
    let names = [name::kinesis_stack(env), name::api_stack(env), name::dashboard_stack(env)];
    try_join_all(names.map(async |name| {
        let description = read::describe(connection, &name).await?;
        let status = description.as_ref().map(|description| read::status(description).to_owned());
        Ok(StackState { name, status })
    }))
    .await
}

async fn stream(connection: &Connection, name: &str) -> Result<Option<StreamState>> {
    let asked = connection.kinesis().describe_stream_summary().stream_name(name).send().await;
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
        Err(error) => return Err(failed_to(format!("look at {name}"))(error)),
    };
    Ok(answer.stream_description_summary().map(|summary| StreamState {
        name: name.to_owned(),
        status: summary.stream_status().as_str().to_owned(),
        is_on_demand: summary.stream_mode_details().is_some_and(|mode| mode.stream_mode().as_str() == "ON_DEMAND"),
        shards: u32::try_from(summary.open_shard_count()).unwrap_or_default(),
        retention_hours: u32::try_from(summary.retention_period_hours()).unwrap_or_default(),
        created_at: Timestamp::from_second(summary.stream_creation_timestamp().secs()).ok(),
        consumers: u32::try_from(summary.consumer_count().unwrap_or_default()).unwrap_or_default(),
    }))
}

async fn last_hour(connection: &Connection, env: &Environment, span: Span) -> Result<LastHour> {
    let stream = name::stream(env);
    let of_stream = |name| Metric { namespace: "AWS/Kinesis", name, dimension: ("StreamName", &stream) };
    let own = |metric: Ours| Metric {
        namespace: metric.namespace(),
        name: metric.name(),
        dimension: (ours::ENVIRONMENT_DIMENSION, env.as_str()),
    };
    let processor = Function::StreamProcessor.physical_name(env);
    let age = Metric { namespace: "AWS/Lambda", name: "IteratorAge", dimension: ("FunctionName", &processor) };
    let (incoming, throttled, age_ms, processed, failed) = tokio::try_join!(
        metric::sum(connection, of_stream("IncomingRecords"), span),
        metric::sum(connection, of_stream("WriteProvisionedThroughputExceeded"), span),
        metric::maximum(connection, age, span),
        metric::sum(connection, own(Ours::ProcessedRecords), span),
        metric::sum(connection, own(Ours::FailedRecords), span),
    )?;
    let (latency_ms, latency_p99_ms, calls, refused) = tokio::try_join!(
        metric::average(connection, own(Ours::ProcessingLatency), span),
        metric::p99(connection, own(Ours::ProcessingLatency), span),
        metric::sum(connection, own(Ours::TotalApiCalls), span),
        metric::sum(connection, own(Ours::AuthFailures), span),
    )?;
    Ok(LastHour { incoming, throttled, age_ms, processed, failed, latency_ms, latency_p99_ms, calls, refused })
}

async fn functions(connection: &Connection, env: &Environment, span: Span) -> Result<Vec<Health>> {
    try_join_all(Function::ALL.map(async |function| {
        let physical = function.physical_name(env);
        let of = |name| Metric { namespace: "AWS/Lambda", name, dimension: ("FunctionName", &physical) };
        let (invocations, errors, throttles) = tokio::try_join!(
            metric::sum(connection, of("Invocations"), span),
            metric::sum(connection, of("Errors"), span),
            metric::sum(connection, of("Throttles"), span),
        )?;
        Ok(Health { name: function.binary().to_owned(), invocations, errors, throttles })
    }))
    .await
}

/// The alarms of the dashboard stack; nothing where it is not deployed.
async fn alarms(connection: &Connection, env: &Environment) -> Result<Option<Vec<Alarm>>> {
    let stack = name::dashboard_stack(env);
    let client = connection.cloudformation();
    let listed = client.list_stack_resources().stack_name(&stack).into_paginator().items().send().try_collect().await;
    let resources: Vec<_> = match listed {
        Ok(resources) => resources,
        Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(None),
        Err(error) => return Err(failed_to(format!("list the resources of {stack}"))(error)),
    };
    let alarms = resources.iter().filter(|resource| resource.resource_type() == Some(resource_type::ALARM));
    let names: Vec<String> = alarms.filter_map(|alarm| Some(alarm.physical_resource_id()?.to_owned())).collect();
    // Without a name CloudWatch would describe every alarm of the account.
    if names.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let ask = connection.cloudwatch().describe_alarms().set_alarm_names(Some(names)).max_records(100);
    let answer = ask.send().await.map_err(failed_to("describe the alarms"))?;
    let alarm = |alarm: &aws_sdk_cloudwatch::types::MetricAlarm| Alarm {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        state: alarm.state_value().map_or("", StateValue::as_str).to_owned(),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
    };
    Ok(Some(answer.metric_alarms().iter().map(alarm).collect()))
}

async fn calls_this_month(connection: &Connection, env: &Environment, now: Timestamp) -> Result<Option<u64>> {
    let metric = Metric {
        namespace: Ours::TotalApiCalls.namespace(),
        name: Ours::TotalApiCalls.name(),
        dimension: (ours::ENVIRONMENT_DIMENSION, env.as_str()),
    };
    let month = Month::of(now).start();
    let calls = metric::sum(connection, metric, Span::days_since(month, now)).await?;
    Ok(calls.map(|calls| calls.round() as u64))
}

fn cost(env: &Environment, stream: Option<&StreamState>, calls: u64, now: Timestamp) -> Result<Cost> {
    let mode = match stream {
        None => Mode::Synchronous,
        Some(stream) if stream.is_on_demand => Mode::OnDemand { fan_out: stream.consumers > 0 },
        Some(stream) => Mode::Provisioned { shards: stream.shards, fan_out: stream.consumers > 0 },
    };
    let prices = Prices::read()?;
    let begun = stream.and_then(|stream| stream.created_at).unwrap_or(Timestamp::MIN).max(Month::of(now).start());
    let hours = (now.as_second() - begun.as_second()) as f64 / 3_600.0;
    let units = Units::read()?.with_plans(&workspace::settings(env)?.plans);
    let usd = Estimate::of(mode, calls, hours, &prices, &units).usd();
    Ok(Cost { calls, usd, prices_of: prices.date })
}
