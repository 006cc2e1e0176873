//! What was changed past CloudFormation: it looks itself, and is asked until it has looked.
//!
//! Invariant: an endpoint that cannot look is said to be one, and never passes for "nothing drifted".

use anyhow::Result;
use aws_sdk_cloudformation::types::{
    PropertyDifference, StackDriftDetectionStatus, StackDriftStatus, StackResourceDrift, StackResourceDriftStatus,
};
use serde_json::{Value, json};

use super::render::short;
use crate::Connection;
use crate::aws_error::{failed_to, is_missing, is_unknown_call};

/// A stack, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Its name.
    pub stack: String,
    /// What CloudFormation says of the whole.
    pub verdict: Verdict,
    /// What is not as its template has it.
    pub resources: Vec<Drifted>,
}

/// What became of the look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that can be looked at is as the template has it.
    InSync,
    /// Something is not.
    Drifted,
    /// It could not be looked at, or not at all of it; with the reason.
    Unknown(String),
    /// The endpoint cannot look.
    NotSupported,
    /// There is no stack.
    NotDeployed,
}

/// A resource that is not as the template has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drifted {
    /// The resource.
    pub logical_id: String,
    /// Its type.
    pub kind: String,
    /// Whether it is gone altogether.
    pub is_deleted: bool,
    /// What differs: the path, what the template has, and what is there.
    pub differences: Vec<(String, Option<String>, Option<String>)>,
}

/// Has CloudFormation look at a stack, and waits until it has.
///
/// # Errors
/// When it cannot be asked.
pub async fn of_stack(connection: &Connection, stack: &str) -> Result<Drift> {
    let client = connection.cloudformation();
    let without = |verdict| Drift { stack: stack.to_owned(), verdict, resources: Vec::new() };
    let begun = match client.detect_stack_drift().stack_name(stack).send().await {
        Ok(begun) => begun,
        Err(error) if error.as_service_error().is_some_and(is_missing) => return Ok(without(Verdict::NotDeployed)),
        Err(error) if is_unknown_call(&error) => return Ok(without(Verdict::NotSupported)),
        Err(error) => return Err(failed_to(format!("look for drift of {stack}"))(error)),
    };
    let id = begun.stack_drift_detection_id().unwrap_or_default();
    let verdict = loop {
        let ask = client.describe_stack_drift_detection_status().stack_drift_detection_id(id).send().await;
        let looked = ask.map_err(failed_to(format!("look for drift of {stack}")))?;
        match looked.detection_status() {
            Some(StackDriftDetectionStatus::DetectionInProgress) => tokio::time::sleep(connection.pause()).await,
            Some(StackDriftDetectionStatus::DetectionComplete) => match looked.stack_drift_status() {
                Some(StackDriftStatus::InSync) => break Verdict::InSync,
                Some(StackDriftStatus::Drifted) => break Verdict::Drifted,
                other => break Verdict::Unknown(other.map_or("-", StackDriftStatus::as_str).to_owned()),
            },
            _ => break Verdict::Unknown(looked.detection_status_reason().unwrap_or("no reason given").to_owned()),
        }
    };
    // A look that failed at one resource still has what it found at the others.
    let mut resources = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let ask = client.describe_stack_resource_drifts().stack_name(stack).set_next_token(page.take());
        let ask = ask.stack_resource_drift_status_filters(StackResourceDriftStatus::Modified);
        let ask = ask.stack_resource_drift_status_filters(StackResourceDriftStatus::Deleted);
        let answer = ask.send().await.map_err(failed_to(format!("read the drift of {stack}")))?;
        resources.extend(answer.stack_resource_drifts().iter().filter_map(Drifted::of));
        page = answer.next_token().map(str::to_owned);
        if page.is_none() {
            return Ok(Drift { stack: stack.to_owned(), verdict, resources });
        }
    }
}

impl Drift {
    /// The drift for people.
    pub fn lines(&self) -> Vec<String> {
        let Self { stack, verdict, resources } = self;
        let n = resources.len();
        let mut lines = vec![match verdict {
            Verdict::InSync => format!("{stack}: no drift"),
            Verdict::Drifted => format!("{stack}: drift of {n} resource{}", if n == 1 { "" } else { "s" }),
            Verdict::Unknown(why) => format!("{stack}: whether it drifted is not known: {why}"),
            Verdict::NotSupported => format!("{stack}: looking for drift is not supported by this endpoint"),
            Verdict::NotDeployed => format!("{stack}: not deployed, so nothing drifted"),
        }];
        for Drifted { logical_id, kind, is_deleted, differences } in resources {
            if *is_deleted {
                lines.push(format!("  - {logical_id} {kind}: deleted"));
            }
            lines.extend(differences.iter().map(|(path, expected, actual)| {
                let [expected, actual] = [expected, actual].map(|value| value.as_deref().map_or("-".to_owned(), shown));
                format!("  ~ {logical_id} {kind} {path}: expected {expected} -> actual {actual}")
            }));
        }
        lines
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let status = match self.verdict {
            Verdict::InSync => "IN_SYNC",
            Verdict::Drifted => "DRIFTED",
            Verdict::Unknown(_) => "UNKNOWN",
            Verdict::NotSupported => "NOT_SUPPORTED",
            Verdict::NotDeployed => "NOT_DEPLOYED",
        };
        let resources = self.resources.iter().map(Drifted::to_json).collect::<Vec<_>>();
        json!({"stack": self.stack, "status": status, "resources": resources})
    }
}

impl Drifted {
    fn of(drift: &StackResourceDrift) -> Option<Self> {
        let status = drift.stack_resource_drift_status()?;
        // The filter of the request says the same; an endpoint may not know it.
        if !matches!(status, StackResourceDriftStatus::Modified | StackResourceDriftStatus::Deleted) {
            return None;
        }
        let difference = |difference: &PropertyDifference| {
            let value = |text: Option<&str>| text.filter(|text| !text.is_empty() && *text != "null").map(str::to_owned);
            let path = path(difference.property_path().unwrap_or_default());
            (path, value(difference.expected_value()), value(difference.actual_value()))
        };
        Some(Self {
            logical_id: drift.logical_resource_id().unwrap_or_default().to_owned(),
            kind: drift.resource_type().unwrap_or_default().to_owned(),
            is_deleted: *status == StackResourceDriftStatus::Deleted,
            differences: drift.property_differences().iter().map(difference).collect(),
        })
    }

    fn to_json(&self) -> Value {
        let Self { logical_id, kind, is_deleted, differences } = self;
        let differences: Vec<Value> = differences
            .iter()
            .map(|(path, expected, actual)| json!({"path": path, "expected": expected, "actual": actual}))
            .collect();
        let status = if *is_deleted { "DELETED" } else { "MODIFIED" };
        json!({"logicalId": logical_id, "type": kind, "status": status, "differences": differences})
    }
}

/// `/Tags/0/Value` as the rest of `diff` writes it: `Properties.Tags[0].Value`.
fn path(pointer: &str) -> String {
    pointer.split('/').skip(1).fold("Properties".to_owned(), |path, part| {
        if part.parse::<usize>().is_ok() { format!("{path}[{part}]") } else { format!("{path}.{part}") }
    })
}

/// A value of CloudFormation's, which is JSON where it is no plain text.
fn shown(text: &str) -> String {
    serde_json::from_str(text).map_or_else(|_| short(&Value::String(text.to_owned())), |value| short(&value))
}

#[cfg(test)]
mod tests;
