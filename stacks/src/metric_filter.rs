//! `AWS::Logs::MetricFilter`: lines of a log, counted into a metric of ours.
//!
//! Invariant: a filter looks for one message of one function's log, and its metric has the one dimension that all of
//! ours have, which CloudWatch can only take from the line.

use contract::metric::{ENVIRONMENT_DIMENSION, Metric};
use contract::undelivered;
use serde_json::json;

use crate::log_group::LogGroupHandle;
use crate::resource::{Properties, Resource};

/// Counts the events that are in a log alone.
#[derive(Clone, Debug)]
pub struct UndeliveredEvents {
    /// The log of who wrote them there.
    pub logs: LogGroupHandle,
}

impl Resource for UndeliveredEvents {
    const TYPE: &'static str = "AWS::Logs::MetricFilter";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { logs } = self;
        let metric = Metric::UndeliveredEvents;
        Properties::of(json!({
            "LogGroupName": logs.name(),
            "FilterPattern": format!("{{ $.message = \"{}\" }}", undelivered::MESSAGE),
            "MetricTransformations": [{
                "MetricNamespace": metric.namespace(),
                "MetricName": metric.name(),
                "MetricValue": "1",
                "Unit": metric.unit(),
                "Dimensions": [{"Key": ENVIRONMENT_DIMENSION, "Value": format!("$.{}", undelivered::ENVIRONMENT)}],
            }],
        }))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        format!("counts what is in {} alone into {}", self.logs.readable(), Metric::UndeliveredEvents.name())
    }
}
