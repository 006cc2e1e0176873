//! What the figures were measured on, and when.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use jiff::Timestamp;

/// A sentence: processor, cores, compiler, day.
///
/// # Errors
/// When the system or the compiler do not tell.
pub fn describe() -> Result<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().context("the number of cores")?;
    let rustc = Command::new("rustc").arg("--version").output().context("cannot start `rustc`")?;
    let rustc = String::from_utf8_lossy(&rustc.stdout);
    let version = rustc.split(' ').nth(1).unwrap_or_default().to_owned();
    let day = Timestamp::now().to_string();
    Ok(format!("{} on {cores} cores of {model}, rustc {version}", &day[..10]))
}
