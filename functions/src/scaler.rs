//! The stream scaler: once a minute it looks at what goes into the stream and gives it more shards, or fewer.
//!
//! Application Auto Scaling knows no Kinesis streams, so this is what does it. An item of the analytics table
//! remembers the last changes.
//!
//! Invariant: a change is remembered, under the condition that nothing else was, before Kinesis is asked for it: of two
//! runs at once one changes nothing, and a run that is killed in between only waits longer.

pub mod change;
pub mod decision;
pub mod load;

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use aws_sdk_kinesis::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_kinesis::types::{ScalingType, StreamMode, StreamStatus};
use contract::table::{PK, SK, STATE};
use jiff::Timestamp;
use metering::window::Minute;
use serde::Serialize;

use crate::metrics::Metrics;
use change::{Change, Changes};
use decision::{Bounds, CALM_MINUTES, Decision, FRESH_MINUTES, ObservedCapacity, Stay, decide};
use load::{Load, Series};
use store::table::{Consistency, Table, TableError, text, unless_condition_failed};

const SCALER: &str = "SCALER";
const CHANGES: &str = "changes";

/// The scaler of one stream.
#[derive(Clone, Debug)]
pub struct Scaler {
    /// Where the stream is.
    pub kinesis: aws_sdk_kinesis::Client,
    /// Where its metrics are.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The stream's name.
    pub stream: String,
    /// Where the last changes are remembered.
    pub analytics: Table,
    /// Where the number of shards is published.
    pub metrics: Metrics,
    /// How many shards there may be.
    pub bounds: Bounds,
}

/// What a run has found and done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Shards before the run; none where they are not to be chosen.
    pub shards: Option<u32>,
    /// Shards that Kinesis was asked for, and took.
    pub to: Option<u32>,
    /// Shards that are needed and cannot be had.
    pub short: u32,
    /// Why, in words.
    pub why: String,
}

/// A run that could not look, or not remember.
#[derive(Debug, thiserror::Error)]
pub enum ScalerError {
    /// The analytics table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Kinesis or CloudWatch.
    #[error("{operation} of {stream} failed: {cause}")]
    Request {
        /// The API's name of the operation.
        operation: &'static str,
        stream: String,
        /// The whole chain of causes.
        cause: String,
    },
}

/// What of a minute a metric tells.
type Part = fn(&mut Load) -> &mut f64;

/// The metrics of the stream that are looked at. The last one tells only that CloudWatch has the minute: a minute in
/// which nothing is put has no data point of the others, but the processor, where it polls, reads in every minute.
const METRICS: [(&str, Option<Part>); 4] = [
    ("IncomingRecords", Some(|load| &mut load.records)),
    ("IncomingBytes", Some(|load| &mut load.bytes)),
    ("WriteProvisionedThroughputExceeded", Some(|load| &mut load.refused)),
    ("GetRecords.Success", None),
];

/// How old a minute is, in minutes, before nothing was put in it because no metric says otherwise. The metrics of a
/// minute do not come together: in a younger one, what was put may only not have arrived yet.
const QUIET_AFTER_MINUTES: i64 = 3;

impl Scaler {
    /// One run.
    ///
    /// # Errors
    /// When the stream cannot be looked at, or the change not remembered. That Kinesis refuses a change is not an error but
    /// a finding.
    pub async fn run(&self, now: Timestamp) -> Result<Report, ScalerError> {
        let (capacity, remembered, series) = tokio::try_join!(self.capacity(), self.remembered(), self.series(now))?;
        let changes = self.changes(remembered.as_deref())?;
        let decision = decide(capacity, &changes, &series, self.bounds, now);
        let shards = match capacity {
            ObservedCapacity::Shards(shards) => Some(shards),
            ObservedCapacity::OnDemand | ObservedCapacity::Changing => None,
        };
        let mut report = Report { shards, to: None, short: 0, why: decision.to_string() };
        let change = |shards, counts| changes.and(Change::new(now, shards, counts));
        match decision {
            Decision::Stay(Stay::Changing) if changes.last().is_some() => {
                self.remember(remembered.as_deref(), &changes.with_changing(now)).await?;
            }
            Decision::Stay(_) => {}
            Decision::Short { by, .. } => report.short = by,
            Decision::Note(shards) => {
                // The very first note is of no change.
                self.remember(remembered.as_deref(), &change(shards, changes.last().is_some())).await?;
            }
            Decision::Scale { to, .. } => {
                let changes = change(to, true);
                if self.remember(remembered.as_deref(), &changes).await? {
                    self.scale(shards.unwrap_or(to), to, &changes, &mut report).await?;
                } else {
                    report.why = "another run is at it".into();
                }
            }
        }
        self.publish(&report, now).await;
        Ok(report)
    }

    async fn capacity(&self) -> Result<ObservedCapacity, ScalerError> {
        let asked = self.kinesis.describe_stream_summary().stream_name(&self.stream).send().await;
        let answer = asked.map_err(|error| self.failed("DescribeStreamSummary", &error))?;
        let Some(summary) = answer.stream_description_summary else { return Ok(ObservedCapacity::Changing) };
        let mode = summary.stream_mode_details().map(|details| details.stream_mode());
        Ok(match (mode, summary.stream_status()) {
            (Some(StreamMode::OnDemand), _) => ObservedCapacity::OnDemand,
            (_, StreamStatus::Active) => ObservedCapacity::Shards(summary.open_shard_count().unsigned_abs()),
            _ => ObservedCapacity::Changing,
        })
    }

    /// The minutes that are over, as far back as a decision looks. `GetMetricStatistics`, because a million of its
    /// requests a month cost nothing, and those of `GetMetricData` do from the first.
    async fn series(&self, now: Timestamp) -> Result<Series, ScalerError> {
        let to = Minute::of(now);
        let from = to.plus(-CALM_MINUTES - FRESH_MINUTES);
        let ask = |metric: &'static str| {
            let ask = self.cloudwatch.get_metric_statistics().namespace("AWS/Kinesis").metric_name(metric);
            ask.dimensions(Dimension::builder().name("StreamName").value(&self.stream).build())
                .start_time(DateTime::from_secs(from.start().as_second()))
                .end_time(DateTime::from_secs(to.start().as_second()))
                .period(60)
                .statistics(Statistic::Sum)
                .send()
        };
        let answers = futures::future::join_all(METRICS.map(|(metric, _)| ask(metric))).await;
        let mut series = BTreeMap::<Minute, Load>::new();
        for (answer, (_, part)) in answers.into_iter().zip(METRICS) {
            let answer = answer.map_err(|error| self.failed("GetMetricStatistics", &error))?;
            for point in answer.datapoints() {
                let at = point.timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok());
                let Some((minute, sum)) = at.map(Minute::of).zip(point.sum()) else { continue };
                if part.is_none() && to.since(minute) < QUIET_AFTER_MINUTES {
                    continue;
                }
                let load = series.entry(minute).or_default();
                if let Some(part) = part {
                    *part(load) = sum;
                }
            }
        }
        Ok(Series(series))
    }

    /// The text of the remembered changes: the condition of the next write is that it is still the same.
    async fn remembered(&self) -> Result<Option<String>, ScalerError> {
        let item = self.analytics.get(STATE, SCALER, Consistency::Strong).await?;
        Ok(item.and_then(|item| item.get(CHANGES)?.as_s().ok().cloned()))
    }

    fn changes(&self, remembered: Option<&str>) -> Result<Changes, ScalerError> {
        let Some(text) = remembered else { return Ok(Changes::default()) };
        let malformed =
            TableError::Malformed { key: SCALER.into(), attribute: CHANGES, table: self.analytics.name().into() };
        serde_json::from_str(text).map_err(|_| malformed.into())
    }

    /// Remembers changes in place of those that were read; false where these are not there any more.
    async fn remember(&self, before: Option<&str>, changes: &Changes) -> Result<bool, ScalerError> {
        let update = self.analytics.client().update_item().table_name(self.analytics.name());
        let update = update
            .key(PK, text(STATE))
            .key(SK, text(SCALER))
            .update_expression("SET #changes = :after")
            .expression_attribute_names("#changes", CHANGES)
            .expression_attribute_values(":after", text(to_text(changes)));
        let update = match before {
            None => update.condition_expression("attribute_not_exists(#changes)"),
            Some(before) => {
                update.condition_expression("#changes = :before").expression_attribute_values(":before", text(before))
            }
        };
        let written = unless_condition_failed(update.send().await);
        Ok(written.map_err(|error| self.analytics.failed("UpdateItem", &error))?.is_some())
    }

    /// Asks Kinesis for another number of shards, which is remembered already.
    async fn scale(&self, from: u32, to: u32, changes: &Changes, report: &mut Report) -> Result<(), ScalerError> {
        let update = self.kinesis.update_shard_count().stream_name(&self.stream);
        let update = update.scaling_type(ScalingType::UniformScaling).target_shard_count(to.cast_signed());
        let Err(error) = update.send().await else {
            report.to = Some(to);
            return Ok(());
        };
        let cause = DisplayErrorContext(&error).to_string();
        if error.as_service_error().is_none() {
            // It may have been done. The next run sees what the stream has.
            return Err(self.failed("UpdateShardCount", &error));
        }
        self.remember(Some(&to_text(changes)), &changes.with_last_refused(from)).await?;
        if error.code() == Some("ResourceInUseException") {
            report.why = Stay::Changing.to_string();
            return Ok(());
        }
        report.short = to.saturating_sub(from);
        report.why = format!("{}, but Kinesis refuses: {cause}", report.why);
        Ok(())
    }

    /// Says to the log and to CloudWatch what came of it.
    async fn publish(&self, report: &Report, now: Timestamp) {
        let Report { shards, to, short, why } = report;
        if *short > 0 {
            tracing::error!(shards, short, why, "shards are short");
        } else {
            tracing::info!(shards, to, why, "looked at the stream");
        }
        let Some(shards) = shards else { return };
        if let Err(cause) = self.metrics.publish_shards(Minute::of(now), *shards, *short).await {
            tracing::error!(cause, "metrics not published");
        }
    }

    fn failed<E: std::error::Error>(&self, operation: &'static str, error: &E) -> ScalerError {
        let cause = DisplayErrorContext(error).to_string();
        ScalerError::Request { operation, stream: self.stream.clone(), cause }
    }
}

/// Changes as the item has them.
fn to_text(changes: &Changes) -> String {
    serde_json::to_string(changes).unwrap_or_else(|error| unreachable!("plain data is JSON: {error}"))
}

#[cfg(test)]
mod tests;
