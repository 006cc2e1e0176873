//! What a stack needs that an earlier operation left half done, before it can be changed or made anew.
//!
//! Invariant: it is shown and approved before it begins, and done only to a stack that is still as it was shown.

use std::collections::BTreeSet;

use anyhow::Result;
use aws_sdk_cloudformation::types::StackResourceSummary;
use cloudformation::data_resource::is_retained;
use cloudformation::resolution;
use cloudformation::status::{NextStep, Recovery, next_step};
use futures::future::{join_all, try_join_all};
use serde_json::Value;
use stacks::Stack;
use xtask::Failure;

use super::plan::Plan;
use crate::Connection;
use crate::aws::error::{cannot_be_called, failed_to};
use crate::stack::monitor::{Goal, Operation, monitor};
use crate::stack::read::{self, event_ids};
use crate::stack::settle::{self, Settled};

/// The ways on from these stacks as they are once each can be made or changed. What that takes is shown and approved
/// first.
///
/// # Errors
/// When it is not approved, or what has to happen first fails.
pub async fn ready(plan: &Plan<'_>, stacks: &[&Stack]) -> Result<Vec<NextStep>> {
    // Where the endpoint cannot roll a stack back it can still change it.
    let mut as_they_are: BTreeSet<&str> = BTreeSet::new();
    loop {
        let settle = stacks.iter().map(|stack| settle::settle(plan.connection, stack, plan.observer));
        let mut settled = try_join_all(settle).await?;
        for one in settled.iter_mut().filter(|one| as_they_are.contains(one.stack.name())) {
            one.next_step = NextStep::Update;
        }
        if let Some(stuck) = settled.iter().find(|one| one.next_step == NextStep::Manual) {
            return Err(by_hand(stuck).into());
        }
        let broken: Vec<(&Settled<'_>, Recovery)> =
            settled.iter().filter_map(|one| Some((one, one.recovery()?))).collect();
        if broken.is_empty() {
            return Ok(settled.iter().map(|one| one.next_step).collect());
        }
        approve(plan, &broken).await?;
        // What one of them has begun goes on, so it is followed to its end though another fails.
        let recovered = join_all(broken.iter().map(|(settled, recovery)| carry_out(*recovery, plan, settled))).await;
        for ((settled, _), is_recovered) in broken.iter().zip(recovered) {
            if !is_recovered? {
                as_they_are.insert(settled.stack.name());
            }
        }
    }
}

/// Why a deploy can do nothing, and what an operator can.
fn by_hand(settled: &Settled<'_>) -> Failure {
    let name = settled.stack.name();
    let failure =
        Failure::new(format!("{name} is {}, and CloudFormation cannot change such a stack", settled.status()));
    resolution::manual(name).into_iter().fold(failure, Failure::hint)
}

/// Shows what has to happen first, and asks once for all of it.
async fn approve(plan: &Plan<'_>, broken: &[(&Settled<'_>, Recovery)]) -> Result<()> {
    for (settled, recovery) in broken {
        plan.observer.note(&recovery.sentence(settled.stack.name(), settled.status()));
        if *recovery == Recovery::Delete {
            for line in left(plan.connection, settled.id()).await? {
                plan.observer.note(&line);
            }
        }
    }
    let question = match broken {
        [(settled, _)] => format!("Do this to {} first?", settled.stack.name()),
        _ => format!("Do this to {} stacks first?", broken.len()),
    };
    plan.approval.obtain(&question).await
}

/// What a deploy would have to do to a stack first, as a sentence; nothing where that is nothing.
///
/// # Errors
/// When CloudFormation cannot be asked.
pub async fn preview(connection: &Connection, name: &str) -> Result<Option<String>> {
    let description = read::describe(connection, name).await?;
    let status = description.as_ref().map(read::status);
    Ok(match (next_step(status), status) {
        (NextStep::Recover(recovery), Some(status)) => Some(recovery.sentence(name, status)),
        _ => None,
    })
}

impl Settled<'_> {
    fn recovery(&self) -> Option<Recovery> {
        if let NextStep::Recover(recovery) = self.next_step { Some(recovery) } else { None }
    }
}

/// Does it; says whether the endpoint can. A stack that somebody else has changed since it was shown is left as it
/// is, to be looked at again.
async fn carry_out(recovery: Recovery, plan: &Plan<'_>, settled: &Settled<'_>) -> Result<bool> {
    let Plan { connection, observer, .. } = plan;
    let Settled { stack, .. } = settled;
    let (name, id, now) = (stack.name(), settled.id(), settled.status());
    let description = read::describe(connection, id).await?;
    if description.as_ref().map(read::status) != Some(now) {
        return Ok(true);
    }
    match recovery {
        Recovery::Delete => {
            observer.note(&format!("{name} is {now}: deleting what is left of it"));
            settle::delete(connection, id, Some(stack), *observer).await?;
        }
        Recovery::RollBack => {
            observer.note(&format!("{name} is {now}: rolling it back"));
            let before = event_ids(connection, id).await?;
            match connection.cloudformation().rollback_stack().stack_name(id).send().await {
                Ok(_) => monitor(connection, rolled_back(stack, id, before), *observer).await?,
                Err(error) if cannot_be_called(&error) => return Ok(false),
                Err(error) => return Err(failed_to(format!("roll {name} back"))(error)),
            };
        }
        Recovery::ContinueRollBack => {
            observer.note(&format!("{name} is {now}: continuing the roll-back"));
            let before = event_ids(connection, id).await?;
            let go_on = connection.cloudformation().continue_update_rollback().stack_name(id);
            go_on.send().await.map_err(failed_to(format!("continue the roll-back of {name}")))?;
            monitor(connection, rolled_back(stack, id, before), *observer).await?;
        }
    }
    Ok(true)
}

fn rolled_back<'a>(stack: &'a Stack, id: &'a str, before: BTreeSet<String>) -> Operation<'a> {
    Operation { id, declared: Some(stack), before, goal: Goal::RolledBack, n_all: None }
}

/// A line for each resource that a stack still has: what goes with it, and what its template retains.
async fn left(connection: &Connection, id: &str) -> Result<Vec<String>> {
    let resources = read::resources(connection, id).await?;
    // A template that is none of ours retains nothing that we know of, and is not a reason to keep what is broken.
    let template = read::template(connection, id).await.unwrap_or_default();
    Ok(resources.iter().filter_map(|resource| line(resource, &template)).collect())
}

fn line(resource: &StackResourceSummary, template: &Value) -> Option<String> {
    let status = resource.resource_status().map_or("", |status| status.as_str());
    if matches!(status, "DELETE_COMPLETE" | "DELETE_SKIPPED") {
        return None;
    }
    let (id, resource_type) = (resource.logical_resource_id()?, resource.resource_type().unwrap_or_default());
    let is_kept = is_retained(&template["Resources"][id], "DeletionPolicy");
    let what = if is_kept { "= keep" } else { "- remove" };
    Some(format!("      {what} {id} {resource_type}"))
}
