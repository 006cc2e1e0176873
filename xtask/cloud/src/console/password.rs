//! A password, from the command line, its variable or a terminal.
//!
//! Invariant: it is neither printed nor stored.

use std::process::{Command, Stdio};

use anyhow::Result;
use metering::email::Email;
use xtask::{Failure, Printer};

/// The password given, else the one typed on a terminal that does not show it.
///
/// # Errors
/// When there is none to be had.
pub fn given_or_typed(given: Option<&String>, email: &Email, printer: &Printer) -> Result<String> {
    if let Some(password) = given {
        return Ok(password.clone());
    }
    if !printer.can_ask() {
        return Err(Failure::usage("there is no terminal to ask for the password on")
            .hint("set COMPLICAL_PASSWORD, which no list of processes shows")
            .into());
    }
    let echo = |mode| Command::new("stty").arg(mode).stdin(Stdio::inherit()).status();
    let hidden = echo("-echo").is_ok_and(|status| status.success());
    let answer = printer.ask(&format!("Password of {email}:"));
    if hidden {
        let _ = echo("echo");
        printer.say("");
    }
    Ok(answer?.filter(|password| !password.is_empty()).ok_or_else(|| Failure::usage("no password was typed"))?)
}
