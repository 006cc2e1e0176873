//! The figures as the README's table.
//!
//! Invariant: what stands between the two marks in README.md was written by this file and by no hand.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};
use xtask::{Failure, file, workspace};

use crate::figure::{Figure, short};

/// Where the table begins.
const BEGIN: &str = "<!-- bench -->\n";
/// Where it ends.
const END: &str = "<!-- /bench -->\n";

/// The table.
pub(crate) fn table(figures: &[Figure], machine: &str) -> String {
    let mut table =
        String::from("| figure | the original | to reach | here | what bounds it |\n|---|---|---|---|---|\n");
    for Figure { name, original, goal, value, bound } in figures {
        let original = if original.is_empty() { "–" } else { original };
        let (goal, value) = (short(*goal), short(*value));
        let _ = writeln!(table, "| {name} | {original} | {goal} | **{value}** | {bound} |");
    }
    let _ = write!(table, "\nMeasured {machine}.\n");
    table
}

/// Puts the table into README.md.
///
/// # Errors
/// When the marks are not there, or the file cannot be written.
pub(crate) fn record(figures: &[Figure], machine: &str) -> Result<()> {
    let path = workspace::root().join("README.md");
    let readme = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let parts = readme.split_once(BEGIN).and_then(|(head, rest)| Some((head, rest.split_once(END)?.1)));
    let (head, tail) = parts.ok_or_else(|| {
        Failure::new("README.md has no place for the figures").hint(format!("put {BEGIN}{END} where they belong"))
    })?;
    file::write_whole(&path, format!("{head}{BEGIN}{}{END}{tail}", table(figures, machine)).as_bytes())
}
