//! The metrics that the dashboard and the alarms look at against those that the functions publish.
//!
//! Invariant: a metric of ours is published by a function, in its namespace, under the environment and each plan that it
//! is told apart by, or counted from a line of a log.

use contract::metric::{ENVIRONMENT_DIMENSION, Metric, PLAN_DIMENSION, PlanMetric};
use contract::plan::PlanName;
use contract::undelivered;
use jiff::Timestamp;
use metering::event::Event;
use serde_json::Value;

use crate::apps;
use crate::repertoire::{Seen, log_of_events_that_nothing_takes, play_until};

/// What no function publishes while all goes well: a filter counts the one from the authorizer's log.
const OTHERWISE: [Metric; 1] = [Metric::UndeliveredEvents];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_of_ours_is_published_under_the_environment() {
    let unpublished = |seen: &Seen| -> Vec<Metric> {
        let published = |metric: &Metric| seen.published.iter().any(|body| publishes(body, *metric, &[]));
        Metric::ALL.into_iter().filter(|metric| !OTHERWISE.contains(metric) && !published(metric)).collect()
    };
    let seen = play_until(|seen| unpublished(seen).is_empty()).await;
    assert_eq!(unpublished(&seen), [], "published by no function");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_of_a_plan_is_published_under_the_plan() {
    let plans: Vec<PlanName> = apps().iter().flat_map(|app| app.settings.plans.names().cloned()).collect();
    assert!(!plans.is_empty(), "no settings tell plans apart");
    let unpublished = |seen: &Seen| -> Vec<(PlanMetric, PlanName)> {
        let all = plans.iter().flat_map(|plan| PlanMetric::ALL.map(|metric| (metric, plan.clone())));
        let published = |(metric, plan): &(PlanMetric, PlanName)| {
            let of_plan = [PLAN_DIMENSION, plan.as_str()];
            seen.published.iter().any(|body| publishes(body, metric.of_everybody(), &of_plan))
        };
        all.filter(|of_plan| !published(of_plan)).collect()
    };
    let seen = play_until(|seen| unpublished(seen).is_empty()).await;
    assert_eq!(unpublished(&seen), [], "published by no function");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_alone_keeps_an_event_is_one_that_the_filter_of_its_log_counts() {
    let log = log_of_events_that_nothing_takes().await;
    for app in apps() {
        let stacks = app.stacks().unwrap();
        let templates = stacks.iter().map(|stack| serde_json::from_str::<Value>(&stack.to_json()).unwrap());
        let filter =
            templates.filter_map(|template| template["Resources"].get("UndeliveredEvents").cloned()).next().unwrap();
        let properties = &filter["Properties"];
        let pattern = properties["FilterPattern"].as_str().unwrap();
        let pattern = pattern.strip_prefix("{ $.").and_then(|rest| rest.strip_suffix("\" }")).unwrap();
        let (field, wanted) = pattern.split_once(" = \"").unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found: Vec<Value> = lines.filter(|line| line[field] == wanted).collect();
        assert!(!found.is_empty(), "no line has `{wanted}` under `{field}`:\n{log}");
        let dimension = &properties["MetricTransformations"][0]["Dimensions"][0];
        assert_eq!(dimension["Key"], ENVIRONMENT_DIMENSION);
        let of_line = dimension["Value"].as_str().and_then(|value| value.strip_prefix("$.")).unwrap();
        for line in found {
            assert_eq!(line[of_line], app.env.as_str(), "{line}");
            let event = line[undelivered::EVENT].as_str().unwrap();
            Event::parse(event.as_bytes(), Timestamp::now()).unwrap_or_else(|error| panic!("{error:?}: {line}"));
        }
    }
}

/// Whether a request publishes a metric, and has some further texts: in CBOR each stands behind its length (RFC 8949).
fn publishes(body: &[u8], metric: Metric, further: &[&str]) -> bool {
    let env = apps()[0].env.to_string();
    let texts = [metric.namespace(), metric.name(), metric.unit(), ENVIRONMENT_DIMENSION, &env];
    texts.iter().chain(further).all(|text| {
        let length = u8::try_from(text.len()).unwrap();
        let head = if length < 24 { vec![0x60 + length] } else { vec![0x78, length] };
        let whole = [&head, text.as_bytes()].concat();
        body.windows(whole.len()).any(|window| window == whole)
    })
}
