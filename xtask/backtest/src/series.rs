//! Series from text files: counts by hour, and values with their times.
//!
//! Invariant: a file is read in whole or refused with the line that is wrong; every number read is finite.

use std::path::Path;

use anyhow::{Context as _, Result};
use forecast::anomaly::{Kind, Observation};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use xtask::{Failure, file};

/// Beyond this, whole numbers can no longer be told apart as they are computed with.
const LARGEST: f64 = 9_007_199_254_740_992.0;
/// The heading of hourly counts.
const HEADING: &str = "calls";
/// The headings of times and of values, where a file has further columns before them.
const COLUMNS: [&str; 2] = ["timestamp", "value"];
const HOUR: i64 = 3_600;
/// A clock is put back at most once in so many hours.
const HOURS_PER_DAY: usize = 24;

/// Values with their times.
#[derive(Debug)]
pub(crate) struct Timed {
    /// Each with the timestamp as it is written.
    pub(crate) rows: Vec<Row>,
    /// Seconds between them, mostly.
    pub(crate) step: i64,
    /// What they are.
    pub(crate) kind: Kind,
    /// The lines at which a clock without an offset was put back by up to an hour.
    pub(crate) clock_put_back: Vec<usize>,
}

/// One line of a series.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) timestamp: String,
    pub(crate) at: i64,
    pub(crate) value: f64,
    has_offset: bool,
}

impl Row {
    pub(crate) fn observation(&self) -> (i64, Observation) {
        (self.at, Observation::Value(self.value))
    }
}

/// Counts by hour.
///
/// # Errors
/// When the file cannot be read or is not such a series.
pub(crate) fn hourly(path: &Path) -> Result<Vec<u64>> {
    let text = file::read_text(path).with_context(|| path.display().to_string())?;
    let lines = lines(&text);
    let Some((&heading, counts)) = lines.split_first() else { return Err(wrong(path, 1, "the file is empty").into()) };
    if cells(heading)[..] != [HEADING] {
        return Err(wrong(path, 1, &format!("the heading is `{heading}`, not `{HEADING}`")).into());
    }
    let count = |(index, line): (usize, &&str)| {
        let line = unquoted(line);
        let count: u64 =
            line.parse().map_err(|_| wrong(path, index + 2, &format!("`{line}` is not a whole number")))?;
        if count as f64 >= LARGEST {
            return Err(wrong(path, index + 2, &format!("{count} is too large for a number of calls")).into());
        }
        Ok(count)
    };
    counts.iter().enumerate().map(count).collect()
}

/// Values with their times.
///
/// # Errors
/// When the file cannot be read or is not such a series.
pub(crate) fn timed(path: &Path) -> Result<Timed> {
    let text = file::read_text(path).with_context(|| path.display().to_string())?;
    let lines = lines(&text);
    let columns = lines.first().and_then(|line| columns(line));
    let n_headings = usize::from(columns.is_some());
    let read = |(index, line): (usize, &&str)| {
        row(line, columns.unwrap_or([0, 1])).map_err(|why| wrong(path, index + 1, &why))
    };
    let rows: Vec<Row> = lines.iter().enumerate().skip(n_headings).map(read).collect::<Result<_, _>>()?;
    let step = step(&rows);
    let put_back = put_back(&rows, step).map_err(|(index, why)| wrong(path, n_headings + index + 1, &why))?;
    let clock_put_back = put_back.into_iter().map(|index| n_headings + index + 1).collect();
    let Some(step) = step else {
        let why = "there are fewer than two observations, so that the step between them is not known";
        return Err(wrong(path, lines.len().max(1), why).into());
    };
    let is_count = |row: &Row| row.value >= 0.0 && row.value.fract() == 0.0;
    let kind = if rows.iter().all(is_count) { Kind::Counts } else { Kind::Measurements };
    Ok(Timed { rows, step, kind, clock_put_back })
}

/// The lines without what an editor or another system adds to them.
fn lines(text: &str) -> Vec<&str> {
    text.trim_start_matches('\u{feff}').trim_end().lines().map(str::trim).collect()
}

/// The seconds between most rows.
fn step(rows: &[Row]) -> Option<i64> {
    let mut steps: Vec<i64> = rows.windows(2).map(|pair| pair[1].at - pair[0].at).filter(|step| *step > 0).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied()
}

/// The places of rows at which a clock without an offset was put back; or that of one which is not in order, and why.
fn put_back(rows: &[Row], step: Option<i64>) -> Result<Vec<usize>, (usize, String)> {
    let mut found: Vec<usize> = Vec::new();
    for (place, pair) in (1..).zip(rows.windows(2)) {
        let [last, row] = [&pair[0], &pair[1]];
        let back = last.at - row.at;
        if back < 0 {
            continue;
        }
        // Of hours a clock that is put back by one repeats one, and never on two days in a row.
        let is_rare = found.last().is_none_or(|found| place - found > HOURS_PER_DAY);
        let may_be = if back == 0 { step == Some(HOUR) && is_rare } else { back <= HOUR };
        if row.has_offset || !may_be {
            let how = if back == 0 { "the same time as" } else { "earlier than" };
            return Err((place, format!("{} is {how} {} on the line before", row.timestamp, last.timestamp)));
        }
        found.push(place);
    }
    Ok(found)
}

/// The cells of a line. A comma within quotation marks is none between cells.
fn cells(line: &str) -> Vec<&str> {
    let mut is_quoted = false;
    let is_end = |character: char| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    };
    line.split(is_end).map(unquoted).collect()
}

/// A cell without the quotation marks around it.
fn unquoted(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell).trim()
}

/// Where times and values are, if a line is a heading: those of these names, or else the first two of any names.
fn columns(line: &str) -> Option<[usize; 2]> {
    let cells = cells(line);
    let [time, value] = COLUMNS.map(|name| cells.iter().position(|cell| cell.eq_ignore_ascii_case(name)));
    let is_name = |cell: &&str| cell.starts_with(char::is_alphabetic) && cell.parse::<f64>().is_err();
    let are_names = cells.len() > 1 && cells.iter().take(2).all(is_name);
    time.zip(value).map(|(time, value)| [time, value]).or(are_names.then_some([0, 1]))
}

/// A line.
fn row(line: &str, [time, value]: [usize; 2]) -> Result<Row, String> {
    let cells = cells(line);
    let (Some(&timestamp), Some(&value)) = (cells.get(time), cells.get(value)) else {
        return Err(format!("`{line}` is not `timestamp,value`"));
    };
    let (at, has_offset) = match (timestamp.parse::<Timestamp>(), timestamp.parse::<DateTime>()) {
        (Ok(at), _) => (at.as_second(), true),
        (_, Ok(civil)) => {
            let at = Offset::UTC.to_timestamp(civil).map_err(|_| format!("`{timestamp}` is beyond the calendar"))?;
            (at.as_second(), false)
        }
        _ => {
            return Err(format!(
                "`{timestamp}` is not a timestamp such as 2026-11-26T10:15:00Z or 2026-11-26 10:15:00"
            ));
        }
    };
    let value: f64 = value.parse().map_err(|_| format!("`{value}` is not a number"))?;
    if !value.is_finite() {
        return Err(format!("{value} is not a number that can be compared"));
    }
    if value.abs() >= LARGEST {
        return Err(format!("{value:e} is too large"));
    }
    Ok(Row { timestamp: timestamp.to_owned(), at, value, has_offset })
}

fn wrong(path: &Path, line: usize, why: &str) -> Failure {
    Failure::new(format!("{}:{line}: {why}", path.display())).hint("`cargo xtask bench --help` names the formats")
}

#[cfg(test)]
mod tests;
