//! The stream's number of shards, which the scaler chooses once the stream is there.
//!
//! Invariant: a number that the scaler may choose is taken back only when the settings begin with another one.

use anyhow::Result;
use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails};
use cloudformation::scaled_stream::{Scaled, go_on, set};
use cloudformation::status::NextStep;
use serde_json::Value;
use stacks::Stack;

use crate::Connection;
use crate::aws::error::found;
use crate::stack::read;

/// Has the templates of stacks that are there go on with the scaler's number: the one that they were deployed with, and
/// where drift is reverted the one that the stream has now, so that it is none.
///
/// # Errors
/// When what is deployed cannot be asked for.
pub async fn keep(
    connection: &Connection,
    revert_drift: bool,
    declared: &mut [(&Stack, Value)],
    next_steps: &[NextStep],
) -> Result<()> {
    let changed = declared.iter_mut().zip(next_steps).filter(|(_, next_step)| **next_step == NextStep::Update);
    for ((stack, template), _) in changed {
        let Some(scaled) = Scaled::of(template) else { continue };
        if let Some(deployed) = read::deployed(connection, stack.name()).await? {
            go_on(template, &deployed);
        }
        if revert_drift && let Some(shards) = open(connection, &scaled.name).await? {
            set(template, &scaled, shards);
        }
    }
    Ok(())
}

/// How many shards a stream has; nothing where it chooses them itself, or is not there.
async fn open(connection: &Connection, name: &str) -> Result<Option<u32>> {
    let asked = connection.kinesis().describe_stream_summary().stream_name(name).send().await;
    let summary =
        found(asked, format!("look at the stream {name}"))?.and_then(|answer| answer.stream_description_summary);
    let provisioned = summary.filter(|summary| {
        summary.stream_mode_details().map(StreamModeDetails::stream_mode) != Some(&StreamMode::OnDemand)
    });
    Ok(provisioned.and_then(|summary| u32::try_from(summary.open_shard_count()).ok()))
}
