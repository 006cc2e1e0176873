//! The local system's event source runner, in place of the emulator's poller.
//!
//! Invariant: it follows what Lambda lists, so a mapping that a deploy makes or removes is followed without a restart.

use std::convert::Infallible;

use anyhow::Result;
use event_source::{Clients, Disturbance, Options, Pace, Runner, Which};
use tokio::sync::watch;
use xtask::Printer;

use cloud::Connection;
use cloud::local_state::folder::Folder;

/// Starts it.
///
/// # Errors
/// When its checkpoints cannot be read.
pub fn start(connection: &Connection, folder: &Folder, printer: Printer) -> Result<Runner> {
    let clients = Clients { lambda: connection.lambda(), kinesis: connection.kinesis(), s3: connection.s3() };
    let options = Options {
        which: Which::All,
        checkpoints: folder.checkpoints(),
        pace: Pace::LOCAL,
        disturbance: Disturbance::default(),
    };
    Ok(Runner::start(clients, options, move |line| printer.say(format!("event source: {line}")))?)
}

/// Wakes it with every change that the front sees, for as long as it is waited for.
pub async fn wake(runner: &Runner, mut changes: watch::Receiver<()>) -> Infallible {
    while changes.changed().await.is_ok() {
        runner.wake();
    }
    std::future::pending().await
}
