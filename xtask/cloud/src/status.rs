//! `status`: how the system is, on one screen.
//!
//! Invariant: what cannot be known is shown as `-`, never as zero.

pub mod backlog;
pub mod counting;
pub mod gather;
pub mod metric;
pub mod screen;

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use contract::Environment;
use xtask::{Printer, cli};

use crate::{Connection, watcher};

/// Between two screens of `--watch`.
const WATCH: Duration = Duration::from_secs(5);
/// Moves a terminal's cursor to the corner and empties the screen.
const EMPTY_SCREEN: &str = "\u{1b}[H\u{1b}[2J";

/// The command.
///
/// # Errors
/// When AWS cannot be asked.
pub async fn run(args: &cli::Status, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    if args.json {
        printer.json(&gather::snapshot(&connection, env).await?.to_json());
        return Ok(());
    }
    if !args.watch {
        gather::snapshot(&connection, env).await?.lines().iter().for_each(|line| printer.data(line));
        return Ok(());
    }
    watcher::serve(watch(&connection, env, printer)).await
}

/// Shows one screen after the other; ends only with an error.
async fn watch(connection: &Connection, env: &Environment, printer: &Printer) -> Result<()> {
    loop {
        let lines = gather::snapshot(connection, env).await?.lines();
        // Whole at once, so that the screen does not flicker between two of them.
        let start = if std::io::stdout().is_terminal() { EMPTY_SCREEN } else { "" };
        printer.data(format!("{start}{}\n", lines.join("\n")));
        tokio::time::sleep(WATCH).await;
    }
}
