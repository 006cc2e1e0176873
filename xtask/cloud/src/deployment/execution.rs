//! Change sets shown, approved, and carried out in the order of the stacks' dependencies.
//!
//! Invariant: what is carried out is what was shown, and a refusal leaves nothing behind.

use anyhow::Result;
use futures::future::join_all;
use stacks::Stack;
use xtask::Failure;

use super::plan::Plan;
use crate::stack::change_set::{self, ChangeSet};
use crate::stack::monitor::{self, Goal, Operation};
use crate::stack::{order, read};

/// Shows the change sets and asks once for all of them.
///
/// # Errors
/// When one would lose data that nobody gave up, or the answer is not yes; the change sets are removed then.
pub async fn approve(plan: &Plan<'_>, prepared: &[(&Stack, Option<ChangeSet>)]) -> Result<()> {
    let observer = plan.observer;
    let mut losses = Vec::new();
    let mut n_changes = 0;
    for (stack, change_set) in prepared {
        let Some(change_set) = change_set else {
            observer.note(&format!("{}: no changes", stack.name()));
            continue;
        };
        let n_here = change_set.changes.len();
        observer.note(&format!("{}: {}", stack.name(), counted(n_here)));
        for change in &change_set.changes {
            observer.change(stack.name(), change);
            if change.loses_data() {
                losses.push(format!("{} {}", change.logical_id, change.resource_type));
            }
        }
        n_changes += n_here.max(1);
    }
    let approved = if !losses.is_empty() && !plan.allow_data_loss {
        Err(Failure::new(format!("refused: this would lose the data of {}", losses.join(", ")))
            .hint("keep the resource as it is, or add --allow-data-loss if its data may go")
            .into())
    } else if n_changes == 0 {
        Ok(())
    } else {
        plan.approval.obtain(&format!("Carry out {}?", counted(n_changes))).await
    };
    if approved.is_err() {
        for change_set in prepared.iter().filter_map(|(_, change_set)| change_set.as_ref()) {
            change_set::discard(plan.connection, &change_set.id, &change_set.stack_id).await?;
        }
    }
    approved
}

fn counted(n_changes: usize) -> String {
    format!("{n_changes} change{}", if n_changes == 1 { "" } else { "s" })
}

/// Carries the change sets out, wave by wave; returns the names of the stacks that changed. When one of a wave fails the
/// others are followed to their end all the same, because CloudFormation goes on with them.
///
/// # Errors
/// The first failure, once the wave is settled.
pub async fn carry_out(plan: &Plan<'_>, prepared: &[(&Stack, Option<ChangeSet>)]) -> Result<Vec<String>> {
    let mut changed = Vec::new();
    let stacks: Vec<&Stack> = prepared.iter().map(|(stack, _)| *stack).collect();
    for wave in order::waves(&stacks)? {
        let due = prepared.iter().filter(|(stack, _)| wave.contains(&stack.name()));
        let due: Vec<(&Stack, &ChangeSet)> =
            due.filter_map(|(stack, change_set)| Some((*stack, change_set.as_ref()?))).collect();
        let ended = join_all(due.iter().map(|(stack, change_set)| carry_out_one(plan, stack, change_set))).await;
        ended.into_iter().collect::<Result<Vec<String>>>()?;
        changed.extend(due.iter().map(|(stack, _)| stack.name().to_owned()));
    }
    Ok(changed)
}

async fn carry_out_one(plan: &Plan<'_>, stack: &Stack, change_set: &ChangeSet) -> Result<String> {
    let id = change_set.stack_id.as_str();
    let before = read::event_ids(plan.connection, id).await?;
    change_set::execute(plan.connection, change_set).await?;
    let n_all = Some(change_set.changes.len());
    let operation = Operation { id, declared: Some(stack), before, goal: Goal::Done, n_all };
    monitor::monitor(plan.connection, operation, plan.observer).await
}
