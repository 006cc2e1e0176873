//! `deploy`: from the stacks in Rust to the stacks in the account.
//!
//! Invariant: CloudFormation is the only state there is, so an interrupted deploy is finished by the next one.

pub mod adopt;
pub mod approval;
pub mod bucket;
pub mod change;
pub mod change_set;
pub mod consent;
pub mod deadlines;
pub mod deployed;
pub mod diagnosis;
pub mod emulator;
pub mod event;
pub mod execution;
pub mod hint;
pub mod manner;
pub mod mend;
pub mod operation;
pub mod order;
pub mod overtaken;
pub mod parameters;
pub mod patience;
pub mod preflight;
pub mod progress;
pub mod shards;
pub mod state;
pub mod status;
pub mod story;
pub mod way_out;

use anyhow::{Context as _, Result};
use aws_sdk_cloudformation::types::ChangeSetType;
use contract::Toggle;
use futures::future::try_join_all;
use serde_json::Value;
use stacks::{App, Stack};
use xtask::package::Package;
use xtask::{Printer, build, cli, workspace};

use crate::Connection;
use crate::interrupt::unless_interrupted;
use approval::Approval;
use change_set::{ChangeSet, Request};
use deployed::Deployed;
use manner::Manner;
use overtaken::Overtaken;
use preflight::Preflight;
use state::Way;
use story::Story;

/// How often a deploy begins anew because another one was first.
const ROUNDS: usize = 5;

/// What to deploy, and how.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Where.
    pub connection: &'a Connection,
    /// What.
    pub app: &'a App,
    /// The names of the stacks; none for all.
    pub stacks: &'a [String],
    /// The functions' packages; none to keep the code that is deployed.
    pub packages: &'a [Package],
    /// Who says yes.
    pub approval: Approval,
    /// Whether data may go.
    pub allow_data_loss: bool,
    /// How CloudFormation carries it out.
    pub manner: Manner,
    /// Who is told.
    pub story: &'a Story,
}

/// The command.
///
/// # Errors
/// When it is not approved, or anything fails on the way.
pub async fn run(args: &cli::Deploy, printer: &Printer) -> Result<()> {
    let story = Story::full(printer, args.json);
    let outcome = unless_interrupted(deploy_all(args, &story)).await;
    story.end(outcome, |deployed| deployed::document(deployed), |deployed| deployed::show(deployed, printer))
}

async fn deploy_all(args: &cli::Deploy, story: &Story) -> Result<Vec<Deployed>> {
    let printer = story.printer();
    let connection = Connection::open(&args.cloud).await?;
    let env = &args.cloud.env.env;
    // With a toggle that cannot be read the most is looked at.
    let (toggle, problems) = match workspace::toggle() {
        Ok(toggle) => (toggle, Vec::new()),
        Err(error) => (Toggle::On, vec![preflight::known(&error)]),
    };
    let app = workspace::app(env, toggle, connection.target(), args.arch.into())?;
    let all = app.stacks()?;
    let stacks = order::select(&all, &args.stacks)?;
    let declared = stacks.into_iter().map(|stack| Ok((stack, template(stack)?))).collect::<Result<Vec<_>>>()?;
    let preflight = Preflight { connection: &connection, declared: &declared, arch: args.arch };
    preflight.check(env, problems, story).await?;
    let packages =
        if connection.is_local() { build::for_this_machine(printer)? } else { build::for_lambda(args.arch, printer)? };
    let plan = Plan {
        connection: &connection,
        app: &app,
        stacks: &args.stacks,
        packages: &packages,
        approval: Approval::of(args.yes),
        allow_data_loss: args.allow_data_loss,
        manner: Manner { express: args.express, revert_drift: args.revert_drift },
        story,
    };
    let deployed = deploy(&plan, printer).await?;
    hint_at_leftovers(&connection, &app, printer).await?;
    Ok(deployed)
}

/// Says what a deploy with the toggle off leaves behind.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn hint_at_leftovers(connection: &Connection, app: &App, printer: &Printer) -> Result<()> {
    let kinesis = contract::name::kinesis_stack(&app.env);
    if !app.toggle.is_on() && operation::describe(connection, &kinesis).await?.is_some() {
        printer.say(format!("the API counts synchronously now; {kinesis} is still deployed"));
        printer.hint("run `cargo xtask destroy`: it counts what is on the stream, then removes the stack");
    }
    Ok(())
}

/// Deploys the stacks of a plan, in the order they depend on each other. Where another deploy was first it is followed,
/// and what is then left to change is worked out, shown and approved anew.
///
/// # Errors
/// When it is not approved, or anything fails on the way.
pub async fn deploy(plan: &Plan<'_>, printer: &Printer) -> Result<Vec<Deployed>> {
    for _ in 1..ROUNDS {
        match deploy_once(plan, printer).await {
            Err(error) if error.is::<Overtaken>() => {
                plan.story.say(format!("{error:#}: looking again at what is there"))
            }
            done => return done,
        }
    }
    deploy_once(plan, printer).await
}

async fn deploy_once(plan: &Plan<'_>, printer: &Printer) -> Result<Vec<Deployed>> {
    let connection = plan.connection;
    let all = plan.app.stacks()?;
    let stacks = order::select(&all, plan.stacks)?;
    for stack in &stacks {
        for dropped in stack.dropped() {
            printer.say(format!("{}: not on the local target: {dropped}", stack.name()));
        }
    }
    let bucket = bucket::ensure(connection, printer).await?;
    let templates = stacks.iter().map(|stack| template(stack)).collect::<Result<Vec<_>>>()?;
    bucket::upload(connection, &bucket, &parameters::used(&templates, plan.packages), printer).await?;

    let mut declared: Vec<(&Stack, Value)> = stacks.into_iter().zip(templates).collect();
    let ways = mend::ready(plan, &declared.iter().map(|(stack, _)| *stack).collect::<Vec<_>>()).await?;
    shards::keep(connection, plan.manner.revert_drift, &mut declared, &ways).await?;
    consent::check(plan, declared.iter().zip(&ways)).await?;
    let adopted = adopt_all(plan, &bucket, declared.iter().zip(&ways), printer).await?;
    let prepared = declared.iter().zip(&ways).map(|((stack, template), way)| {
        let way = if adopted.contains(&stack.name()) { Way::Update } else { *way };
        prepare(plan, &bucket, stack, template, way)
    });
    let prepared: Vec<(&Stack, Option<ChangeSet>)> = try_join_all(prepared).await?;
    execution::approve(plan, &prepared).await?;
    let changed = execution::carry_out(plan, &prepared).await?;
    finish(plan, &declared, &changed, printer).await
}

/// The template as JSON.
///
/// # Errors
/// When the stack wrote no JSON: a defect of ours.
pub fn template(stack: &Stack) -> Result<Value> {
    serde_json::from_str(&stack.to_json()).with_context(|| format!("the template of {}", stack.name()))
}

/// Takes what earlier stacks left behind into the stacks that are about to be made; returns whose.
async fn adopt_all<'a>(
    plan: &Plan<'_>,
    bucket: &str,
    declared: impl Iterator<Item = (&'a (&'a Stack, Value), &'a Way)>,
    printer: &Printer,
) -> Result<Vec<&'a str>> {
    let connection = plan.connection;
    let mut imports = Vec::new();
    for ((stack, template), way) in declared {
        if *way != Way::Create {
            continue;
        }
        let (found, left): (Vec<_>, Vec<_>) = adopt::existing(connection, template)
            .await?
            .into_iter()
            .partition(|resource| adopt::can_import(connection, resource));
        for resource in left {
            printer.say(format!("{}: the local target cannot adopt a stream, it begins empty", resource.name));
        }
        if found.is_empty() {
            continue;
        }
        let request = Request {
            stack,
            env: plan.app.env.as_str(),
            template: adopt::import_template(template, &found).to_string(),
            parameters: Vec::new(),
            kind: ChangeSetType::Import,
            imports: adopt::imports(&found),
            manner: Manner::default(),
        };
        let change_set = change_set::create(connection, bucket, request, plan.story).await?;
        imports.push((*stack, change_set));
    }
    execution::approve(plan, &imports).await?;
    execution::carry_out(plan, &imports).await?;
    Ok(imports.iter().map(|(stack, _)| stack.name()).collect())
}

/// The change set of a stack; none when nothing changes.
async fn prepare<'a>(
    plan: &Plan<'_>,
    bucket: &str,
    stack: &'a Stack,
    template: &Value,
    way: Way,
) -> Result<(&'a Stack, Option<ChangeSet>)> {
    let is_new = way == Way::Create;
    let request = Request {
        stack,
        env: plan.app.env.as_str(),
        template: template.to_string(),
        parameters: parameters::values(template, bucket, plan.packages, is_new)?,
        kind: if is_new { ChangeSetType::Create } else { ChangeSetType::Update },
        imports: Vec::new(),
        manner: plan.manner,
    };
    Ok((stack, change_set::create(plan.connection, bucket, request, plan.story).await?))
}

/// Loads the data that belongs to the deployment, does what the emulator left out, and reads the outputs.
async fn finish(
    plan: &Plan<'_>,
    declared: &[(&Stack, Value)],
    changed: &[String],
    printer: &Printer,
) -> Result<Vec<Deployed>> {
    let connection = plan.connection;
    let env = &plan.app.env;
    if declared.iter().any(|(stack, _)| stack.name() == contract::name::api_stack(env)) {
        deadlines::load(connection, env, printer).await?;
    }
    if connection.is_local() {
        let templates = declared.iter().map(|(_, template)| template);
        emulator::mend(connection, env, templates).await?;
    }
    let mut deployed = Vec::new();
    for (stack, _) in declared {
        let changed = changed.iter().any(|name| name == stack.name());
        deployed.push(Deployed::read(connection, env, stack.name(), changed).await?);
    }
    Ok(deployed)
}
