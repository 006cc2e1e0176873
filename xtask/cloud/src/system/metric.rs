//! Figures of CloudWatch over a span of time.
//!
//! Invariant: a metric without a data point is nothing, not zero.

use anyhow::Result;
use aws_sdk_cloudwatch::types::{Datapoint, Dimension, Statistic};
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::Connection;
use crate::aws::error::failed_to;

/// Which metric of what.
#[derive(Clone, Copy, Debug)]
pub struct Metric<'a> {
    /// Such as `AWS/Kinesis`.
    pub namespace: &'a str,
    /// Such as `IncomingRecords`.
    pub name: &'a str,
    /// Such as `StreamName` and the stream's name.
    pub dimension: (&'a str, &'a str),
}

/// A span of time, in periods of one data point each.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// Seconds of a period, a multiple of 60.
    pub period: i32,
}

impl Span {
    /// The last hour, the minute under way included: one period.
    pub fn last_hour(now: Timestamp) -> Self {
        let minute = now.as_second().div_euclid(60) * 60;
        let at = |second: i64| Timestamp::from_second(second).unwrap_or(now);
        Self { from: at(minute - 3_600), to: at(minute + 60), period: 3_660 }
    }

    /// From an instant until now, in days.
    pub fn days_since(from: Timestamp, now: Timestamp) -> Self {
        Self { from, to: now, period: 86_400 }
    }
}

/// The sum over a span.
///
/// # Errors
/// When CloudWatch cannot be asked.
pub async fn sum(connection: &Connection, metric: Metric<'_>, span: Span) -> Result<Option<f64>> {
    let points = points(connection, metric, span, Wanted::Plain(&[Statistic::Sum])).await?;
    Ok(points.iter().filter_map(Datapoint::sum).reduce(|one, other| one + other))
}

/// The largest value within a span.
///
/// # Errors
/// When CloudWatch cannot be asked.
pub async fn maximum(connection: &Connection, metric: Metric<'_>, span: Span) -> Result<Option<f64>> {
    let points = points(connection, metric, span, Wanted::Plain(&[Statistic::Maximum])).await?;
    Ok(points.iter().filter_map(Datapoint::maximum).reduce(f64::max))
}

/// The average over a span, each value counting once.
///
/// # Errors
/// When CloudWatch cannot be asked.
pub async fn average(connection: &Connection, metric: Metric<'_>, span: Span) -> Result<Option<f64>> {
    let points = points(connection, metric, span, Wanted::Plain(&[Statistic::Sum, Statistic::SampleCount])).await?;
    let total: f64 = points.iter().filter_map(Datapoint::sum).sum();
    let n_values: f64 = points.iter().filter_map(Datapoint::sample_count).sum();
    Ok((n_values > 0.0).then(|| total / n_values))
}

/// The value that 99 of 100 stay below, within a span.
///
/// # Errors
/// When CloudWatch cannot be asked.
pub async fn p99(connection: &Connection, metric: Metric<'_>, span: Span) -> Result<Option<f64>> {
    let points = points(connection, metric, span, Wanted::Percentile("p99")).await?;
    let values = points.iter().filter_map(|point| point.extended_statistics()?.get("p99").copied());
    Ok(values.reduce(f64::max))
}

/// CloudWatch gives one kind or the other, not both at once.
enum Wanted<'a> {
    Plain(&'a [Statistic]),
    Percentile(&'a str),
}

async fn points(connection: &Connection, metric: Metric<'_>, span: Span, wanted: Wanted<'_>) -> Result<Vec<Datapoint>> {
    let Metric { namespace, name, dimension: (key, value) } = metric;
    let ask = connection
        .cloudwatch()
        .get_metric_statistics()
        .namespace(namespace)
        .metric_name(name)
        .dimensions(Dimension::builder().name(key).value(value).build())
        .start_time(DateTime::from_secs(span.from.as_second()))
        .end_time(DateTime::from_secs(span.to.as_second()))
        .period(span.period);
    let ask = match wanted {
        Wanted::Plain(statistics) => ask.set_statistics(Some(statistics.to_vec())),
        Wanted::Percentile(percentile) => ask.extended_statistics(percentile),
    };
    let answer = ask.send().await.map_err(failed_to(format!("read the metric {namespace} {name}")))?;
    Ok(answer.datapoints.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hour_is_one_period_with_the_minute_under_way() {
        let now: Timestamp = "2026-11-24T10:15:31Z".parse().unwrap();
        let Span { from, to, period } = Span::last_hour(now);
        assert_eq!(from, "2026-11-24T09:15:00Z".parse().unwrap());
        assert_eq!(to, "2026-11-24T10:16:00Z".parse().unwrap());
        assert_eq!(to.as_second() - from.as_second(), i64::from(period));
        assert_eq!(period % 60, 0);
    }
}
