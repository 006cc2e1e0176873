//! A report's figures for programs and spreadsheets: one figure a row, RFC 4180.
//!
//! Invariant: a figure stands there as it is, neither rounded nor formatted; no cell is a formula.

use crate::report::{Figures, Report, Row};

const HEAD: [&str; 8] =
    ["section", "name", "apiCalls", "errors", "rateLimited", "authFailures", "p50ResponseMs", "p99ResponseMs"];

/// The figures of a report, one a row.
pub fn csv(report: &Report) -> String {
    let mut file = String::new();
    line(&mut file, HEAD.map(str::to_owned));
    line(&mut file, figures("period", &report.period.to_string(), &report.whole));
    if let Some(before) = &report.before {
        line(&mut file, figures("before", &report.period.before().to_string(), before));
    }
    for point in &report.points {
        let (calls, errors) = (point.api_calls.to_string(), optional(point.errors));
        let none = String::new;
        line(&mut file, ["time".into(), point.time.to_string(), calls, errors, none(), none(), none(), none()]);
    }
    for table in &report.tables {
        for row in &table.rows {
            line(&mut file, cells(&table.by, row));
        }
    }
    file
}

fn figures(section: &str, name: &str, figures: &Figures) -> [String; 8] {
    let Figures { api_calls, errors, rate_limited, auth_failures, p50_response_ms, p99_response_ms, .. } = figures;
    let [calls, errors, over] = [api_calls, errors, rate_limited].map(u64::to_string);
    let [p50, p99] = [p50_response_ms, p99_response_ms].map(|value| optional(*value));
    [section.into(), name.into(), calls, errors, over, optional(*auth_failures), p50, p99]
}

fn cells(by: &str, row: &Row) -> [String; 8] {
    let Row { name, api_calls, errors, p50_response_ms, p99_response_ms } = row;
    let errors = optional(*errors);
    let [p50, p99] = [p50_response_ms, p99_response_ms].map(|value| optional(*value));
    [by.to_lowercase(), name.clone(), api_calls.to_string(), errors, String::new(), String::new(), p50, p99]
}

fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn line(file: &mut String, cells: [String; 8]) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            file.push(',');
        }
        file.push_str(&metering::report::cell::cell(cell));
    }
    file.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::a_day;

    #[test]
    fn the_hours_and_each_table_add_up_to_the_period() {
        let file = csv(&a_day());
        let sum = |section: &str| -> u64 {
            let rows = file.lines().map(|line| line.split(',').collect::<Vec<_>>());
            rows.filter(|row| row[0] == section).map(|row| row[2].parse::<u64>().unwrap()).sum()
        };
        let whole = a_day().whole.api_calls;
        assert_eq!(["period", "time", "path", "key"].map(sum), [whole; 4]);
    }
}
