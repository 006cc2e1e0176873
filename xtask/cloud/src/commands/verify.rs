//! `verify`: the guide's steps 3 to 6 as checks on what is deployed, and whether every call was counted.
//!
//! Invariant: every check is one line, whether it passes or not; one that cannot be made says so and fails nothing.

pub mod call;
pub mod metrics;
pub mod reconciliation;
pub mod resources;

use std::fmt;

use anyhow::Result;
use contract::{Environment, Toggle, name, variable};
use jiff::Timestamp;
use serde_json::{Value, json};
use stacks::Settings;
use xtask::{Failure, Printer, cli, workspace};

use crate::Connection;
use crate::local_state::folder::Folder;
use crate::local_state::secrets::Secrets;
use crate::stack::read;

/// How a check went, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Passed(String),
    /// Not as it should be.
    Failed(String),
    /// It could not be made.
    Skipped(String),
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is checked.
    pub what: String,
    /// How it went.
    pub outcome: Outcome,
}

impl Check {
    /// A check that passes if `is_fine`.
    pub fn of(what: impl Into<String>, is_fine: bool, found: impl Into<String>) -> Self {
        let outcome = if is_fine { Outcome::Passed(found.into()) } else { Outcome::Failed(found.into()) };
        Self { what: what.into(), outcome }
    }

    /// A check that could not be made.
    pub fn skipped(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), outcome: Outcome::Skipped(why.into()) }
    }

    /// A check that is what an attempt found; an error is a failed check, not the end of the command.
    pub fn tried(what: impl Into<String>, attempt: Result<Self>) -> Self {
        attempt.unwrap_or_else(|error| Self::of(what, false, format!("{error:#}")))
    }

    fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, found) = match &self.outcome {
            Outcome::Passed(found) => ("ok", found),
            Outcome::Failed(found) => ("FAILED", found),
            Outcome::Skipped(why) => ("skipped", why),
        };
        write!(f, "{word:<8}{}: {found}", self.what)
    }
}

/// What is checked, and against what.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Where.
    pub connection: &'a Connection,
    /// Which deployment.
    pub env: &'a Environment,
    /// What it should be.
    pub toggle: Toggle,
    /// What its environment's settings say.
    pub settings: &'a Settings,
}

/// The command.
///
/// # Errors
/// When a check fails.
pub async fn run(args: &cli::Verify, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    connection.account().await?;
    let settings = &workspace::settings(env)?;
    let subject = Subject { connection: &connection, env, toggle: toggle(&connection, env).await?, settings };
    printer.say(format!("checking {env} with the toggle {}", subject.toggle.as_str()));
    let mut checks = resources::checks(&subject).await;
    checks.extend(call::checks(&subject, key(args, &connection)?.as_deref()).await);
    checks.extend(metrics::checks(&subject).await);
    let reconciled = match reconciliation::reconcile(&subject, args.minutes, Timestamp::now()).await {
        Ok(reconciliation) => {
            checks.extend(reconciliation.checks());
            Some(reconciliation.to_json())
        }
        Err(error) => {
            checks.push(Check::of("every call counted once", false, format!("{error:#}")));
            None
        }
    };
    show(&checks, reconciled, args.json, printer)
}

/// The toggle. The local system comes up with the stream where the variable is unset, so there what is deployed decides.
async fn toggle(connection: &Connection, env: &Environment) -> Result<Toggle> {
    if !connection.is_local() || std::env::var_os(variable::TOGGLE).is_some() {
        return workspace::toggle();
    }
    let kinesis = read::describe(connection, &name::kinesis_stack(env)).await?;
    Ok(if kinesis.is_some() { Toggle::On } else { Toggle::Off })
}

fn key(args: &cli::Verify, connection: &Connection) -> Result<Option<String>> {
    if args.api_key.is_some() || !connection.is_local() {
        return Ok(args.api_key.clone());
    }
    Ok(Secrets::of(&Folder::open()?, &args.cloud.env.env)?.api_key)
}

fn show(checks: &[Check], reconciliation: Option<Value>, as_json: bool, printer: &Printer) -> Result<()> {
    let n_failed = checks.iter().filter(|check| check.has_failed()).count();
    if as_json {
        let checks = checks.iter().map(|Check { what, outcome }| {
            let (word, found) = match outcome {
                Outcome::Passed(found) => ("ok", found),
                Outcome::Failed(found) => ("failed", found),
                Outcome::Skipped(why) => ("skipped", why),
            };
            json!({"check": what, "outcome": word, "found": found})
        });
        printer.json(&json!({
            "ok": n_failed == 0, "checks": checks.collect::<Vec<_>>(), "reconciliation": reconciliation,
        }));
    } else {
        checks.iter().for_each(|check| printer.data(check.to_string()));
    }
    match n_failed {
        0 => Ok(()),
        n => Err(Failure::new(format!("{n} of {} checks failed", checks.len())).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_one_line_that_begins_with_how_it_went() {
        assert_eq!(Check::of("table t", true, "ACTIVE").to_string(), "ok      table t: ACTIVE");
        assert_eq!(Check::of("table t", false, "none").to_string(), "FAILED  table t: none");
        assert_eq!(Check::skipped("a call", "no key").to_string(), "skipped a call: no key");
    }

    #[test]
    fn one_failed_check_fails_the_command_and_a_skipped_one_does_not() {
        let passed = Check::of("a", true, "");
        assert!(show(&[passed.clone(), Check::skipped("b", "")], None, true, &Printer).is_ok());
        let error = show(&[passed, Check::of("c", false, "")], None, true, &Printer).unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 1);
    }
}
