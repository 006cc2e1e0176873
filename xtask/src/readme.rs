//! The places in README.md that commands write.
//!
//! Invariant: what stands between two marks in README.md was written by this file and by no hand.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{Failure, file, workspace};

/// Where a table begins and where it ends.
pub struct Place {
    begin: &'static str,
    end: &'static str,
}

/// The figures' place.
pub const FIGURES: Place = Place { begin: "<!-- bench -->\n", end: "<!-- /bench -->\n" };
/// The place of the figures of growth.
pub const GROWTH: Place = Place { begin: "<!-- growth -->\n", end: "<!-- /growth -->\n" };
/// The forecasts' place.
pub const FORECAST: Place = Place { begin: "<!-- forecast -->\n", end: "<!-- /forecast -->\n" };

/// Puts a table into its place in README.md.
///
/// # Errors
/// When the marks are not there, or the file cannot be written.
pub fn record(Place { begin, end }: &Place, table: &str) -> Result<()> {
    let path = workspace::root().join("README.md");
    let readme = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let parts = readme.split_once(begin).and_then(|(head, rest)| Some((head, rest.split_once(end)?.1)));
    let (head, tail) = parts.ok_or_else(|| {
        Failure::new("README.md has no place for the table").hint(format!("put {begin}{end} where it belongs"))
    })?;
    file::write_whole(&path, format!("{head}{begin}{table}{end}{tail}").as_bytes())
}
