//! Step 6 of the guide: the dashboard, and the metrics of the first hour.
//!
//! Invariant: a metric without data points is no failure; one above the guide's limit is.

use anyhow::Result;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use contract::metric::{ENVIRONMENT_DIMENSION, Metric};
use contract::name;
use jiff::{SignedDuration, Timestamp};

use super::{Check, Subject};
use crate::aws_error::failed_to;

/// The guide's "processing latency < 500 ms average", in milliseconds.
const LATENCY_LIMIT: f64 = 500.0;

/// The dashboard and the two metrics of the guide; none of them is there in synchronous mode.
pub async fn checks(subject: &Subject<'_>) -> Vec<Check> {
    if !subject.toggle.is_on() {
        return Vec::new();
    }
    vec![
        Check::tried("dashboard", dashboard(subject).await),
        Check::tried("metric IncomingRecords", incoming(subject).await),
        Check::tried("metric ProcessingLatency", latency(subject).await),
    ]
}

async fn dashboard(subject: &Subject<'_>) -> Result<Check> {
    let dashboard = name::dashboard(subject.env);
    let what = format!("dashboard {dashboard}");
    let client = subject.connection.cloudwatch();
    match client.get_dashboard().dashboard_name(&dashboard).send().await {
        Ok(found) => {
            let body: serde_json::Value = serde_json::from_str(found.dashboard_body().unwrap_or_default())?;
            let n_widgets = body["widgets"].as_array().map_or(0, Vec::len);
            Ok(Check::of(what, n_widgets > 0, format!("{n_widgets} widgets")))
        }
        Err(error) => Err(failed_to("look at it")(error)),
    }
}

async fn incoming(subject: &Subject<'_>) -> Result<Check> {
    let dimension = ("StreamName", name::stream(subject.env));
    let points = last_hour(subject, "AWS/Kinesis", "IncomingRecords", dimension, Statistic::Sum).await?;
    let total: f64 = points.iter().filter_map(Datapoint::sum).sum();
    let what = "metric IncomingRecords";
    if points.is_empty() && subject.connection.is_local() {
        return Ok(Check::skipped(what, "the emulator does not measure its streams"));
    }
    Ok(Check::of(what, true, format!("{total} in the last hour")))
}

async fn latency(subject: &Subject<'_>) -> Result<Check> {
    let dimension = (ENVIRONMENT_DIMENSION, subject.env.to_string());
    let metric = Metric::ProcessingLatency;
    let points = last_hour(subject, metric.namespace(), metric.name(), dimension, Statistic::Average).await?;
    let what = "metric ProcessingLatency";
    let averages: Vec<f64> = points.iter().filter_map(Datapoint::average).collect();
    if averages.is_empty() {
        return Ok(Check::skipped(what, "no data points yet: they come a minute after the first calls"));
    }
    let average = averages.iter().sum::<f64>() / averages.len() as f64;
    Ok(Check::of(what, average < LATENCY_LIMIT, format!("{average:.0} ms on average, below {LATENCY_LIMIT} expected")))
}

/// The guide's query: five-minute periods of the last hour.
async fn last_hour(
    subject: &Subject<'_>,
    namespace: &str,
    metric: &str,
    (dimension, value): (&str, String),
    statistic: Statistic,
) -> Result<Vec<Datapoint>> {
    let now = Timestamp::now();
    let ago = now - SignedDuration::from_hours(1);
    let query = subject
        .connection
        .cloudwatch()
        .get_metric_statistics()
        .namespace(namespace)
        .metric_name(metric)
        .dimensions(Dimension::builder().name(dimension).value(value).build())
        .start_time(DateTime::from_secs(ago.as_second()))
        .end_time(DateTime::from_secs(now.as_second()))
        .period(300)
        .statistics(statistic);
    let answer = query.send().await.map_err(failed_to(format!("ask for {metric}")))?;
    Ok(answer.datapoints.unwrap_or_default())
}
