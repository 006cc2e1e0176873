//! `export`: its flags.
//!
//! Invariant: what a range may be is the API's to say, and it is asked before anything is written.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use metering::email::Email;

use super::Cloud;
use super::text::line;

/// How calls are written.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// A table (RFC 4180), its first line names the columns
    Csv,
    /// An object a line
    Jsonl,
}

/// `export`.
#[derive(Args, Debug)]
#[command(
    after_help = "One's own calls, oldest first, as the API answers them page by page. The file is there once all pages \
                  are: until then they are in FILE.partial, and the same command goes on after an interruption, within a week.\n\
                  The number of calls in the file is compared with the number that is counted.\n\
                  Output: how many calls the file has, and of which time; with --json one JSON document.\n\
                  Exit status: 0 written, 1 failed or the file has not as many calls as are counted, 2 wrong usage.\n\
                  Example: COMPLICAL_PASSWORD=… cargo xtask export --email user@example.com --duration 7d \
                  --out calls.csv"
)]
pub struct Export {
    #[command(flatten)]
    pub cloud: Cloud,
    /// Whose calls [default with --local: user@example.com]
    #[arg(long, value_name = "EMAIL", required_unless_present = "local")]
    pub email: Option<Email>,
    /// The password; without it, it is asked for (with --local those of the seeded users are known)
    #[arg(long, value_name = "PASSWORD", env = "COMPLICAL_PASSWORD", hide_env_values = true, value_parser = line)]
    pub password: Option<String>,
    /// How much time, such as 24h or 7d [default: the 90 days for which calls are kept]
    #[arg(long, value_name = "TIME", value_parser = line)]
    pub duration: Option<String>,
    /// When it begins (RFC 3339), such as 2026-11-24T00:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = line)]
    pub from: Option<String>,
    /// When it ends (RFC 3339) [default: now]
    #[arg(long, value_name = "INSTANT", value_parser = line)]
    pub to: Option<String>,
    /// The format of the file
    #[arg(long, value_enum, default_value_t = FileFormat::Csv)]
    pub format: FileFormat,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}
