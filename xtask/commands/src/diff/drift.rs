//! What was changed past CloudFormation: it looks itself, and is asked until it has looked.
//!
//! Invariant: an endpoint that cannot look is said to be one, and never passes for "nothing drifted"; what the scaler may
//! choose is the scaler's and no drift.

use anyhow::Result;
use aws_sdk_cloudformation::types::{
    PropertyDifference, StackDriftDetectionStatus, StackDriftStatus, StackResourceDrift, StackResourceDriftStatus,
};
use cloudformation::render::short;
use cloudformation::scaled_stream::{PROPERTY, Scaled};
use serde_json::{Value, json};

use cloud::Connection;
use cloud::aws::error::{failed_to, is_missing, is_unknown_call};

/// A stack, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    pub stack: String,
    /// What CloudFormation says of the whole.
    pub verdict: Verdict,
    /// What is not as its template has it.
    pub resources: Vec<Drifted>,
    /// What the scaler has made of the stream.
    pub scaling: Option<Scaling>,
}

/// A number of shards that the scaler has chosen, or an operator within its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaling {
    /// The stream, and between what the scaler keeps it.
    pub scaled: Scaled,
    /// What the template has.
    pub from: u32,
    /// What is there.
    pub to: u32,
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
    pub logical_id: String,
    pub resource_type: String,
    /// Whether it is gone altogether.
    pub is_deleted: bool,
    /// What differs: the path, what the template has, and what is there.
    pub differences: Vec<(String, Option<String>, Option<String>)>,
}

/// Has CloudFormation look at a stack that has this template, and waits until it has.
///
/// # Errors
/// When it cannot be asked.
pub async fn detect(connection: &Connection, stack: &str, template: Option<&Value>) -> Result<Drift> {
    let client = connection.cloudformation();
    let without = |verdict| Drift { stack: stack.to_owned(), verdict, resources: Vec::new(), scaling: None };
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
            let scaled = template.and_then(Scaled::of);
            return Ok(Drift { resources, ..without(verdict) }.without_scaling(scaled));
        }
    }
}

impl Drift {
    /// The drift without what the scaler does.
    fn without_scaling(mut self, scaled: Option<Scaled>) -> Self {
        let Some(scaled) = scaled else { return self };
        let stream = self.resources.iter_mut().find(|resource| resource.logical_id == scaled.logical_id);
        let Some((from, to)) = stream.and_then(|stream| stream.take_scaling(&scaled)) else { return self };
        self.resources.retain(|resource| resource.is_deleted || !resource.differences.is_empty());
        if self.verdict == Verdict::Drifted && self.resources.is_empty() {
            self.verdict = Verdict::InSync;
        }
        Self { scaling: Some(Scaling { scaled, from, to }), ..self }
    }

    /// The drift for people.
    pub fn lines(&self) -> Vec<String> {
        let Self { stack, verdict, resources, scaling } = self;
        let n = resources.len();
        let mut lines = vec![match verdict {
            Verdict::InSync => format!("{stack}: no drift"),
            Verdict::Drifted => format!("{stack}: drift of {n} resource{}", if n == 1 { "" } else { "s" }),
            Verdict::Unknown(why) => format!("{stack}: whether it drifted is not known: {why}"),
            Verdict::NotSupported => format!("{stack}: looking for drift is not supported by this endpoint"),
            Verdict::NotDeployed => format!("{stack}: not deployed, so nothing drifted"),
        }];
        for Drifted { logical_id, resource_type, is_deleted, differences } in resources {
            if *is_deleted {
                lines.push(format!("  - {logical_id} {resource_type}: deleted"));
            }
            lines.extend(differences.iter().map(|(path, expected, actual)| {
                let [expected, actual] = [expected, actual].map(|value| value.as_deref().map_or("-".to_owned(), shown));
                format!("  ~ {logical_id} {resource_type} {path}: expected {expected} -> actual {actual}")
            }));
        }
        lines.extend(scaling.as_ref().map(Scaling::line));
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
        let scaling = self.scaling.as_ref().map(Scaling::to_json);
        json!({"stack": self.stack, "status": status, "resources": resources, "scaling": scaling})
    }
}

impl Scaling {
    fn line(&self) -> String {
        let Self { scaled: Scaled { logical_id, name: _, min, max }, from, to } = self;
        format!("  = {logical_id}: {from} -> {to} shards, as the scaler may choose between {min} and {max}: no drift")
    }

    fn to_json(&self) -> Value {
        let Self { scaled: Scaled { logical_id, name: _, min, max }, from, to } = self;
        json!({"logicalId": logical_id, "from": from, "to": to, "min": min, "max": max})
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
            resource_type: drift.resource_type().unwrap_or_default().to_owned(),
            is_deleted: *status == StackResourceDriftStatus::Deleted,
            differences: drift.property_differences().iter().map(difference).collect(),
        })
    }

    /// Takes the number of shards out where the scaler may have chosen it; returns what it was and is.
    fn take_scaling(&mut self, scaled: &Scaled) -> Option<(u32, u32)> {
        let is_of = |path: &str, property: &str| path.starts_with(&format!("Properties.{property}"));
        // The scaler rests while the stream is on-demand.
        if self.differences.iter().any(|(path, ..)| is_of(path, "StreamModeDetails")) {
            return None;
        }
        let at = self.differences.iter().position(|(path, ..)| is_of(path, PROPERTY))?;
        let (_, from, to) = &self.differences[at];
        let [from, to] = [from, to].map(|value| value.as_deref()?.parse().ok());
        let (from, to) = (from?, to.filter(|to| scaled.may_choose(*to))?);
        self.differences.remove(at);
        Some((from, to))
    }

    fn to_json(&self) -> Value {
        let Self { logical_id, resource_type, is_deleted, differences } = self;
        let differences: Vec<Value> = differences
            .iter()
            .map(|(path, expected, actual)| json!({"path": path, "expected": expected, "actual": actual}))
            .collect();
        let status = if *is_deleted { "DELETED" } else { "MODIFIED" };
        json!({"logicalId": logical_id, "type": resource_type, "status": status, "differences": differences})
    }
}

/// `/Tags/0/Value` as the rest of `diff` writes it: `Properties.Tags[0].Value`.
fn path(pointer: &str) -> String {
    pointer.split('/').skip(1).fold("Properties".to_owned(), |path, part| {
        if part.parse::<usize>().is_ok() { format!("{path}[{part}]") } else { format!("{path}.{part}") }
    })
}

/// A value of CloudFormation's, which is JSON where it is not plain text.
fn shown(text: &str) -> String {
    serde_json::from_str(text).map_or_else(|_| short(&Value::String(text.to_owned())), |value| short(&value))
}

#[cfg(test)]
mod tests;
