//! The figures of minutes, as CloudWatch takes them.
//!
//! Invariant: a metric's time is that of the minute it is about, and its dimensions are the environment and, of a plan's
//! users, the plan.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::DisplayErrorContext;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use contract::metric::{ENVIRONMENT_DIMENSION, Metric, PLAN_DIMENSION, PlanMetric};
use contract::plan::{PlanName, Plans};
use metering::figures::{Ages, Figures};
use metering::window::Minute;

/// Values in one datum (CloudWatch's limit for `PutMetricData`).
const MAX_VALUES: usize = 150;
/// Datums in one request (CloudWatch's limit).
const MAX_DATUMS: usize = 1_000;

/// Where figures are published.
#[derive(Clone, Debug)]
pub struct Metrics {
    client: Client,
    environment: String,
}

/// What is new of a minute.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    pub minute: Minute,
    /// Increments of its figures.
    pub figures: Figures,
    /// How old its new events were when they were counted.
    pub ages: Ages,
}

impl Metrics {
    /// Publishes under the name of an environment.
    pub fn new(client: Client, environment: impl Into<String>) -> Self {
        Self { client, environment: environment.into() }
    }

    /// Publishes what is new, also of each of these plans, with one request for each namespace.
    ///
    /// # Errors
    /// When CloudWatch does not take it; the text names the namespace.
    pub async fn publish(&self, news: &[News], plans: &Plans) -> Result<(), String> {
        let datums = |news| self.datums(news).into_iter().chain(self.datums_of_plans(news, plans));
        self.put(&news.iter().flat_map(datums).collect::<Vec<_>>()).await
    }

    /// Publishes how many shards the stream has, and how many more it needs and cannot have.
    ///
    /// # Errors
    /// When CloudWatch does not take it; the text names the namespace.
    pub async fn publish_shards(&self, minute: Minute, open: u32, short: u32) -> Result<(), String> {
        let count = |metric, shards: u32| (metric, self.datum(metric, minute).value(f64::from(shards)).build());
        self.put(&[count(Metric::OpenShards, open), count(Metric::ShardsShort, short)]).await
    }

    /// Publishes what a run leaves to the next, windows that it could not write and alerts that it could not send, and
    /// the anomalies that it found.
    ///
    /// # Errors
    /// When CloudWatch does not take it; the text names the namespace.
    pub async fn publish_left(
        &self,
        minute: Minute,
        windows: usize,
        alerts: usize,
        anomalies: usize,
    ) -> Result<(), String> {
        let count = |metric, count: usize| (metric, self.datum(metric, minute).value(count as f64).build());
        let counts = [(Metric::FailedWindows, windows), (Metric::UnsentAlerts, alerts), (Metric::Anomalies, anomalies)];
        self.put(&counts.map(|(metric, n)| count(metric, n))).await
    }

    async fn put(&self, datums: &[(Metric, MetricDatum)]) -> Result<(), String> {
        let mut namespaces: Vec<_> = Metric::ALL.iter().map(|metric| metric.namespace()).collect();
        namespaces.dedup();
        for namespace in namespaces {
            let of_namespace: Vec<_> = datums
                .iter()
                .filter(|(metric, _)| metric.namespace() == namespace)
                .map(|(_, datum)| datum.clone())
                .collect();
            for datums in of_namespace.chunks(MAX_DATUMS) {
                let put = self.client.put_metric_data().namespace(namespace).set_metric_data(Some(datums.to_vec()));
                put.send()
                    .await
                    .map_err(|error| format!("PutMetricData to {namespace}: {}", DisplayErrorContext(error)))?;
            }
        }
        Ok(())
    }

    fn datums(&self, news: &News) -> Vec<(Metric, MetricDatum)> {
        let News { minute, figures, ages } = news;
        let count = |metric: Metric, count: u64| (metric, self.datum(metric, *minute).value(count as f64).build());
        let mut datums = vec![
            count(Metric::ProcessedRecords, figures.processed),
            count(Metric::FailedRecords, figures.failed),
            count(Metric::TotalApiCalls, figures.calls),
            count(Metric::UniqueUsers, figures.users),
            count(Metric::AuthFailures, figures.auth_failures),
            count(Metric::RateLimited, figures.rate_limited),
        ];
        let ages: Vec<_> = ages.iter().collect();
        datums.extend(ages.chunks(MAX_VALUES).map(|ages| {
            let (values, counts) = ages.iter().map(|(age, events)| (**age as f64, **events as f64)).unzip();
            let datum = self.datum(Metric::ProcessingLatency, *minute);
            (Metric::ProcessingLatency, datum.set_values(Some(values)).set_counts(Some(counts)).build())
        }));
        datums
    }

    fn datums_of_plans(&self, News { minute, figures, .. }: &News, plans: &Plans) -> Vec<(Metric, MetricDatum)> {
        let datum = |plan: &PlanName, metric: PlanMetric| {
            let of_plan = figures.plans.plan(plan);
            let count = match metric {
                PlanMetric::Calls => of_plan.calls,
                PlanMetric::Users => of_plan.users,
                PlanMetric::RateLimited => of_plan.rate_limited,
            };
            let dimension = Dimension::builder().name(PLAN_DIMENSION).value(plan.as_str()).build();
            let metric = metric.of_everybody();
            (metric, self.datum(metric, *minute).dimensions(dimension).value(count as f64).build())
        };
        plans.names().flat_map(|plan| PlanMetric::ALL.map(|metric| datum(plan, metric))).collect()
    }

    fn datum(&self, metric: Metric, minute: Minute) -> aws_sdk_cloudwatch::types::builders::MetricDatumBuilder {
        let dimension = Dimension::builder().name(ENVIRONMENT_DIMENSION).value(&self.environment).build();
        MetricDatum::builder()
            .metric_name(metric.name())
            .dimensions(dimension)
            .timestamp(DateTime::from_secs(minute.start().as_second()))
            .unit(StandardUnit::from(metric.unit()))
    }
}

#[cfg(test)]
mod tests {
    use metering::event::Event;
    use metering::plan::ByPlan;

    use super::*;

    #[test]
    fn every_metric_of_a_minute_is_published_and_latencies_are_cut_to_what_a_datum_takes() {
        let config = aws_sdk_cloudwatch::Config::builder().behavior_version_latest().build();
        let metrics = Metrics::new(Client::from_conf(config), "test");
        let news = News {
            minute: "2026-11-24T10:15".parse().unwrap(),
            figures: Figures::default(),
            ages: (0..400).map(|age| (age, 1)).collect(),
        };
        let datums = metrics.datums(&news);
        let of_others = [Metric::OpenShards, Metric::ShardsShort, Metric::UndeliveredEvents];
        let of_others = [&of_others[..], &[Metric::FailedWindows, Metric::UnsentAlerts, Metric::Anomalies]].concat();
        for metric in Metric::ALL.into_iter().filter(|metric| !of_others.contains(metric)) {
            assert!(datums.iter().any(|(published, _)| *published == metric), "{metric:?}");
        }
        assert!(datums.iter().all(|(_, datum)| datum.values().len() <= MAX_VALUES && datum.dimensions().len() == 1));
        assert_eq!(datums.iter().map(|(_, datum)| datum.values().len()).sum::<usize>(), 400);
    }

    #[test]
    fn every_plan_that_is_told_apart_is_published_and_no_other() {
        let config = aws_sdk_cloudwatch::Config::builder().behavior_version_latest().build();
        let metrics = Metrics::new(Client::from_conf(config), "test");
        let of = |plan: &str| ByPlan::of(&[call(plan, 1), call(plan, 2)], &plan_named(plan));
        let figures = Figures { plans: of("free"), ..Figures::default() };
        let news = News { minute: "2026-11-24T10:15".parse().unwrap(), figures, ages: Ages::new() };
        let published = |plans: &str| -> Vec<String> {
            let datums = metrics.datums_of_plans(&news, &plans.parse().unwrap());
            let line = |(_, datum): (Metric, MetricDatum)| {
                let dimensions = datum.dimensions().iter().map(|dimension| dimension.value().unwrap());
                let dimensions: Vec<_> = dimensions.collect();
                format!("{} {} {}", datum.metric_name().unwrap(), dimensions.join(" "), datum.value().unwrap())
            };
            datums.into_iter().map(line).collect()
        };
        let free = ["TotalAPICalls test free 2", "UniqueUsers test free 1", "RateLimited test free 0"];
        assert_eq!(published("free="), free);
        assert_eq!(published("free= pro=")[3..], free.map(|line| line.replace("free", "pro").replace(['1', '2'], "0")));
        assert_eq!(published(""), [""; 0]);
    }

    fn plan_named(name: &str) -> Plans {
        format!("{name}=").parse().unwrap()
    }

    fn call(plan: &str, id: u8) -> Event {
        let json = format!(
            r#"{{"eventType":"API_CALL","requestId":"{id}","timestamp":"2026-11-24T10:15:30Z","userEmail":"a@b.au","plan":"{plan}"}}"#
        );
        serde_json::from_str(&json).unwrap()
    }
}
