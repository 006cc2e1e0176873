//! `AWS::CloudWatch::Dashboard`, as rows of widgets.
//!
//! Invariant: a row is as wide as the dashboard: its widgets share it evenly.

use serde_json::{Value as Json, json};

use crate::bounded::GridUnits;
use crate::metric::{Metric, Period, Statistic};
use crate::resource::{Properties, Resource};
use crate::sorted::Sorted;

/// A dashboard.
#[derive(Clone, Debug)]
pub struct Dashboard {
    pub name: String,
    /// Its rows, from the top.
    pub rows: Vec<Row>,
}

/// Widgets beside each other.
#[derive(Clone, Debug)]
pub struct Row {
    /// How high the row is.
    pub height: GridUnits,
    /// Its widgets, from the left: one to four.
    pub widgets: Vec<Widget>,
}

/// A part of a dashboard.
#[derive(Clone, Debug)]
pub enum Widget {
    /// A heading.
    Heading(&'static str),
    /// Lines over time.
    Lines(Chart),
}

/// Metrics under a title.
#[derive(Clone, Debug)]
pub struct Chart {
    pub title: &'static str,
    /// The unit that the left axis has.
    pub unit: &'static str,
    /// Of which length a data point is.
    pub period: Period,
    /// The metrics.
    pub series: Vec<Series>,
}

/// A metric of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// What a reader calls it.
    pub label: String,
    pub metric: Metric,
    /// How data points become one.
    pub statistic: Statistic,
}

/// Columns of a dashboard.
const COLUMNS: usize = 24;

impl Resource for Dashboard {
    const TYPE: &'static str = "AWS::CloudWatch::Dashboard";
    type Handle = ();

    fn properties(&self) -> Properties {
        let Self { name, rows } = self;
        let mut widgets = Vec::new();
        let mut y = 0;
        for row in rows {
            let Row { height, widgets: beside } = row;
            let width = COLUMNS / beside.len().max(1);
            for (at, widget) in beside.iter().enumerate() {
                let (kind, properties) = widget.json();
                widgets.push(json!({
                    "type": kind, "x": at * width, "y": y, "width": width, "height": height, "properties": properties,
                }));
            }
            y += height.get();
        }
        let body = json!({"start": "-PT3H", "periodOverride": "inherit", "widgets": widgets});
        // Sorting is what makes the text of the body the same each time.
        let body = serde_json::to_string(&Sorted(&body)).unwrap_or_default();
        Properties::of(json!({"DashboardName": name, "DashboardBody": {"Fn::Sub": body}}))
    }

    fn handle(&self, _: &str) {}

    fn summary(&self) -> String {
        let charts = self.rows.iter().flat_map(|row| &row.widgets).filter_map(Widget::chart);
        let titles: Vec<&str> = charts.map(|chart| chart.title).collect();
        format!("{}: {}", self.name, titles.join(" | "))
    }
}

impl Widget {
    const fn chart(&self) -> Option<&Chart> {
        match self {
            Self::Heading(_) => None,
            Self::Lines(chart) => Some(chart),
        }
    }

    /// The widget's type and properties, as text in which references are to be substituted.
    fn json(&self) -> (&'static str, Json) {
        match self {
            Self::Heading(text) => ("text", json!({"markdown": format!("## {text}")})),
            Self::Lines(chart) => ("metric", chart.json()),
        }
    }
}

impl Chart {
    fn json(&self) -> Json {
        let Self { title, unit, period, series } = self;
        let metrics: Vec<Json> = series.iter().map(Series::json).collect();
        json!({
            "title": title,
            "view": "timeSeries",
            "stacked": false,
            "region": "${AWS::Region}",
            "period": period,
            "metrics": metrics,
            "yAxis": {"left": {"label": unit, "min": 0, "showUnits": false}},
        })
    }
}

impl Series {
    fn json(&self) -> Json {
        let Self { label, metric, statistic } = self;
        let mut parts = vec![json!(metric.namespace), json!(metric.name)];
        for (name, value) in &metric.dimensions {
            parts.extend([json!(name), json!(value.substituted())]);
        }
        parts.push(json!({"label": label, "stat": statistic}));
        json!(parts)
    }
}
