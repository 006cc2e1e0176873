//! Series as people and programs write them, and what is none.

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
        ("twice-later", b"2026-01-01 00:00:00,1\n2026-01-01 00:05:00,1\n2026-01-01 00:05:00,1\n", ":3:"),
        (
            "each-hour-twice",
            b"2026-01-01 00:00:00,1\n2026-01-01 00:00:00,1\n2026-01-01 01:00:00,1\n2026-01-01 01:00:00,1\n",
            ":4:",
        ),
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
    let zoned = Scratch::new("zoned", b"timestamp,value\n2026-01-01T11:00:00+11:00,1.0\n2026-01-01T00:05:00Z,-2.5\n");
    let (plain, zoned) = (timed(&plain.0).unwrap(), timed(&zoned.0).unwrap());
    assert_eq!((plain.rows[0].at, plain.step, plain.kind), (zoned.rows[0].at, 300, Kind::Counts));
    assert_eq!((zoned.step, zoned.kind), (300, Kind::Measurements));
}

#[test]
fn a_local_clock_that_is_put_back_is_no_error() {
    for (name, times, line) in
        [("clock", ["02:50", "02:55", "02:00", "02:05"], 3), ("clock-hours", ["01:00", "02:00", "02:00", "03:00"], 3)]
    {
        let lines: String = times.iter().map(|time| format!("2026-04-05 {time}:00,1\n")).collect();
        let scratch = Scratch::new(name, lines.as_bytes());
        assert_eq!(timed(&scratch.0).unwrap().clock_put_back, [line]);
    }
}

#[test]
fn what_other_programs_write_around_the_cells_changes_nothing() {
    let plain = Scratch::new("bare", b"timestamp,value\n2014-02-14 14:27:00,1\n2014-02-14 14:32:00,2\n");
    let told = |scratch: &Scratch| -> Vec<_> {
        timed(&scratch.0).unwrap().rows.into_iter().map(|row| (row.timestamp, row.at, row.value)).collect()
    };
    for (name, lines) in [
        (
            "quoted",
            &b"\"timestamp\",\"value\"\r\n\"2014-02-14 14:27:00\",\"1\"\r\n\"2014-02-14 14:32:00\",\"2\"\r\n\r\n"[..],
        ),
        ("mark", b"\xef\xbb\xbftimestamp,value\n2014-02-14 14:27:00 , 1.0\n 2014-02-14 14:32:00,2.0 \n\n\n"),
        ("more", b"timestamp,value,label\n2014-02-14 14:27:00,1,0\n2014-02-14 14:32:00,2,\"a, b\"\n"),
        ("numbered", b",Timestamp,label,Value\n0,2014-02-14 14:27:00,\"a, b\",1\n1,2014-02-14 14:32:00,,2\n"),
        ("other-names", b"time,requests\n2014-02-14 14:27:00,1\n2014-02-14 14:32:00,2"),
    ] {
        assert_eq!(told(&Scratch::new(name, lines)), told(&plain), "{name}");
    }
    let counts = Scratch::new("calls", b"\xef\xbb\xbf\"calls\"\r\n\"1\"\r\n 2 \r\n\r\n");
    assert_eq!(hourly(&counts.0).unwrap(), [1, 2]);
}
