//! `--demo`: four weeks of made-up calls, so that there is something to see.
//!
//! Invariant: what is stored has one such history. Interrupted, it is played to the end at the next start; finished, it is
//! left as it is.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use contract::Environment;
use jiff::Timestamp;
use played::Script;
use xtask::file;

use super::Clock;
use cloud::Connection;
use cloud::console::reporter::Reporter;
use cloud::local_state::folder::Folder;
use cloud::system::history::Stage;

/// As many as are counted within a minute: one in which somebody called takes about twenty requests, and its hour as many,
/// of which the emulator answers some hundred a second.
const CALLS: u64 = 3_200;
const DAYS: u32 = 28;
const SEED: u64 = 1;

/// Plays what is missing of the folder's history.
///
/// # Errors
/// When the folder cannot be written to, or the system does not take or count the events.
pub(super) async fn play(connection: &Connection, env: &Environment, folder: &Folder, clock: &Clock<'_>) -> Result<()> {
    let acts = Script { calls: CALLS, days: DAYS, seed: SEED, end: end(folder)? }.acts();
    let stage = Stage::new(connection, env)?;
    if stage.has(&acts).await? {
        clock.say("the calls of --demo are stored already");
        return Ok(());
    }
    clock.say(format!("playing {DAYS} days of calls"));
    stage.play(&acts, &Reporter::brief(clock.printer)).await
}

/// When the folder's history ends: now, where it has none yet.
fn end(folder: &Folder) -> Result<Timestamp> {
    let path = folder.demo();
    match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().with_context(|| path.display().to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let now = Timestamp::now();
            file::write_whole(&path, now.to_string().as_bytes())?;
            Ok(now)
        }
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}
