//! `bench anomalies`: what the detector says of series, line by line.
//!
//! Invariant: every line of a series has a score; every number printed is finite.

use anyhow::Result;
use forecast::anomaly::{Anomaly, Detector, Kind, Reading};
use serde_json::{Value, json};
use xtask::Printer;
use xtask::cli::BenchAnomalies;

use crate::series::{self, Timed};

/// A series with what was said of it.
struct Judged {
    name: String,
    series: Timed,
    readings: Vec<Reading>,
    alarms: Vec<Alarm>,
}

/// An anomaly with its lines in the series.
struct Alarm {
    begin: usize,
    end: Option<usize>,
    anomaly: Anomaly,
}

/// Runs the command.
///
/// # Errors
/// When a series cannot be read.
pub(crate) fn run(args: &BenchAnomalies, printer: &Printer) -> Result<()> {
    let read = |path: &std::path::PathBuf| {
        let series = series::timed(path)?;
        for line in &series.clock_put_back {
            printer.say(format!(
                "{}:{line}: the time goes back by up to an hour or stands still, as when a clock is put back",
                path.display()
            ));
        }
        Ok((path.display().to_string(), series))
    };
    let all = args.series.iter().map(read).collect::<Result<Vec<_>>>()?;
    let all: Vec<Judged> = all.into_iter().map(|(name, series)| judge(name, series)).collect();
    if args.json {
        printer.json(&json!({ "series": all.iter().map(Judged::json).collect::<Vec<_>>() }));
    } else {
        all.iter().for_each(|judged| judged.print(printer));
    }
    Ok(())
}

fn judge(name: String, series: Timed) -> Judged {
    let mut detector = Detector::new(series.kind, series.step);
    let mut alarms: Vec<Alarm> = Vec::new();
    let mut readings = Vec::with_capacity(series.rows.len());
    for (index, row) in series.rows.iter().enumerate() {
        let (at, observation) = row.observation();
        let reading = detector.observe(at, observation);
        if let (true, Some(anomaly)) = (reading.begins, detector.anomaly()) {
            alarms.push(Alarm { begin: index, end: None, anomaly });
        }
        if let (true, Some(alarm)) = (reading.ends, alarms.last_mut()) {
            alarm.end = Some(index);
        }
        readings.push(reading);
    }
    Judged { name, series, readings, alarms }
}

impl Judged {
    fn timestamp(&self, index: usize) -> &str {
        &self.series.rows[index].timestamp
    }

    fn json(&self) -> Value {
        let alarm = |alarm: &Alarm| {
            json!({
                "timestamp": self.timestamp(alarm.begin),
                "over": alarm.end.map(|end| self.timestamp(end)),
                "score": alarm.anomaly.score,
                "expected": alarm.anomaly.expected,
                "observed": alarm.anomaly.observed,
            })
        };
        let line = |(row, reading): (&series::Row, &Reading)| {
            json!({
                "timestamp": row.timestamp,
                "value": row.value,
                "score": reading.score,
                "expected": reading.expected,
            })
        };
        json!({
            "file": self.name,
            "kind": if self.series.kind == Kind::Counts { "counts" } else { "measurements" },
            "stepSeconds": self.series.step,
            "alarms": self.alarms.iter().map(alarm).collect::<Vec<_>>(),
            "lines": self.series.rows.iter().zip(&self.readings).map(line).collect::<Vec<_>>(),
        })
    }

    fn print(&self, printer: &Printer) {
        printer.data(format!("{}: {} of {} lines begin an anomaly", self.name, self.alarms.len(), self.readings.len()));
        for Alarm { begin, end, anomaly } in &self.alarms {
            let over = end.map_or_else(|| "not over".to_owned(), |end| format!("over {}", self.timestamp(end)));
            printer.data(format!(
                "ANOMALY {}  score {:.3}  expected {:.6}  observed {}  {over}",
                self.timestamp(*begin),
                anomaly.score,
                anomaly.expected,
                anomaly.observed
            ));
        }
        for (row, reading) in self.series.rows.iter().zip(&self.readings) {
            printer.data(format!("{},{},{:.6},{:.4}", row.timestamp, row.value, reading.expected, reading.score));
        }
    }
}
