//! `diff`: what a deploy would change, before anything does.
//!
//! Invariant: nothing is written anywhere, and a template that cannot be read is a failure, never "no change".

pub mod access;
pub mod change;
pub mod finding;
pub mod grant;
pub mod loss;
pub mod render;
pub mod replacement;
pub mod report;
pub mod source;

use anyhow::Result;
use contract::{Environment, Toggle, name};
use serde_json::Value;
use stacks::{Architecture, Stack, Target};
use xtask::cli::Against;
use xtask::{Printer, cli, workspace};

use crate::Connection;
use crate::deploy::{order, template};
pub use finding::{Finding, Mark, verdict};
use report::Report;

/// The command; returns the exit status.
///
/// # Errors
/// When a stack is unknown, or a template cannot be made or read.
pub async fn run(args: &cli::Diff, printer: &Printer) -> Result<u8> {
    let toggle = workspace::toggle()?;
    let reports = match args.against {
        Against::Deployed => against_deployed(args, toggle, printer).await?,
        Against::Snapshots => against_snapshots(args, toggle)?,
    };
    if args.json {
        printer.json(&report::document(&reports));
    } else {
        reports.iter().flat_map(Report::lines).for_each(|line| printer.data(line));
        printer.say(report::summary(&reports));
    }
    let differs = reports.iter().any(|report| !report.changes.is_empty());
    Ok(if differs { args.exit_code } else { 0 })
}

async fn against_deployed(args: &cli::Diff, toggle: Toggle, printer: &Printer) -> Result<Vec<Report>> {
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    // Which processor the functions run on is no setting: what is deployed says it.
    let api = source::deployed(&connection, &name::api_stack(env)).await?;
    let architecture = api.as_ref().map_or(Architecture::X86_64, source::architecture);
    let stacks = workspace::app(env, toggle, connection.target(), architecture)?.stacks()?;
    let mut reports = Vec::new();
    for stack in order::select(&stacks, &args.stacks)? {
        let old = source::deployed(&connection, stack.name()).await?;
        reports.push(report(stack, old)?);
    }
    if args.stacks.is_empty() {
        say_what_stays(&connection, env, &stacks, printer).await?;
    }
    printer.say("the code of the functions is not compared: deploy builds it and uploads what changed");
    Ok(reports)
}

fn against_snapshots(args: &cli::Diff, toggle: Toggle) -> Result<Vec<Report>> {
    let env = &args.cloud.env.env;
    let api = source::snapshot(env, toggle, &name::api_stack(env))?;
    let architecture = api.as_ref().map_or(Architecture::X86_64, source::architecture);
    let stacks = workspace::app(env, toggle, Target::Aws, architecture)?.stacks()?;
    let selected = order::select(&stacks, &args.stacks)?;
    selected.into_iter().map(|stack| report(stack, source::snapshot(env, toggle, stack.name())?)).collect()
}

fn report(stack: &Stack, old: Option<Value>) -> Result<Report> {
    Ok(Report::of(stack.name(), old.as_ref(), &template(stack)?))
}

/// A stack that the toggle does not ask for stays at a deploy; only `destroy` removes it.
async fn say_what_stays(connection: &Connection, env: &Environment, stacks: &[Stack], printer: &Printer) -> Result<()> {
    for name in [name::kinesis_stack(env), name::dashboard_stack(env)] {
        let is_asked_for = stacks.iter().any(|stack| stack.name() == name);
        if !is_asked_for && source::deployed(connection, &name).await?.is_some() {
            printer.say(format!("{name}: deployed, and not asked for by the toggle; `destroy` removes it"));
        }
    }
    Ok(())
}
