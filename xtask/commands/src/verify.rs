//! `verify`: the guide's steps 3 to 6 as checks on what is deployed, and whether every call was counted.
//!
//! Invariant: every check is one line, whether it passes or not; one that cannot be made says so and fails nothing.

pub mod call;
pub mod metrics;
pub mod reconciliation;
pub mod resources;
pub mod undelivered;

use std::fmt;

use anyhow::Result;
use contract::{Environment, Toggle, name, variable};
use jiff::Timestamp;
use serde_json::{Value, json};
use stacks::{Architecture, Settings};
use xtask::cli::{self, Json};
use xtask::{Failure, Printer, workspace};

use cloud::Connection;
use cloud::console::observer::Observer as _;
use cloud::console::reporter::Reporter;
use cloud::local_state::folder::Folder;
use cloud::local_state::secrets::Secrets;
use cloud::stack::read;
use cloud::system::alarms_topic;

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
    pub fn new(what: impl Into<String>, is_fine: bool, found: impl Into<String>) -> Self {
        let outcome = if is_fine { Outcome::Passed(found.into()) } else { Outcome::Failed(found.into()) };
        Self { what: what.into(), outcome }
    }

    /// A check that could not be made.
    pub fn skipped(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), outcome: Outcome::Skipped(why.into()) }
    }

    /// A check that is what an attempt found; an error is a failed check, not the end of the command.
    pub fn tried(what: impl Into<String>, attempt: Result<Self>) -> Self {
        attempt.unwrap_or_else(|error| Self::new(what, false, format!("{error:#}")))
    }

    /// For `--json`.
    fn to_json(&self) -> Value {
        let (word, found) = match &self.outcome {
            Outcome::Passed(found) => ("ok", found),
            Outcome::Failed(found) => ("failed", found),
            Outcome::Skipped(why) => ("skipped", why),
        };
        json!({"check": self.what, "outcome": word, "found": found})
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
pub struct Deployment<'a> {
    pub connection: &'a Connection,
    /// Which deployment.
    pub env: &'a Environment,
    /// What it should be.
    pub toggle: Toggle,
    /// What its environment's settings say.
    pub settings: &'a Settings,
}

/// Carries `verify` out.
///
/// # Errors
/// When a check fails.
pub async fn run(args: &cli::Verify, printer: &Printer) -> Result<()> {
    let reporter = Reporter::full(printer, args.json);
    let outcome = verify(args, &reporter, printer).await;
    match args.json {
        Some(Json::Lines) => reporter.end(outcome, |()| json!({"ok": true}), |()| ()),
        Some(Json::Document) | None => outcome,
    }
}

async fn verify(args: &cli::Verify, reporter: &Reporter, printer: &Printer) -> Result<()> {
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    connection.account().await?;
    let settings = &workspace::settings(env)?;
    let deployment = Deployment { connection: &connection, env, toggle: toggle(&connection, env).await?, settings };
    reporter.note(&format!("checking {env} with the toggle {}", deployment.toggle.as_str()));
    let app = workspace::app(env, deployment.toggle, connection.target(), Architecture::X86_64)?;
    alarms_topic::note(&alarms_topic::warnings(&connection, &app).await, reporter);
    let told = |checks: Vec<Check>| report(checks, args.json, reporter, printer);
    let mut checks = told(resources::checks(&deployment).await);
    checks.extend(told(call::checks(&deployment, key(args, &connection)?.as_deref()).await));
    checks.extend(told(metrics::checks(&deployment).await));
    checks.extend(told(undelivered::checks(&deployment, Timestamp::now()).await));
    let reconciled = match reconciliation::reconcile(&deployment, args.minutes, Timestamp::now()).await {
        Ok(reconciliation) => {
            checks.extend(told(reconciliation.checks()));
            Some(reconciliation.to_json())
        }
        Err(error) => {
            checks.extend(told(vec![Check::new("every call counted once", false, format!("{error:#}"))]));
            None
        }
    };
    if args.json == Some(Json::Document) {
        printer.json(&document(&checks, reconciled.as_ref()));
    }
    verdict(&checks)
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
    Ok(Secrets::read(&Folder::open()?, &args.cloud.env.env)?.api_key)
}

/// Reports checks as they are made: to people on standard output, to programs that read lines as objects.
fn report(checks: Vec<Check>, json: Option<Json>, reporter: &Reporter, printer: &Printer) -> Vec<Check> {
    for check in &checks {
        match json {
            None => printer.data(check.to_string()),
            Some(Json::Lines) => {
                let mut object = check.to_json();
                object["type"] = "check".into();
                printer.say(check.to_string());
                reporter.object(object);
            }
            Some(Json::Document) => {}
        }
    }
    checks
}

fn document(checks: &[Check], reconciliation: Option<&Value>) -> Value {
    let is_fine = !checks.iter().any(Check::has_failed);
    let checks: Vec<Value> = checks.iter().map(Check::to_json).collect();
    json!({"ok": is_fine, "checks": checks, "reconciliation": reconciliation})
}

fn verdict(checks: &[Check]) -> Result<()> {
    match checks.iter().filter(|check| check.has_failed()).count() {
        0 => Ok(()),
        n_failed => Err(Failure::new(format!("{n_failed} of {} checks failed", checks.len())).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_one_line_that_begins_with_how_it_went() {
        assert_eq!(Check::new("table t", true, "ACTIVE").to_string(), "ok      table t: ACTIVE");
        assert_eq!(Check::new("table t", false, "none").to_string(), "FAILED  table t: none");
        assert_eq!(Check::skipped("a call", "no key").to_string(), "skipped a call: no key");
    }

    #[test]
    fn one_failed_check_fails_the_command_and_a_skipped_one_does_not() {
        let passed = Check::new("a", true, "");
        assert!(verdict(&[passed.clone(), Check::skipped("b", "")]).is_ok());
        let checks = [passed, Check::new("c", false, "")];
        assert_eq!(document(&checks, None)["ok"], false);
        let error = verdict(&checks).unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 1);
    }
}
