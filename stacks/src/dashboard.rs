//! The dashboard stack: what a person looks at, and what wakes one.
//!
//! Invariant: it refers to the other stacks by the contract's names alone and holds no data, so it can be removed and
//! made again at any time.

use contract::metric::{Metric as Own, PlanMetric};
use contract::plan::PlanName;
use contract::{Function, name};

use crate::bounded::{GridUnits, Percentile};
use crate::function::FunctionHandle;
use crate::metric::{ApiMetric, FunctionMetric, Metric, Period, Statistic, StreamMetric, TableMetric};
use crate::stream::StreamHandle;
use crate::table::TableHandle;
use crate::value::{Expression, Value, kind};
use crate::widget::{Chart, Dashboard, Row, Series, Widget};
use crate::{App, Stack, alarms};

const HEADING: GridUnits = GridUnits::of::<1>();
const CHART: GridUnits = GridUnits::of::<6>();
const P99: Statistic = Statistic::Percentile(Percentile::of::<99>());

/// Declares the stack.
pub(crate) fn stack(app: &App) -> Stack {
    let description = format!("CompliCal usage dashboard and alarms ({})", app.env);
    let mut stack = Stack::new(name::dashboard_stack(&app.env), description, app.target);
    stack.needs(name::kinesis_stack(&app.env));
    stack.needs(name::api_stack(&app.env));

    let mut rows = vec![heading("Callers"), business(app)];
    rows.extend([heading("From the stream to the table"), pipeline(app), health(app)]);
    rows.extend([heading("The API"), http(app), functions(app), tables(app)]);
    stack.add("Dashboard", Dashboard { name: name::dashboard(&app.env), rows });
    for plan in app.settings.plans.names() {
        let dashboard = Dashboard { name: name::dashboard_of_plan(&app.env, plan), rows: vec![of_plan(app, plan)] };
        stack.add(&id_of_plan(plan), dashboard);
    }
    alarms::declare(app, &mut stack);

    let region = Expression::reference("AWS::Region");
    let url = Expression::text("https://")
        .then(&region)
        .and(".console.aws.amazon.com/cloudwatch/home?region=")
        .then(&region)
        .and(format!("#dashboards:name={}", name::dashboard(&app.env)));
    stack.output("DashboardUrl", "The dashboard", &Value::<kind::Url>::from(url));
    stack
}

fn heading(text: &'static str) -> Row {
    Row { height: HEADING, widgets: vec![Widget::Heading(text)] }
}

fn business(app: &App) -> Row {
    let widgets = [Own::TotalApiCalls, Own::UniqueUsers, Own::AuthFailures, Own::RateLimited]
        .map(|metric| callers(metric, Metric::own(metric, &app.env)));
    Row { height: CHART, widgets: widgets.into() }
}

/// The same of a plan's users.
fn of_plan(app: &App, plan: &PlanName) -> Row {
    let widgets = PlanMetric::ALL.map(|metric| callers(metric.of_everybody(), Metric::of_plan(metric, &app.env, plan)));
    Row { height: CHART, widgets: widgets.into() }
}

/// The logical id of a plan's dashboard: another for each, because no name has a capital.
fn id_of_plan(plan: &PlanName) -> String {
    format!("DashboardOfPlan{}", plan.as_str().replace('-', "Dash"))
}

/// One of our metrics about callers, of everybody or of some. A minute that late events change is published again, with
/// what is new of it; of users, who cannot be added up, with all.
fn callers(own: Own, metric: Metric) -> Widget {
    let (title, statistic) = match own {
        Own::UniqueUsers => ("Users with calls", Statistic::Maximum),
        Own::AuthFailures => ("Failed authentications", Statistic::Sum),
        Own::RateLimited => ("Calls over quota", Statistic::Sum),
        _ => ("API calls", Statistic::Sum),
    };
    lines(title, "per minute", vec![series(title, metric, statistic)])
}

fn pipeline(app: &App) -> Row {
    let stream = StreamHandle::elsewhere(name::stream(&app.env));
    let latency = Metric::own(Own::ProcessingLatency, &app.env);
    let records = vec![
        series("Put on the stream", stream.metric(StreamMetric::IncomingRecords), Statistic::Sum),
        series("Counted", Metric::own(Own::ProcessedRecords, &app.env), Statistic::Sum),
        series("Failed", Metric::own(Own::FailedRecords, &app.env), Statistic::Sum),
    ];
    let latency = vec![series("Average", latency.clone(), Statistic::Average), series("p99", latency, P99)];
    let waiting = vec![
        series("Windows not written", Metric::own(Own::FailedWindows, &app.env), Statistic::Maximum),
        series("Alerts not sent", Metric::own(Own::UnsentAlerts, &app.env), Statistic::Maximum),
        series("Events in a log alone", Metric::own(Own::UndeliveredEvents, &app.env), Statistic::Sum),
    ];
    let unusual = vec![series("Anomalies", Metric::own(Own::Anomalies, &app.env), Statistic::Sum)];
    let widgets = vec![
        lines("Records put and counted", "records per minute", records),
        lines("From call to count", "ms", latency),
        lines("Kept for another try", "per minute", waiting),
        lines("Anomalies in calls", "found per minute", unusual),
    ];
    Row { height: CHART, widgets }
}

fn health(app: &App) -> Row {
    let stream = StreamHandle::elsewhere(name::stream(&app.env));
    let processor = function(app, Function::StreamProcessor);
    let age = vec![
        series("Processor", processor.metric(FunctionMetric::IteratorAge), Statistic::Maximum),
        series("Readers of the shards", stream.metric(StreamMetric::IteratorAge), Statistic::Maximum),
    ];
    let throttled = vec![
        series("Writes", stream.metric(StreamMetric::WriteThrottled), Statistic::Sum),
        series("Reads", stream.metric(StreamMetric::ReadThrottled), Statistic::Sum),
    ];
    let bytes = vec![series("Put on the stream", stream.metric(StreamMetric::IncomingBytes), Statistic::Sum)];
    let mut widgets = vec![
        lines("Age of the oldest record read", "ms", age),
        lines("Refused by full shards", "requests per minute", throttled),
        lines("Bytes put", "bytes per minute", bytes),
    ];
    if app.settings.shard_bounds().is_some() {
        let own = |label, metric| series(label, Metric::own(metric, &app.env), Statistic::Maximum);
        let shards = vec![own("Open", Own::OpenShards), own("Needed but not available", Own::ShardsShort)];
        widgets.push(lines("Shards", "shards", shards));
    }
    Row { height: CHART, widgets }
}

fn http(app: &App) -> Row {
    let metric = |metric| Metric::of_api(metric, name::rest_api(&app.env), &app.env);
    let answers = vec![
        series("All", metric(ApiMetric::Count), Statistic::Sum),
        series("4xx", metric(ApiMetric::ClientErrors), Statistic::Sum),
        series("5xx", metric(ApiMetric::ServerErrors), Statistic::Sum),
    ];
    let latency = vec![
        series("Average", metric(ApiMetric::Latency), Statistic::Average),
        series("p99", metric(ApiMetric::Latency), P99),
    ];
    let widgets = vec![lines("Answers", "per minute", answers), lines("Response time", "ms", latency)];
    Row { height: CHART, widgets }
}

fn functions(app: &App) -> Row {
    let each = |metric: FunctionMetric, statistic: Statistic| -> Vec<Series> {
        let one = |name: Function| series(name.binary(), function(app, name).metric(metric), statistic);
        app.settings.functions().map(one).collect()
    };
    let widgets = vec![
        lines(
            "Errors of functions (a refused key is one of the authorizer's)",
            "per minute",
            each(FunctionMetric::Errors, Statistic::Sum),
        ),
        lines("Duration of functions, p99", "ms", each(FunctionMetric::Duration, P99)),
        lines("Refused calls of functions", "per minute", each(FunctionMetric::Throttles, Statistic::Sum)),
    ];
    Row { height: CHART, widgets }
}

fn tables(app: &App) -> Row {
    let tables = [
        ("Analytics", name::analytics_table(&app.env)),
        ("Usage", name::usage_table(&app.env)),
        ("Keys", name::keys_table(&app.env)),
        ("Deadlines", name::deadlines_table(&app.env)),
    ];
    let each = |reads: TableMetric, writes: TableMetric| -> Vec<Series> {
        let both = |(label, name): &(&str, String)| {
            let table = TableHandle::elsewhere(name.clone());
            [
                series(format!("{label} reads"), table.metric(reads), Statistic::Sum),
                series(format!("{label} writes"), table.metric(writes), Statistic::Sum),
            ]
        };
        tables.iter().flat_map(both).collect()
    };
    let widgets = vec![
        lines("Capacity used", "units per minute", each(TableMetric::ConsumedReads, TableMetric::ConsumedWrites)),
        lines(
            "Refused by tables",
            "requests per minute",
            each(TableMetric::ReadThrottles, TableMetric::WriteThrottles),
        ),
    ];
    Row { height: CHART, widgets }
}

fn lines(title: &'static str, unit: &'static str, series: Vec<Series>) -> Widget {
    Widget::Lines(Chart { title, unit, period: Period::Minute, series })
}

fn series(label: impl Into<String>, metric: Metric, statistic: Statistic) -> Series {
    Series { label: label.into(), metric, statistic }
}

fn function(app: &App, function: Function) -> FunctionHandle {
    FunctionHandle::elsewhere(function.physical_name(&app.env))
}
