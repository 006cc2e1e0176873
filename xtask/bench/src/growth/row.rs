//! A figure for each traffic, and how it grows with the traffic.
//!
//! Invariant: growth is a fit through every rate that was measured, not a quotient of two of them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::traffic::Traffic;
use crate::figure::short;

/// A figure of one traffic.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    name: &'static str,
    goal: &'static str,
    value: f64,
}

/// The figures of one name.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: String,
    goal: &'static str,
    /// By traffic; nothing where it was not measured.
    values: Vec<Option<f64>>,
}

/// What was measured under a name, and what it may be at most.
pub(crate) const fn figure(name: &'static str, goal: &'static str, value: f64) -> Measured {
    Measured { name, goal, value }
}

impl Measured {
    /// For people who wait for the rest.
    pub(crate) fn line(&self) -> String {
        let Self { name, goal, value } = self;
        format!("  {name}: {} (at most {goal})", short(*value))
    }
}

/// A figure that was measured once, at the second of the rates.
pub(crate) fn alone(name: String, goal: &'static str, value: f64) -> Row {
    Row { name, goal, values: vec![None, Some(value), None, None, None] }
}

/// Rows from the figures of each traffic, all in one order; a traffic may have none.
pub(crate) fn rows(traffics: &[Vec<Measured>]) -> Vec<Row> {
    let Some(longest) = traffics.iter().max_by_key(|figures| figures.len()) else { return Vec::new() };
    let row = |(n, Measured { name, goal, .. }): (usize, &Measured)| Row {
        name: (*name).to_owned(),
        goal,
        values: traffics.iter().map(|figures| figures.get(n).map(|figure| figure.value)).collect(),
    };
    longest.iter().enumerate().map(row).collect()
}

impl Row {
    /// How many times as much it is when the rate of calls doubles, users staying the same.
    fn doubling(&self) -> Option<f64> {
        let points = Traffic::RISING.iter().zip(&self.values);
        let points: Option<Vec<_>> = points
            .map(|(traffic, value)| Some(((traffic.calls as f64).ln(), value.filter(|v| *v > 0.0)?.ln())))
            .collect();
        slope(&points?).map(f64::exp2)
    }

    /// As a document's part.
    pub(crate) fn json(&self) -> Value {
        let traffics = Traffic::RISING.into_iter().chain([Traffic::WIDE]);
        let values: serde_json::Map<_, _> =
            traffics.zip(&self.values).map(|(traffic, value)| (traffic.name.to_owned(), json!(value))).collect();
        json!({ "figure": self.name, "goal": self.goal, "values": values, "whenTrafficDoubles": self.doubling() })
    }
}

/// The slope of the straight line that has the least squares of errors.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let (covariance, variance) =
        points.iter().fold((0.0, 0.0), |(c, v), point| (c + (point.0 - x) * (point.1 - y), v + (point.0 - x).powi(2)));
    (variance > 0.0).then_some(covariance / variance)
}

/// The table.
pub(crate) fn table(rows: &[Row], machine: &str) -> String {
    let traffics = Traffic::RISING.into_iter().chain([Traffic::WIDE]);
    let (mut names, mut lines) = (String::new(), String::new());
    for traffic in traffics {
        let _ = write!(names, " {} |", traffic.name);
        lines.push_str("---|");
    }
    let mut table = format!("| figure | at most |{names} doubled |\n|---|---|{lines}---|\n");
    for row in rows {
        let _ = write!(table, "| {} | {} |", row.name, row.goal);
        for value in &row.values {
            let _ = write!(table, " {} |", value.map_or_else(|| "–".into(), short));
        }
        let doubling = row.doubling().map_or_else(|| "–".into(), |times| format!("× {times:.2}"));
        let _ = writeln!(table, " {doubling} |");
    }
    let _ = write!(table, "\nMeasured {machine}.\n");
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: [f64; 5]) -> Row {
        Row { name: "n".into(), goal: "1", values: values.into_iter().map(Some).collect() }
    }

    #[test]
    fn what_grows_as_the_traffic_doubles_with_it_and_what_stays_does_not() {
        let doubling = |values| of(values).doubling().map(|times| format!("{times:.2}"));
        assert_eq!(doubling([6.0, 60.0, 300.0, 600.0, 1.0]).as_deref(), Some("2.00"));
        assert_eq!(doubling([7.0, 7.0, 7.0, 7.0, 9.0]).as_deref(), Some("1.00"));
        assert_eq!(doubling([0.0, 7.0, 7.0, 7.0, 9.0]), None);
    }

    #[test]
    fn a_traffic_without_figures_has_none_in_its_column() {
        let rows = rows(&[vec![figure("a", "1", 2.0), figure("b", "3", 4.0)], vec![]]);
        assert_eq!(
            rows.iter().map(|row| row.values.clone()).collect::<Vec<_>>(),
            [[Some(2.0), None], [Some(4.0), None]]
        );
    }
}
