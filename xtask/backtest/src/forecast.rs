//! `bench forecast`: forecasts of the past beside what came.
//!
//! Invariant: what was left out is said.

mod backtest;
mod rival;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use backtest::Backtest;
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use xtask::cli::BenchForecast;
use xtask::{Failure, Printer, machine, readme, workspace};

use crate::series;

/// Counts what a forecast holds of memory.
#[global_allocator]
static ALLOCATIONS: PeakAlloc = PeakAlloc;

/// Runs the command.
///
/// # Errors
/// When a series cannot be read or is too short, or README.md cannot be written.
pub(crate) fn run(args: &BenchForecast, printer: &Printer) -> Result<()> {
    let files = if args.series.is_empty() { all(args.folder.as_deref(), printer)? } else { args.series.clone() };
    let mut read = Vec::new();
    for path in &files {
        let counts = series::hourly(path)?;
        if counts.len() < backtest::FEWEST {
            let n_lines = counts.len() + 1;
            let why = format!("{}:{n_lines}: the series ends after {} hours", path.display(), counts.len());
            return Err(Failure::new(why).hint(format!("a backtest needs {} hours", backtest::FEWEST)).into());
        }
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        read.push((name, counts));
    }
    let mut backtests = Vec::new();
    for (name, counts) in read {
        printer.say(format!("forecasting {name}"));
        backtests.push(backtest::run(name, &counts));
    }
    let machine = machine::describe()?;
    if args.record {
        readme::record(&readme::FORECAST, &table(&backtests, &machine))?;
        printer.say("README.md has the table");
    }
    if args.json {
        printer.json(&document(&backtests, &machine));
    } else {
        printer.data(table(&backtests, &machine));
    }
    Ok(())
}

/// The series of the repository, and those of a folder.
fn all(folder: Option<&Path>, printer: &Printer) -> Result<Vec<PathBuf>> {
    let own = workspace::root().join("functions/forecast/series");
    let mut files = csv_files(&own)?;
    match folder {
        Some(folder) => {
            let known: Vec<_> = files.iter().filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect();
            let further = csv_files(folder)?.into_iter();
            files.extend(
                further.filter(|path| !path.file_name().is_some_and(|name| known.iter().any(|known| known == name))),
            );
        }
        None => printer.say("left out: series that are not part of this repository; --folder names where they are"),
    }
    Ok(files)
}

fn csv_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|ending| ending == "csv"));
    files.sort();
    Ok(files)
}

/// What holds for all series together.
struct Overall {
    /// Per horizon: the geometric mean of the ratios, the worst, the same mean of the rival, and the mean coverages.
    horizons: Vec<OverallHorizon>,
    /// The improvement of months' totals, of all totals and as a mean of the series'.
    improvement: Option<f64>,
    mean_improvement: Option<f64>,
}

struct OverallHorizon {
    ratio: Option<f64>,
    worst: Option<f64>,
    rival_ratio: Option<f64>,
    coverage: [f64; 2],
}

impl Overall {
    fn of(backtests: &[Backtest]) -> Self {
        let horizon = |index: usize| {
            let horizons = || backtests.iter().map(|backtest| &backtest.horizons[index]);
            let ratios: Vec<f64> = horizons().filter_map(backtest::Horizon::ratio).collect();
            let coverage = |band: usize| mean(horizons().map(|horizon| horizon.coverage()[band])).unwrap_or(0.0);
            OverallHorizon {
                ratio: geometric_mean(ratios.iter().copied()),
                worst: ratios.iter().copied().reduce(f64::max),
                rival_ratio: geometric_mean(horizons().filter_map(backtest::Horizon::rival_ratio)),
                coverage: [coverage(0), coverage(1)],
            }
        };
        let months = || backtests.iter().map(|backtest| &backtest.months);
        let pace_error: f64 = months().map(|months| months.pace_error).sum();
        let error: f64 = months().map(|months| months.error).sum();
        Self {
            horizons: (0..backtest::HORIZONS.len()).map(horizon).collect(),
            improvement: (pace_error > 0.0).then(|| 1.0 - error / pace_error),
            mean_improvement: mean(months().filter_map(backtest::Months::improvement)),
        }
    }

    fn json(&self) -> Value {
        let horizon = |(horizon, n_hours): (&OverallHorizon, usize)| {
            json!({
                "hours": n_hours,
                "ratio": horizon.ratio,
                "worstRatio": horizon.worst,
                "rivalRatio": horizon.rival_ratio,
                "coverage80": horizon.coverage[0],
                "coverage95": horizon.coverage[1],
            })
        };
        json!({
            "horizons": self.horizons.iter().zip(backtest::HORIZONS).map(horizon).collect::<Vec<_>>(),
            "improvement": self.improvement,
            "meanImprovement": self.mean_improvement,
        })
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Of ratios that are all above zero; one without any error counts as a thousandth.
fn geometric_mean(ratios: impl Iterator<Item = f64>) -> Option<f64> {
    mean(ratios.map(|ratio| ratio.max(1e-3).ln())).map(f64::exp)
}

fn document(backtests: &[Backtest], machine: &str) -> Value {
    json!({
        "machine": machine,
        "series": backtests.iter().map(Backtest::json).collect::<Vec<_>>(),
        "overall": Overall::of(backtests).json(),
    })
}

/// The table of the README.
fn table(backtests: &[Backtest], machine: &str) -> String {
    let mut table = String::from(
        "| series | 24 h | augurs | in 80 / 95 % | 168 h | augurs | in 80 / 95 % | month's total | ms | KiB |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for backtest in backtests {
        let _ = write!(table, "| {} ", backtest.name);
        for horizon in &backtest.horizons {
            let _ = write!(table, "| **{}** | {} ", ratio(horizon.ratio()), ratio(horizon.rival_ratio()));
            let _ = write!(table, "| {} ", coverage(horizon.coverage()));
        }
        let (time, bytes) = (backtest.time.as_secs_f64() * 1e3, backtest.bytes.div_ceil(1024));
        let _ = writeln!(table, "| {} | {time:.1} | {bytes} |", nearer(backtest.months.improvement()));
    }
    let overall = Overall::of(backtests);
    let _ = write!(table, "| all ");
    for horizon in &overall.horizons {
        let (all, worst, rival) = (ratio(horizon.ratio), ratio(horizon.worst), ratio(horizon.rival_ratio));
        let _ = write!(table, "| **{all}**, worst {worst} | {rival} | {} ", coverage(horizon.coverage));
    }
    let slowest = backtests.iter().map(|backtest| backtest.time.as_secs_f64() * 1e3).fold(0.0, f64::max);
    let largest = backtests.iter().map(|backtest| backtest.bytes.div_ceil(1024)).max().unwrap_or(0);
    let _ = writeln!(table, "| {} | {slowest:.1} | {largest} |", nearer(overall.improvement));
    let _ = write!(table, "\nMeasured {machine}.\n");
    table
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}

fn coverage([of80, of95]: [f64; 2]) -> String {
    format!("{:.0} / {:.0}", 100.0 * of80, 100.0 * of95)
}

/// By how many percent nearer, or farther.
fn nearer(improvement: Option<f64>) -> String {
    match improvement {
        Some(improvement) if improvement < 0.0 => format!("{:.0} % farther", -100.0 * improvement),
        Some(improvement) => format!("{:.0} % nearer", 100.0 * improvement),
        None => "–".to_owned(),
    }
}
