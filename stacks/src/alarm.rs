//! `AWS::CloudWatch::Alarm`, on one metric or on a number made of several.
//!
//! Invariant: an alarm tells somebody, names what to do, and looks at data points of the unit that its metric is published in.

use serde_json::{Value as Json, json};

use crate::bounded::DataPoints;
use crate::metric::{Metric, Period, Statistic};
use crate::resource::{Properties, Resource};
use crate::runbook::Section;
use crate::topic::TopicHandle;

/// An alarm.
#[derive(Clone, Debug)]
pub struct Alarm<W> {
    pub name: String,
    pub description: &'static str,
    /// What to do about it.
    pub runbook: Section,
    /// What is looked at.
    pub watch: W,
    /// Of which length a data point is.
    pub period: Period,
    /// How many data points in a row are beyond the threshold before it goes off.
    pub data_points: DataPoints,
    /// When a data point is beyond.
    pub beyond: Beyond,
    /// What a period without data is.
    pub missing: Missing,
    /// Who is told, when it goes off and when it is over.
    pub topic: TopicHandle,
}

/// What an alarm can look at.
pub trait Watch {
    /// Why the local target refuses such an alarm, where it does.
    const REFUSED_LOCALLY: Option<&'static str>;

    /// The alarm's properties that say what is looked at.
    fn properties(&self, period: Period) -> Properties;

    /// The same for people.
    fn readable(&self) -> String;
}

/// One metric.
#[derive(Clone, Debug)]
pub struct One(pub Metric, pub Statistic);

/// A number made of several metrics.
#[derive(Clone, Debug)]
pub struct Math {
    /// Metric math over the metrics' ids.
    pub expression: &'static str,
    /// What the number is.
    pub label: &'static str,
    /// The metrics, each with the id it has in the expression.
    pub of: Vec<(&'static str, Metric, Statistic)>,
}

/// When a data point is beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// More than this.
    Above(u32),
    /// Less than this.
    Below(u32),
}

/// What a period without data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nothing happened, and that is fine.
    Fine,
    /// Something should have happened.
    Bad,
}

impl<W: Watch> Resource for Alarm<W> {
    const TYPE: &'static str = "AWS::CloudWatch::Alarm";
    const REFUSED_LOCALLY: Option<&'static str> = W::REFUSED_LOCALLY;
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { name, description, runbook, watch, period, data_points, beyond, missing, topic } = self;
        let (comparison, threshold) = match beyond {
            Beyond::Above(threshold) => ("GreaterThanThreshold", threshold),
            Beyond::Below(threshold) => ("LessThanThreshold", threshold),
        };
        let missing = match missing {
            Missing::Fine => "notBreaching",
            Missing::Bad => "breaching",
        };
        let properties = Properties::of(json!({
            "AlarmName": name,
            "AlarmDescription": format!("{description} {}", runbook.link()),
            "ComparisonOperator": comparison,
            "Threshold": threshold,
            "EvaluationPeriods": data_points,
            "DatapointsToAlarm": data_points,
            "TreatMissingData": missing,
            "AlarmActions": [topic.arn()],
            "OKActions": [topic.arn()],
        }));
        properties.and(watch.properties(*period))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        let beyond = match self.beyond {
            Beyond::Above(threshold) => format!("> {threshold}"),
            Beyond::Below(threshold) => format!("< {threshold}"),
        };
        format!("{} {beyond}, {} times {}", self.watch.readable(), self.data_points, self.period.readable())
    }
}

impl Watch for One {
    const REFUSED_LOCALLY: Option<&'static str> = None;

    fn properties(&self, period: Period) -> Properties {
        let Self(metric, statistic) = self;
        let Metric { namespace, name, unit, dimensions: _ } = metric;
        let (plain, percentile) = match statistic {
            Statistic::Percentile(_) => (None, Some(statistic)),
            _ => (Some(statistic), None),
        };
        Properties::of(json!({
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": metric.dimensions(),
            "Unit": unit,
            "Period": period,
            "Statistic": plain,
            "ExtendedStatistic": percentile,
        }))
    }

    fn readable(&self) -> String {
        let Self(metric, statistic) = self;
        let of: Vec<String> = metric.dimensions.iter().map(|(_, value)| value.readable()).collect();
        format!("{} of {} of {}", statistic.spelled(), metric.name, of.join(" "))
    }
}

impl Watch for Math {
    const REFUSED_LOCALLY: Option<&'static str> = Some("the emulator does no metric math");

    fn properties(&self, period: Period) -> Properties {
        let Self { expression, label, of } = self;
        let mut metrics = vec![json!({"Id": "result", "Expression": expression, "Label": label})];
        metrics.extend(of.iter().map(|(id, metric, statistic)| {
            let Metric { namespace, name, unit, dimensions: _ } = metric;
            let metric: Json = json!({"Namespace": namespace, "MetricName": name, "Dimensions": metric.dimensions()});
            let stat = json!({"Metric": metric, "Period": period, "Stat": statistic, "Unit": unit});
            json!({"Id": id, "MetricStat": stat, "ReturnData": false})
        }));
        Properties::of(json!({"Metrics": metrics}))
    }

    fn readable(&self) -> String {
        self.label.into()
    }
}
