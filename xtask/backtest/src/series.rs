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
const HOUR: i64 = 3_600;

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
    if heading != HEADING {
        return Err(wrong(path, 1, &format!("the heading is `{heading}`, not `{HEADING}`")).into());
    }
    let count = |(index, line): (usize, &&str)| {
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
    let n_headings = usize::from(lines.first().is_some_and(|line| is_heading(line)));
    let mut rows: Vec<Row> = Vec::with_capacity(lines.len());
    let mut clock_put_back = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(n_headings) {
        let (row, has_offset) = row(line).map_err(|why| wrong(path, index + 1, &why))?;
        if let Some(last) = rows.last().filter(|last| last.at >= row.at) {
            if row.at == last.at || has_offset || last.at - row.at > HOUR {
                let how = if row.at == last.at { "the same time as" } else { "earlier than" };
                let why = format!("{} is {how} {} on the line before", row.timestamp, last.timestamp);
                return Err(wrong(path, index + 1, &why).into());
            }
            clock_put_back.push(index + 1);
        }
        rows.push(row);
    }
    let mut steps: Vec<i64> = rows.windows(2).map(|pair| pair[1].at - pair[0].at).filter(|step| *step > 0).collect();
    steps.sort_unstable();
    let Some(&step) = steps.get(steps.len() / 2) else {
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

/// `timestamp,value`, or other names that are no numbers.
fn is_heading(line: &str) -> bool {
    line.split_once(',').is_some_and(|(time, value)| {
        let is_name = |text: &str| text.trim().starts_with(|first: char| first.is_alphabetic());
        is_name(time) && is_name(value) && value.trim().parse::<f64>().is_err()
    })
}

/// A line, and whether its timestamp has an offset.
fn row(line: &str) -> Result<(Row, bool), String> {
    let (timestamp, value) = line.split_once(',').ok_or_else(|| format!("`{line}` is not `timestamp,value`"))?;
    let (timestamp, value) = (timestamp.trim(), value.trim());
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
    Ok((Row { timestamp: timestamp.to_owned(), at, value }, has_offset))
}

fn wrong(path: &Path, line: usize, why: &str) -> Failure {
    Failure::new(format!("{}:{line}: {why}", path.display())).hint("`cargo xtask bench --help` names the formats")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// A file of a test's own, removed at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, content: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("bench-series-{}-{name}", std::process::id()));
            fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn error_of_hourly(name: &str, content: &[u8]) -> String {
        let scratch = Scratch::new(name, content);
        format!("{:#}", hourly(&scratch.0).unwrap_err())
    }

    fn error_of_timed(name: &str, content: &[u8]) -> String {
        let scratch = Scratch::new(name, content);
        format!("{:#}", timed(&scratch.0).unwrap_err())
    }

    #[test]
    fn counts_that_are_none_are_refused_with_their_line() {
        for (name, content, line) in [
            ("empty", &b""[..], ":1:"),
            ("heading", b"1\n2\n", ":1:"),
            ("nan", b"calls\n1\nNaN\n", ":3:"),
            ("negative", b"calls\n-1\n", ":2:"),
            ("fraction", b"calls\n1\n2.5\n", ":3:"),
            ("huge", b"calls\n18446744073709551615\n", ":2:"),
            ("huger", b"calls\n99999999999999999999999\n", ":2:"),
            ("gap", b"calls\n1\n\n2\n", ":3:"),
            ("latin1", b"calls\n1\n\xe9\n", "line 3"),
        ] {
            let error = error_of_hourly(name, content);
            assert!(error.contains(line) && error.contains(name), "{name}: {error}");
        }
    }

    #[test]
    fn times_and_values_that_are_none_are_refused_with_their_line() {
        for (name, content, line) in [
            ("empty", &b""[..], ":1:"),
            ("one", b"2026-01-01 00:00:00,1\n", ":1:"),
            ("nan", b"timestamp,value\n2026-01-01 00:00:00,NaN\n", ":2:"),
            ("inf", b"2026-01-01 00:00:00,1\n2026-01-01 00:01:00,-inf\n", ":2:"),
            ("huge", b"2026-01-01 00:00:00,1e300\n", ":1:"),
            ("twice", b"2026-01-01 00:00:00,1\n2026-01-01 00:00:00,1\n", ":2:"),
            ("unsorted", b"2026-01-01 05:00:00,1\n2026-01-01 00:00:00,1\n", ":2:"),
            ("unsorted-z", b"2026-01-01T05:00:00Z,1\n2026-01-01T04:30:00Z,1\n", ":2:"),
            ("time", b"timestamp,value\nyesterday,1\n", ":2:"),
            ("columns", b"timestamp,value\n2026-01-01 00:00:00\n", ":2:"),
            ("latin1", b"timestamp,value\n\xe9,1\n", "line 2"),
        ] {
            let error = error_of_timed(name, content);
            assert!(error.contains(line) && error.contains(name), "{name}: {error}");
        }
    }

    #[test]
    fn both_kinds_of_timestamps_are_read_with_or_without_a_heading() {
        let plain = Scratch::new("plain", b"2026-01-01 00:00:00,1\r\n2026-01-01 00:05:00,2\r\n");
        let zoned =
            Scratch::new("zoned", b"timestamp,value\n2026-01-01T11:00:00+11:00,1.0\n2026-01-01T00:05:00Z,-2.5\n");
        let (plain, zoned) = (timed(&plain.0).unwrap(), timed(&zoned.0).unwrap());
        assert_eq!((plain.rows[0].at, plain.step, plain.kind), (zoned.rows[0].at, 300, Kind::Counts));
        assert_eq!((zoned.step, zoned.kind), (300, Kind::Measurements));
    }

    #[test]
    fn a_local_clock_that_is_put_back_is_no_error() {
        let lines = b"2026-04-05 02:50:00,1\n2026-04-05 02:55:00,1\n2026-04-05 02:00:00,1\n2026-04-05 02:05:00,1\n";
        let scratch = Scratch::new("clock", lines);
        assert_eq!(timed(&scratch.0).unwrap().clock_put_back, [3]);
    }
}
