//! `bench`: what it measures without a further word, growth, and the two that take series.
//!
//! Invariant: without a command of its own it measures what the README claims of speed, size and cost.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Arch;

/// `bench`.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Output: a table of figures beside the original's and those to reach; with --json one JSON \
                  document. It builds the packages first, which takes some minutes.\n\
                  Exit status: 0 measured, 1 failed, 2 wrong usage.\n\
                  Example: cargo xtask bench --record"
)]
pub struct Bench {
    /// What else to measure.
    #[command(subcommand)]
    pub command: Option<BenchCommand>,
    #[command(flatten)]
    pub measurement: Measurement,
}

/// What is measured on packages, and where it is written.
#[derive(Args, Debug)]
pub struct Measurement {
    /// The processor that the functions are built for: this machine's
    #[arg(long, value_enum, default_value_t = Arch::X86_64)]
    pub arch: Arch,
    /// Write the table into README.md as well
    #[arg(long)]
    pub record: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The commands of `bench`.
#[derive(Subcommand, Debug)]
pub enum BenchCommand {
    /// Measure what looking and folding cost as traffic rises
    Growth(BenchGrowth),
    /// Forecast the past of hourly series, and compare with what came
    Forecast(BenchForecast),
    /// Look for anomalies in series of any step
    Anomalies(BenchAnomalies),
}

/// `bench growth`.
#[derive(Args, Debug)]
#[command(
    after_help = "A minute of calls at rising rates, and one of 100,000 users, goes through the packaged processor \
                        into a database that pages at 1 MB and charges by the size of items as DynamoDB does; then \
                        the packaged functions look at it and fold it, and an hour of such minutes. It takes about a \
                        quarter of an hour on a machine that does nothing else.\n\
                        Output: a table with a line for each figure, a column for each rate, and how many times as \
                        much it is when traffic doubles; with --json one JSON document.\n\
                        Exit status: 0 measured, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask bench growth --record"
)]
pub struct BenchGrowth {
    #[command(flatten)]
    pub measurement: Measurement,
}

/// `bench forecast`.
#[derive(Args, Debug)]
#[command(after_help = "A series is a text file: the heading `calls`, then one whole number an hour, oldest first, \
                        without gaps; at least five weeks. Each of its last 98 days is forecast from the twelve weeks \
                        before it. Ratios are mean absolute errors over that of last week's calls taken as a \
                        forecast: below 1 is better than it. Months are 30 days, from the first hour on.\n\
                        Output: a table with a line for each series and one for all; with --json one JSON document.\n\
                        Exit status: 0 measured, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask bench forecast --series calls.csv")]
pub struct BenchForecast {
    /// The files [default: the series in functions/forecast/series, and those of --folder]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub series: Vec<PathBuf>,
    /// A folder with further series, which are too large or not free to be part of this repository
    #[arg(long, value_name = "DIR", env = "COMPLICAL_SERIES", conflicts_with = "series")]
    pub folder: Option<PathBuf>,
    /// Write the table into README.md as well
    #[arg(long, conflicts_with = "series")]
    pub record: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `bench anomalies`.
#[derive(Args, Debug)]
#[command(after_help = "A series is a text file with lines `timestamp,value`, oldest first; its first line may be a \
                        heading, and columns beside these two are left out. A timestamp is as in RFC 3339, or without \
                        an offset, such as 2026-11-26 10:15:00, and then taken as UTC. Whole numbers that are not \
                        negative are taken as counts, anything else as measurements.\n\
                        Output: a line for each anomaly with the time of its onset, its score, and what was expected \
                        and observed; then a line for each observation with its score from 0 to 1. With --json one \
                        JSON document.\n\
                        Exit status: 0 looked through, whatever was found, 1 failed, 2 wrong usage.\n\
                        Example: cargo xtask bench anomalies --series requests.csv --json")]
pub struct BenchAnomalies {
    /// The files
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub series: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
