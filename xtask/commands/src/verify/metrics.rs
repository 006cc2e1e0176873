//! Step 6 of the guide: the dashboard, and the metrics of the first hour.
//!
//! Invariant: a metric without data points is not a failure; one above the guide's limit is.

use anyhow::Result;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use contract::metric::{ENVIRONMENT_DIMENSION, Metric};
use contract::name;
use jiff::{SignedDuration, Timestamp};

use super::{Check, Deployment};
use cloud::aws::error::failed_to;

/// The guide's "processing latency < 500 ms average", in milliseconds.
const LATENCY_LIMIT: f64 = 500.0;

/// Of fewer events than this an average says nothing.
const ENOUGH_EVENTS: f64 = 20.0;

/// The dashboards and the two metrics of the guide; none of them is there in synchronous mode.
pub async fn checks(deployment: &Deployment<'_>) -> Vec<Check> {
    if !deployment.toggle.is_on() {
        return Vec::new();
    }
    let Deployment { env, settings, .. } = deployment;
    let of_plans = settings.plans.names().map(|plan| name::dashboard_of_plan(env, plan));
    let mut checks = Vec::new();
    for name in [name::dashboard(env)].into_iter().chain(of_plans) {
        checks.push(Check::tried("dashboard", dashboard(deployment, &name).await));
    }
    checks.push(Check::tried("metric IncomingRecords", incoming(deployment).await));
    checks.push(Check::tried("metric ProcessingLatency", latency(deployment).await));
    checks
}

async fn dashboard(deployment: &Deployment<'_>, dashboard: &str) -> Result<Check> {
    let what = format!("dashboard {dashboard}");
    let client = deployment.connection.cloudwatch();
    match client.get_dashboard().dashboard_name(dashboard).send().await {
        Ok(found) => {
            let body: serde_json::Value = serde_json::from_str(found.dashboard_body().unwrap_or_default())?;
            let n_widgets = body["widgets"].as_array().map_or(0, Vec::len);
            Ok(Check::new(what, n_widgets > 0, format!("{n_widgets} widgets")))
        }
        Err(error) => Err(failed_to("look at it")(error)),
    }
}

async fn incoming(deployment: &Deployment<'_>) -> Result<Check> {
    let dimension = ("StreamName", name::stream(deployment.env));
    let points = last_hour(deployment, "AWS/Kinesis", "IncomingRecords", dimension, Statistic::Sum).await?;
    let total: f64 = points.iter().filter_map(Datapoint::sum).sum();
    let what = "metric IncomingRecords";
    if points.is_empty() && deployment.connection.is_local() {
        return Ok(Check::skipped(what, "the emulator does not measure its streams"));
    }
    Ok(Check::new(what, true, format!("{total} in the last hour")))
}

async fn latency(deployment: &Deployment<'_>) -> Result<Check> {
    let dimension = (ENVIRONMENT_DIMENSION, deployment.env.to_string());
    let metric = Metric::ProcessingLatency;
    let points = last_hour(deployment, metric.namespace(), metric.name(), dimension, Statistic::Average).await?;
    let weighed = points.iter().filter_map(|point| Some((point.average()?, point.sample_count().unwrap_or(1.0))));
    Ok(judge(&weighed.collect::<Vec<_>>()))
}

/// Averages with how many events each is of.
fn judge(periods: &[(f64, f64)]) -> Check {
    let what = "metric ProcessingLatency";
    let n_events: f64 = periods.iter().map(|(_, n)| n).sum();
    if n_events <= 0.0 {
        return Check::skipped(what, "no data points yet: they come a minute after the first calls");
    }
    let average = periods.iter().map(|(average, n)| average * n).sum::<f64>() / n_events;
    let found = format!("{average:.0} ms on average of {n_events} events, below {LATENCY_LIMIT} expected");
    // A call that was counted synchronously gets its age when the stream is back; one such must not weigh for many.
    if average >= LATENCY_LIMIT && n_events < ENOUGH_EVENTS {
        return Check::skipped(what, format!("{found}: too few to judge"));
    }
    Check::new(what, average < LATENCY_LIMIT, found)
}

/// The guide's query: five-minute periods of the last hour.
async fn last_hour(
    deployment: &Deployment<'_>,
    namespace: &str,
    metric: &str,
    (dimension, value): (&str, String),
    statistic: Statistic,
) -> Result<Vec<Datapoint>> {
    let now = Timestamp::now();
    let ago = now - SignedDuration::from_hours(1);
    let query = deployment
        .connection
        .cloudwatch()
        .get_metric_statistics()
        .namespace(namespace)
        .metric_name(metric)
        .dimensions(Dimension::builder().name(dimension).value(value).build())
        .start_time(DateTime::from_secs(ago.as_second()))
        .end_time(DateTime::from_secs(now.as_second()))
        .period(300)
        .statistics(statistic)
        .statistics(Statistic::SampleCount);
    let answer = query.send().await.map_err(failed_to(format!("ask for {metric}")))?;
    Ok(answer.datapoints.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::Outcome;

    #[test]
    fn the_average_is_that_of_the_events_not_of_the_periods() {
        assert!(matches!(judge(&[(20.0, 1000.0), (6000.0, 1.0)]).outcome, Outcome::Passed(_)));
        assert!(matches!(judge(&[(600.0, 1000.0)]).outcome, Outcome::Failed(_)));
    }

    #[test]
    fn too_few_events_neither_pass_nor_fail_a_limit_that_they_miss() {
        assert!(matches!(judge(&[(6000.0, 2.0)]).outcome, Outcome::Skipped(_)));
        assert!(matches!(judge(&[]).outcome, Outcome::Skipped(_)));
    }
}
