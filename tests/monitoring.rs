//! What the dashboard and the alarms look at, against what there is.
//!
//! Invariant: a metric of ours has the environment as its dimension and, of a plan's users, the plan; a metric of AWS's is
//! of a resource that one of the stacks declares under that very name.

use std::collections::{BTreeMap, BTreeSet};

use contract::metric::{ENVIRONMENT_DIMENSION, Metric, PLAN_DIMENSION, PlanMetric};
use contract::plan::PlanName;
use serde_json::Value;
use stacks::{App, Target};

use crate::app;

/// A metric by namespace and name, with its dimensions.
type Watched = (String, String, BTreeMap<String, String>);

/// The property by which a dimension names a resource.
const NAMED_BY: [(&str, &str, &str); 4] = [
    ("FunctionName", "AWS::Lambda::Function", "FunctionName"),
    ("StreamName", "AWS::Kinesis::Stream", "Name"),
    ("TableName", "AWS::DynamoDB::Table", "TableName"),
    ("ApiName", "AWS::ApiGateway::RestApi", "Name"),
];

/// The dimensions under which each service of AWS publishes what is looked at.
const DIMENSIONS: [(&str, &[&str]); 4] = [
    ("AWS/Lambda", &["FunctionName"]),
    ("AWS/Kinesis", &["StreamName"]),
    ("AWS/DynamoDB", &["TableName"]),
    ("AWS/ApiGateway", &["ApiName", "Stage"]),
];

#[test]
fn every_widget_and_alarm_looks_at_a_metric_of_something_that_there_is() {
    for app in app::all(Target::Aws) {
        let resources = resources(&app);
        for (namespace, name, dimensions) in watched(&resources) {
            let shown = format!("{namespace} {name} {dimensions:?}");
            if let Some(metric) = Metric::ALL.iter().find(|own| own.namespace() == namespace && own.name() == name) {
                assert!(own_dimensions(&app, *metric).contains(&dimensions), "{metric:?} {dimensions:?}");
                continue;
            }
            let service = DIMENSIONS.iter().find(|(known, _)| *known == namespace);
            let (_, expected) = service.unwrap_or_else(|| panic!("{shown} is published by nobody"));
            assert!(dimensions.keys().eq(*expected), "{shown}");
            for (dimension, value) in &dimensions {
                assert!(is_there(&app, &resources, dimension, value), "{shown}: there is no {value}");
            }
        }
    }
}

#[test]
fn every_metric_of_ours_is_on_the_dashboard() {
    for app in app::all(Target::Aws).into_iter().filter(|app| app.toggle.is_on()) {
        let resources: Vec<Value> = resources(&app).into_iter().filter(is_dashboard).collect();
        let shown: BTreeSet<Watched> = watched(&resources).into_iter().collect();
        for metric in Metric::ALL {
            for dimensions in own_dimensions(&app, metric) {
                let watched = (metric.namespace().to_owned(), metric.name().to_owned(), dimensions);
                assert!(shown.contains(&watched), "{watched:?} is not shown in {}", app.env);
            }
        }
    }
}

/// The dimensions under which a metric of ours is published: the environment's, and each plan's where it has one.
fn own_dimensions(app: &App, metric: Metric) -> Vec<BTreeMap<String, String>> {
    let everybodys = BTreeMap::from([(ENVIRONMENT_DIMENSION.to_owned(), app.env.to_string())]);
    let of_plan = |plan: &PlanName| {
        let plan = (PLAN_DIMENSION.to_owned(), plan.to_string());
        everybodys.clone().into_iter().chain([plan]).collect()
    };
    let is_told_apart = PlanMetric::ALL.iter().any(|of_plan| of_plan.of_everybody() == metric);
    let plans = app.settings.plans.names().filter(|_| is_told_apart).map(of_plan);
    [everybodys.clone()].into_iter().chain(plans).collect()
}

fn resources(app: &App) -> Vec<Value> {
    let templates = app::stacks(app).into_iter().map(|stack| serde_json::from_str::<Value>(&stack.to_json()).unwrap());
    templates
        .flat_map(|template| template["Resources"].as_object().unwrap().values().cloned().collect::<Vec<_>>())
        .collect()
}

fn is_dashboard(resource: &Value) -> bool {
    resource["Type"] == "AWS::CloudWatch::Dashboard"
}

fn is_there(app: &App, resources: &[Value], dimension: &str, value: &str) -> bool {
    if dimension == "Stage" {
        return value == app.env.as_str();
    }
    let (_, kind, property) = NAMED_BY.iter().find(|(known, ..)| *known == dimension).unwrap();
    resources.iter().any(|resource| resource["Type"] == *kind && resource["Properties"][*property] == value)
}

/// What alarms and dashboards look at.
fn watched(resources: &[Value]) -> Vec<Watched> {
    let mut watched = Vec::new();
    for resource in resources {
        let properties = &resource["Properties"];
        match resource["Type"].as_str().unwrap() {
            "AWS::CloudWatch::Alarm" => {
                let math = properties["Metrics"].as_array().into_iter().flatten();
                let parts = math.map(|metric| &metric["MetricStat"]["Metric"]).filter(|metric| !metric.is_null());
                let one = Some(properties).filter(|properties| properties["Metrics"].is_null());
                watched.extend(parts.chain(one).map(of_alarm));
            }
            "AWS::CloudWatch::Dashboard" => {
                let body = properties["DashboardBody"]["Fn::Sub"].as_str().unwrap();
                let body: Value = serde_json::from_str(body).unwrap();
                let widgets = body["widgets"].as_array().unwrap().iter();
                let series =
                    widgets.flat_map(|widget| widget["properties"]["metrics"].as_array().into_iter().flatten());
                watched.extend(series.map(of_series));
            }
            _ => {}
        }
    }
    watched
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn of_alarm(metric: &Value) -> Watched {
    let dimensions = metric["Dimensions"].as_array().unwrap().iter();
    let dimensions = dimensions.map(|dimension| (text(&dimension["Name"]), text(&dimension["Value"]))).collect();
    (text(&metric["Namespace"]), text(&metric["MetricName"]), dimensions)
}

/// A series is `[namespace, name, dimension, value, …, {options}]`.
fn of_series(series: &Value) -> Watched {
    let parts: Vec<String> = series.as_array().unwrap().iter().filter(|part| part.is_string()).map(text).collect();
    let dimensions = parts[2..].chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    (parts[0].clone(), parts[1].clone(), dimensions)
}
