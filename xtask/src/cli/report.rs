//! `report`: its flags.
//!
//! Invariant: a report is of one period, and of one user, one company or everybody.

use std::path::PathBuf;

use clap::Args;
use metering::email::Email;
use report::Period;

use super::Cloud;
use super::text::line;

/// `report`.
#[derive(Args, Debug)]
#[command(
    after_help = "The report that `usage-reports` writes, made here from the tables: a page (HTML) and a table (CSV), \
                  named by the period and whose it is. Times are UTC.\n\
                  Output: where the two are, and how many calls there were; with --json one JSON document.\n\
                  Exit status: 0 written, 1 failed or the period is not over and counted, 2 wrong usage.\n\
                  Example: cargo xtask report --week 2026-W48 --email user@example.com --out reports"
)]
pub struct Report {
    #[command(flatten)]
    pub cloud: Cloud,
    #[command(flatten)]
    pub period: ReportPeriod,
    /// Whose calls [default: everybody's]
    #[arg(long, value_name = "EMAIL", conflicts_with = "company")]
    pub email: Option<Email>,
    /// The company whose people's calls
    #[arg(long, value_name = "NAME", value_parser = line)]
    pub company: Option<String>,
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Of which time.
#[derive(Args, Clone, Copy, Debug)]
#[group(required = true, multiple = false)]
pub struct ReportPeriod {
    /// A day, such as 2026-11-25
    #[arg(long, value_name = "DAY", value_parser = day)]
    day: Option<Period>,
    /// A week from Monday to Sunday (ISO 8601), such as 2026-W48
    #[arg(long, value_name = "WEEK", value_parser = week)]
    week: Option<Period>,
    /// A month, such as 2026-11
    #[arg(long, value_name = "MONTH", value_parser = month)]
    month: Option<Period>,
}

impl ReportPeriod {
    /// The one that was given.
    pub fn get(self) -> Option<Period> {
        self.day.or(self.week).or(self.month)
    }
}

fn day(text: &str) -> Result<Period, String> {
    period(text, |period| matches!(period, Period::Day(_)), "a day, such as 2026-11-25")
}

fn week(text: &str) -> Result<Period, String> {
    period(text, |period| matches!(period, Period::Week(_)), "a week, such as 2026-W48")
}

fn month(text: &str) -> Result<Period, String> {
    period(text, |period| matches!(period, Period::Month(_)), "a month, such as 2026-11")
}

fn period(text: &str, is_one: impl Fn(&Period) -> bool, what: &str) -> Result<Period, String> {
    text.parse().ok().filter(is_one).ok_or_else(|| format!("it must be {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_takes_its_own_kind_of_period() {
        let taken = |text| [day(text), week(text), month(text)].map(|taken| taken.is_ok());
        assert_eq!(taken("2026-11-25"), [true, false, false]);
        assert_eq!(taken("2026-W48"), [false, true, false]);
        assert_eq!(taken("2026-11"), [false, false, true]);
        assert_eq!(taken("2026-11-31"), [false; 3]);
    }
}
