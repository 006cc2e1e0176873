//! `status`: how the system is, on one screen.
//!
//! Invariant: what cannot be known is shown as `-`, never as zero.

pub mod gather;
pub mod screen;

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use contract::Environment;
use jiff::Timestamp;
use metering::window::iso_millis;
use serde_json::{Value, json};
use xtask::Printer;
use xtask::cli::{self, Json};

use cloud::Connection;
use cloud::console::watch::{self, never_ends};
use screen::Snapshot;

/// Between two screens of `--watch`.
const WATCH: Duration = Duration::from_secs(5);
/// Moves a terminal's cursor to the corner and empties the screen.
const EMPTY_SCREEN: &str = "\u{1b}[H\u{1b}[2J";

/// Carries `status` out.
///
/// # Errors
/// When AWS cannot be asked.
pub async fn run(args: &cli::Status, printer: &Printer) -> Result<()> {
    if args.watch && args.json == Some(Json::Document) {
        return Err(never_ends("--watch").into());
    }
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    if args.watch {
        return watch::serve(watch(&connection, env, args.json, printer)).await;
    }
    let snapshot = gather::snapshot(&connection, env).await?;
    match args.json {
        Some(Json::Document) => printer.json(&snapshot.to_json()),
        Some(Json::Lines) => printer.json_line(&line(&snapshot)),
        None => snapshot.lines().iter().for_each(|line| printer.data(line)),
    }
    Ok(())
}

fn line(snapshot: &Snapshot) -> Value {
    json!({"type": "status", "time": iso_millis(Timestamp::now()), "snapshot": snapshot.to_json()})
}

/// Shows one screen after the other; ends only with an error, such as that nothing can be written.
async fn watch(connection: &Connection, env: &Environment, json: Option<Json>, printer: &Printer) -> Result<()> {
    loop {
        let snapshot = gather::snapshot(connection, env).await?;
        if json.is_some() {
            printer.json_line(&line(&snapshot));
        } else {
            // Whole at once, so that the screen does not flicker between two of them.
            let start = if std::io::stdout().is_terminal() { EMPTY_SCREEN } else { "" };
            printer.data(format!("{start}{}\n", snapshot.lines().join("\n")));
        }
        printer.written()?;
        tokio::time::sleep(WATCH).await;
    }
}
