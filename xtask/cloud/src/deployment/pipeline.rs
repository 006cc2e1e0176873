//! The steps of a deploy, from the look at what is there to the outputs.
//!
//! Invariant: where another deploy was first, everything is looked at again.

use super::plan::Plan;
use super::result::DeployResult;
use super::{data_loss_guard, emulator_fixups, execution, parameters, recovery, shard_count};
use crate::aws::error::Conflict;
use crate::aws::package_bucket;
use crate::stack::change_set::ChangeSetOptions;
use crate::stack::change_set::{self, ChangeSet, Request};
use crate::stack::{import, order, read};
use crate::system::{deadlines, migration};
use anyhow::Result;
use aws_sdk_cloudformation::types::ChangeSetType;
use cloudformation::data_resource::import_template;
use cloudformation::status::NextStep;
use futures::future::try_join_all;
use serde_json::Value;
use stacks::Stack;

/// How often a deploy begins anew because another one was first.
const ROUNDS: usize = 5;

/// Says what a deploy with the toggle off leaves behind.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn hint_at_leftovers(plan: &Plan<'_>) -> Result<()> {
    let Plan { connection, app, observer, .. } = plan;
    let kinesis = contract::name::kinesis_stack(&app.env);
    if !app.toggle.is_on() && read::describe(connection, &kinesis).await?.is_some() {
        observer.note(&format!("the API counts synchronously now; {kinesis} is still deployed"));
        observer.note("hint: run `cargo xtask destroy`: it counts what is on the stream, then removes the stack");
    }
    Ok(())
}

/// Deploys the stacks of a plan, in the order they depend on each other. Where another deploy was first it is followed,
/// and what is then left to change is worked out, shown and approved anew.
///
/// # Errors
/// When it is not approved, or anything fails on the way.
pub async fn deploy(plan: &Plan<'_>) -> Result<Vec<DeployResult>> {
    for _ in 1..ROUNDS {
        match deploy_once(plan).await {
            Err(error) if error.is::<Conflict>() => {
                plan.observer.note(&format!("{error:#}: looking again at what is there"))
            }
            done => return done,
        }
    }
    deploy_once(plan).await
}

async fn deploy_once(plan: &Plan<'_>) -> Result<Vec<DeployResult>> {
    let connection = plan.connection;
    let all = plan.app.stacks()?;
    let stacks = order::select(&all, plan.stacks)?;
    for stack in &stacks {
        for dropped in stack.dropped() {
            plan.observer.note(&format!("{}: not on the local target: {dropped}", stack.name()));
        }
    }
    let bucket = package_bucket::ensure(connection, plan.observer).await?;
    let templates = stacks.iter().map(|stack| stack.template()).collect::<Vec<_>>();
    package_bucket::upload(connection, &bucket, &parameters::used(&templates, plan.packages), plan.observer).await?;

    let mut declared: Vec<(&Stack, Value)> = stacks.into_iter().zip(templates).collect();
    let next_steps = recovery::ready(plan, &declared.iter().map(|(stack, _)| *stack).collect::<Vec<_>>()).await?;
    shard_count::keep(connection, plan.options.revert_drift, &mut declared, &next_steps).await?;
    data_loss_guard::check(plan, declared.iter().zip(&next_steps)).await?;
    let imported = import_all(plan, &bucket, declared.iter().zip(&next_steps)).await?;
    let prepared = declared.iter().zip(&next_steps).map(|((stack, template), next_step)| {
        let next_step = if imported.contains(&stack.name()) { NextStep::Update } else { *next_step };
        prepare(plan, &bucket, stack, template, next_step)
    });
    let prepared: Vec<(&Stack, Option<ChangeSet>)> = try_join_all(prepared).await?;
    execution::approve(plan, &prepared).await?;
    let changed = execution::carry_out(plan, &prepared).await?;
    finish(plan, &declared, &changed).await
}

/// Takes what earlier stacks left behind into the stacks that are about to be made; returns whose.
async fn import_all<'a>(
    plan: &Plan<'_>,
    bucket: &str,
    declared: impl Iterator<Item = (&'a (&'a Stack, Value), &'a NextStep)>,
) -> Result<Vec<&'a str>> {
    let connection = plan.connection;
    let mut imports = Vec::new();
    for ((stack, template), next_step) in declared {
        if *next_step != NextStep::Create {
            continue;
        }
        let (found, left): (Vec<_>, Vec<_>) = import::existing(connection, template)
            .await?
            .into_iter()
            .partition(|resource| import::can_import(connection, resource));
        for resource in left {
            plan.observer.note(&format!("{}: the local target cannot adopt a stream, it begins empty", resource.name));
        }
        if found.is_empty() {
            continue;
        }
        let request = Request {
            stack,
            env: plan.app.env.as_str(),
            template: import_template(template, &found).to_string(),
            parameters: Vec::new(),
            kind: ChangeSetType::Import,
            imports: import::imports(&found),
            options: ChangeSetOptions::default(),
        };
        let change_set = change_set::create(connection, bucket, request, plan.observer).await?;
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
    next_step: NextStep,
) -> Result<(&'a Stack, Option<ChangeSet>)> {
    let is_new = next_step == NextStep::Create;
    let request = Request {
        stack,
        env: plan.app.env.as_str(),
        template: template.to_string(),
        parameters: parameters::values(template, bucket, plan.packages, is_new)?,
        kind: if is_new { ChangeSetType::Create } else { ChangeSetType::Update },
        imports: Vec::new(),
        options: plan.options,
    };
    Ok((stack, change_set::create(plan.connection, bucket, request, plan.observer).await?))
}

/// Loads the data that belongs to the deployment, does what the emulator left out, and reads the outputs.
async fn finish(plan: &Plan<'_>, declared: &[(&Stack, Value)], changed: &[String]) -> Result<Vec<DeployResult>> {
    let connection = plan.connection;
    let env = &plan.app.env;
    if declared.iter().any(|(stack, _)| stack.name() == contract::name::api_stack(env)) {
        deadlines::load(connection, env, plan.observer).await?;
        migration::run(connection, env, plan.observer).await?;
    }
    if connection.is_local() {
        let templates = declared.iter().map(|(_, template)| template);
        emulator_fixups::apply(connection, env, templates).await?;
    }
    let mut deployed = Vec::new();
    for (stack, _) in declared {
        let changed = changed.iter().any(|name| name == stack.name());
        deployed.push(DeployResult::read(connection, env, stack.name(), changed).await?);
    }
    Ok(deployed)
}
