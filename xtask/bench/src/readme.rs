//! The figures as the README's table.
//!
//! Invariant: every figure is in it, with what bounds it.

use std::fmt::Write as _;

use crate::figure::{Figure, short};

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
