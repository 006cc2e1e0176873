//! CloudWatch, as the analytics API reads it: what a metric was in each minute.
//!
//! Invariant: a minute without a data point is not in the answer, and nothing but what came with a 200 is.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;
use jiff::Timestamp;
use metering::window::Minute;
use serde_json::{Value, json};

use crate::signed_request::{Ask, PayloadChecksumKind, RequestError, Service};

/// `GetMetricStatistics`, because a million of its requests a month cost nothing, and those of `GetMetricData` do from the
/// first.
const OPERATION: &str = "GetMetricStatistics";
/// The version of the API, which begins the name of every operation in JSON.
const API: &str = "GraniteServiceVersion20100801";
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// CloudWatch in a region, asked in the name of a role.
#[derive(Clone, Debug)]
pub struct CloudWatch {
    service: Service,
    url: String,
}

/// A metric of one thing, and what of its minutes is asked.
#[derive(Clone, Copy, Debug)]
pub struct Metric<'a> {
    /// Such as `AWS/Kinesis`.
    pub namespace: &'static str,
    /// Its name in there.
    pub name: &'static str,
    /// What tells the thing apart: a dimension and its value.
    pub dimension: (&'static str, &'a str),
    /// `Sum`, `Maximum` and so on.
    pub statistic: &'static str,
}

impl CloudWatch {
    /// CloudWatch at that address, or at the region's own.
    pub fn new(endpoint_url: Option<&str>, region: &str, credentials: Credentials) -> Self {
        let service = Service::new("monitoring", region, credentials, PayloadChecksumKind::NoHeader);
        Self { url: service.root(endpoint_url), service }
    }

    /// What a metric was in the minutes from one to before another, waited for no longer than `patience`.
    ///
    /// # Errors
    /// When CloudWatch does not say.
    pub async fn minutes(
        &self,
        Metric { namespace, name, dimension: (dimension, value), statistic }: Metric<'_>,
        (from, to): (Minute, Minute),
        patience: Duration,
    ) -> Result<BTreeMap<Minute, f64>, RequestError> {
        let body = json!({
            "Namespace": namespace, "MetricName": name, "Dimensions": [{ "Name": dimension, "Value": value }],
            "StartTime": from.start().as_second(), "EndTime": to.start().as_second(), "Period": 60,
            "Statistics": [statistic],
        });
        let target = format!("{API}.{OPERATION}");
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", &target)];
        let ask = Ask { operation: OPERATION, method: "POST", url: &self.url, headers: &headers, patience };
        let answer: Value = serde_json::from_slice(&self.service.ask(ask, body.to_string()).await?).unwrap_or_default();
        let point = |point: &Value| {
            let second = point["Timestamp"].as_f64()? as i64;
            Some((Minute::of(Timestamp::from_second(second).ok()?), point[statistic].as_f64()?))
        };
        Ok(answer["Datapoints"].as_array().into_iter().flatten().filter_map(point).collect())
    }
}
