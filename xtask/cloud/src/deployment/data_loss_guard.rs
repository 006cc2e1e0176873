//! What a deploy must be told before it takes data away.
//!
//! Invariant: the comparison is ours and comes before any change set, because the local system carries out what AWS
//! would refuse: the replacement of a resource with a fixed name.

use anyhow::Result;
use cloudformation::impact::{Finding, Impact, verdict};
use cloudformation::status::NextStep;
use futures::future::try_join_all;
use serde_json::Value;
use stacks::Stack;
use xtask::Failure;

use super::plan::Plan;
use crate::Connection;
use crate::stack::read;

/// Refuses changes that lose data, unless the plan allows them.
///
/// # Errors
/// When data would go and nobody said that it may, or a deployed template cannot be read.
pub async fn check<'a>(
    plan: &Plan<'_>,
    declared: impl Iterator<Item = (&'a (&'a Stack, Value), &'a NextStep)>,
) -> Result<()> {
    if plan.allow_data_loss {
        return Ok(());
    }
    let changed = declared.filter(|(_, next_step)| **next_step == NextStep::Update);
    let losses = changed.map(|((stack, template), _)| losses(plan.connection, stack.name(), template));
    let losses: Vec<Finding> = try_join_all(losses).await?.into_iter().flatten().collect();
    if losses.is_empty() { Ok(()) } else { Err(refusal(&losses).into()) }
}

async fn losses(connection: &Connection, stack: &str, template: &Value) -> Result<Vec<Finding>> {
    let Some(deployed) = read::deployed(connection, stack).await? else { return Ok(Vec::new()) };
    Ok(verdict(&deployed, template).into_iter().filter(Finding::is_guarded).collect())
}

fn refusal(losses: &[Finding]) -> Failure {
    let sentence = |finding: &Finding| {
        let Finding { logical_id, resource_type, path, why, mark: _ } = finding;
        let place = if path.is_empty() { String::new() } else { format!(" {path}") };
        format!("{logical_id} {resource_type}{place}: {why}")
    };
    let sentences: Vec<String> = losses.iter().map(sentence).collect();
    Failure::new(format!("refused, because this {}: {}", Impact::LosesData, sentences.join("; ")))
        .hint("`cargo xtask diff` shows the changes one by one")
        .hint("keep the resource as it is, or add --allow-data-loss if its data may go")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_refusal_names_each_loss_and_the_way_on() {
        let table = |name: &str| json!({"Resources": {"Calls": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": name}}}});
        let losses: Vec<Finding> = verdict(&table("a"), &table("b")).into_iter().filter(Finding::is_guarded).collect();
        let failure = refusal(&losses);
        let text = failure.to_string();
        assert!(text.contains("Calls AWS::DynamoDB::Table Properties.TableName: an empty one"), "{text}");
        assert!(failure.hints()[1].contains("--allow-data-loss"));
    }
}
