//! Growth: what it costs to look and to fold as traffic rises, on the packaged functions.
//!
//! Invariant: read and write units are what the database charges by the size of items; processor time and memory are
//! the kernel's account of the function's own process, on one core.

mod history;
mod hour;
mod minute;
mod row;
mod system;
mod traffic;

use anyhow::Result;
use serde_json::json;
use xtask::readme as place;
use xtask::{Printer, machine};

use self::row::Row;
use self::traffic::Traffic;

/// Measures every traffic.
pub(crate) async fn measure(printer: &Printer) -> Result<Vec<Row>> {
    let mut minutes = Vec::new();
    for traffic in Traffic::RISING.into_iter().chain([Traffic::WIDE]) {
        let mut figures = minute::measure(traffic, printer).await?;
        if [Traffic::BUSIEST, Traffic::WIDE].contains(&traffic) {
            figures.extend(hour::measure(traffic, printer).await?);
        }
        figures.iter().for_each(|figure| printer.say(figure.line()));
        minutes.push(figures);
    }
    let mut rows = row::rows(&minutes);
    rows.extend(history::measure(printer).await?);
    Ok(rows)
}

/// Writes the table into README.md, where that is asked for, and prints what was measured.
pub(crate) fn report(rows: &[Row], is_recorded: bool, is_json: bool, printer: &Printer) -> Result<()> {
    let machine = machine::describe()?;
    let table = row::table(rows, &machine);
    if is_recorded {
        place::record(&place::GROWTH, &table)?;
        printer.say("README.md has the table of growth");
    }
    if is_json {
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        printer.json(&json!({ "machine": machine, "growth": rows }));
    } else {
        printer.data(table);
    }
    Ok(())
}
