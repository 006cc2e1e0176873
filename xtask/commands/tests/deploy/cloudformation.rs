//! CloudFormation, as far as the deployer calls it: what each call does to stacks, and what it answers.
//!
//! Invariant: an answer follows from the events of the stacks and from what was asked before.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use crate::http::Response;
use crate::query::{error, escaped, parameters};
use crate::scenario::{Recorded, Scenario, StackEvent};
use crate::stack::Stack;

/// How many events a look at a stack lets happen.
const STEP: usize = 3;

#[derive(Debug, Default)]
pub(crate) struct CloudFormation {
    stacks: BTreeMap<String, Stack>,
    /// Calls that the endpoint does not have.
    pub(crate) lacks: Vec<&'static str>,
    /// What was called, in order, with its parameters.
    pub(crate) calls: Vec<(String, BTreeMap<String, String>)>,
    /// How many of the next calls are throttled.
    pub(crate) n_throttled: usize,
    /// No event happens while it is set.
    pub(crate) holds: bool,
    /// How many looks at a stack's status still see what was there before a call.
    pub(crate) n_late: usize,
    /// What another deploy begins just before the next change set would be carried out.
    pub(crate) conflict: Option<Vec<StackEvent>>,
    n_change_sets: usize,
}

impl CloudFormation {
    pub(crate) fn of(scenario: Scenario) -> Self {
        let stack = |recorded: Recorded| Stack {
            shown: recorded.before.clone(),
            template: r#"{"Resources": {}}"#.to_owned(),
            recorded,
            ..Stack::default()
        };
        let stacks = scenario.stacks.into_iter().map(|(name, recorded)| (name, stack(recorded)));
        Self { stacks: stacks.collect(), ..Self::default() }
    }

    /// Lets an operation begin that another deploy has asked for.
    pub(crate) fn begin(&mut self, stack: &str, events: Vec<StackEvent>) {
        self.stacks.entry(stack.to_owned()).or_default().coming = events.into();
    }

    /// Takes a stack away, as somebody else's deletion does in the end.
    pub(crate) fn remove(&mut self, stack: &str) {
        self.stacks.remove(stack);
    }

    /// How often a call was made.
    pub(crate) fn n_calls(&self, call: &str) -> usize {
        self.calls.iter().filter(|(name, _)| name == call).count()
    }

    pub(crate) fn answer(&mut self, form: &str) -> Response {
        let parameters = parameters(form);
        let call = parameters.get("Action").cloned().unwrap_or_default();
        self.calls.push((call.clone(), parameters.clone()));
        if self.n_throttled > 0 {
            self.n_throttled -= 1;
            return error("Throttling", "Rate exceeded");
        }
        if self.lacks.contains(&&*call) {
            return error("InvalidAction", &format!("Could not find operation {call} for version 2010-05-15"));
        }
        let named = parameters.get("StackName").or(parameters.get("ChangeSetName")).cloned().unwrap_or_default();
        // An id is `arn:aws:cloudformation:…:stack/NAME/…`; those of change sets here carry the stack's name as well.
        let name = named.split('/').nth(1).unwrap_or(&named).to_owned();
        let inner = match call.as_str() {
            "DescribeStacks" => self.describe(&name),
            "DescribeStackEvents" => self.events(&name),
            "DescribeEvents" => self.operation_events(&name),
            "GetTemplate" => self.template(&name),
            "CreateChangeSet" => self.create(&name, &parameters),
            "DescribeChangeSet" => self.describe_change_set(&name),
            "DeleteChangeSet" => Ok(String::new()),
            "ListStackResources" => self.resources(&name),
            "DescribeStackResources" => Ok("<StackResources/>".to_owned()),
            "ExecuteChangeSet" => self.execute(&name, &named),
            "DeleteStack" => self.delete(&name),
            "ContinueUpdateRollback" | "RollbackStack" => self.change(&name, &call, "UPDATE_ROLLBACK"),
            _ => Err(error("InvalidAction", &format!("Unknown action: {call}"))),
        };
        inner.map_or_else(
            |refused| refused,
            |inner| Response(200, format!("<{call}Response><{call}Result>{inner}</{call}Result></{call}Response>")),
        )
    }

    fn present(&mut self, name: &str) -> Result<&mut Stack, Response> {
        let missing = error("ValidationError", &format!("Stack with id {name} does not exist"));
        self.stacks.get_mut(name).filter(|stack| !stack.shown.is_empty()).ok_or(missing)
    }

    fn describe(&mut self, name: &str) -> Result<String, Response> {
        let stack = self.present(name)?;
        let stale = stack.stale.as_mut().filter(|(_, n_looks)| *n_looks > 0).map(|(status, n_looks)| {
            *n_looks -= 1;
            status.clone()
        });
        let status = stale.or_else(|| stack.status(name).map(str::to_owned));
        let Some(status) = status else {
            return Err(error("ValidationError", &format!("Stack with id {name} does not exist")));
        };
        Ok(format!(
            "<Stacks><member><StackName>{name}</StackName><StackId>{}</StackId><StackStatus>{status}</StackStatus>\
             <CreationTime>2026-11-24T09:00:00Z</CreationTime></member></Stacks>",
            id(name)
        ))
    }

    fn events(&mut self, name: &str) -> Result<String, Response> {
        let n_steps = if self.holds { 0 } else { STEP };
        let stack = self.present(name)?;
        let n_steps = n_steps.min(stack.coming.len());
        stack.shown.extend(stack.coming.drain(..n_steps));
        let mut members = String::new();
        for (number, event) in stack.shown.iter().enumerate().rev() {
            let StackEvent { timestamp, logical_resource_id, resource_type, resource_status, resource_status_reason } =
                event;
            let _ = write!(
                members,
                "<member><EventId>{logical_resource_id}-{number}</EventId><StackId>{}</StackId>\
                 <StackName>{name}</StackName><LogicalResourceId>{logical_resource_id}</LogicalResourceId>\
                 <ResourceType>{resource_type}</ResourceType><Timestamp>{timestamp}</Timestamp>\
                 <ResourceStatus>{resource_status}</ResourceStatus>\
                 <ResourceStatusReason>{}</ResourceStatusReason></member>",
                id(name),
                escaped(resource_status_reason)
            );
        }
        Ok(format!("<StackEvents>{members}</StackEvents>"))
    }

    fn operation_events(&mut self, name: &str) -> Result<String, Response> {
        let mut members = String::new();
        for event in &self.present(name)?.recorded.operation_events {
            let fields = event.iter().map(|(field, value)| format!("<{field}>{}</{field}>", escaped(value)));
            let _ = write!(members, "<member>{}</member>", fields.collect::<String>());
        }
        Ok(format!("<OperationEvents>{members}</OperationEvents>"))
    }

    fn template(&mut self, name: &str) -> Result<String, Response> {
        Ok(format!("<TemplateBody>{}</TemplateBody>", escaped(&self.present(name)?.template)))
    }

    /// The resources that the events have shown, as the newest of each has it.
    fn resources(&mut self, name: &str) -> Result<String, Response> {
        let shown = &self.present(name)?.shown;
        let newest: BTreeMap<&str, &StackEvent> =
            shown.iter().map(|event| (event.logical_resource_id.as_str(), event)).collect();
        let mut members = String::new();
        for (logical_id, event) in newest.into_iter().filter(|(logical_id, _)| *logical_id != name) {
            let StackEvent { timestamp, resource_type, resource_status, .. } = event;
            let _ = write!(
                members,
                "<member><LogicalResourceId>{logical_id}</LogicalResourceId><ResourceType>{resource_type}</ResourceType>\
                 <ResourceStatus>{resource_status}</ResourceStatus>\
                 <LastUpdatedTimestamp>{timestamp}</LastUpdatedTimestamp></member>"
            );
        }
        Ok(format!("<StackResourceSummaries>{members}</StackResourceSummaries>"))
    }

    fn create(&mut self, name: &str, parameters: &BTreeMap<String, String>) -> Result<String, Response> {
        self.n_change_sets += 1;
        let change_set =
            format!("arn:aws:cloudformation:ap-south-1:123456789012:changeSet/{name}/{}", self.n_change_sets);
        let stack = self.stacks.entry(name.to_owned()).or_default();
        match stack.status(name) {
            None => {
                let review = StackEvent::of_stack(name, "REVIEW_IN_PROGRESS", "User Initiated");
                stack.shown.push(review);
            }
            Some(status) if status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS" => {
                let sentence = format!("Stack:{} is in {status} state and can not be updated.", id(name));
                return Err(error("ValidationError", &sentence));
            }
            Some(_) => {}
        }
        if let Some(body) = parameters.get("TemplateBody") {
            stack.template.clone_from(body);
        }
        stack.change_set = Some(change_set.clone());
        Ok(format!("<Id>{change_set}</Id><StackId>{}</StackId>", id(name)))
    }

    fn describe_change_set(&mut self, name: &str) -> Result<String, Response> {
        let asked: Vec<_> = self.calls.iter().filter(|(call, _)| call == "CreateChangeSet").cloned().collect();
        let mode = asked.last().and_then(|(_, parameters)| parameters.get("DeploymentConfig.Mode").cloned());
        let drift = asked.last().and_then(|(_, parameters)| parameters.get("DeploymentMode").cloned());
        // An older endpoint does not repeat what it does not know.
        let knows = !self.lacks.contains(&"EXPRESS");
        let mode = mode
            .filter(|_| knows)
            .map_or_else(String::new, |mode| format!("<DeploymentConfig><Mode>{mode}</Mode></DeploymentConfig>"));
        let drift = drift
            .filter(|_| knows)
            .map_or_else(String::new, |drift| format!("<DeploymentMode>{drift}</DeploymentMode>"));
        let stack = self.present(name)?;
        if let Some(reason) = &stack.recorded.refused {
            return Ok(format!("<Status>FAILED</Status><StatusReason>{}</StatusReason>", escaped(reason)));
        }
        let mut changes = stack.recorded.changes.clone();
        if changes.is_empty() {
            changes.push(("RestApi".to_owned(), "AWS::ApiGateway::RestApi".to_owned()));
        }
        let members = changes.iter().map(|(logical_id, resource_type)| {
            format!(
                "<member><Type>Resource</Type><ResourceChange><Action>Modify</Action><Replacement>False</Replacement>\
                 <LogicalResourceId>{logical_id}</LogicalResourceId><ResourceType>{resource_type}</ResourceType>\
                 </ResourceChange></member>"
            )
        });
        Ok(format!(
            "<StackName>{name}</StackName><Status>CREATE_COMPLETE</Status>\
             <ExecutionStatus>AVAILABLE</ExecutionStatus>{mode}{drift}<Changes>{}</Changes>",
            members.collect::<String>()
        ))
    }

    fn execute(&mut self, name: &str, change_set: &str) -> Result<String, Response> {
        let (other, n_late) = (self.conflict.take(), self.n_late);
        let stack = self.present(name)?;
        if let Some(mut events) = other.map(VecDeque::from) {
            let begins =
                |status: &str| StackEvent { resource_status: status.to_owned(), ..events[events.len() - 1].clone() };
            stack.shown.push(begins("UPDATE_IN_PROGRESS"));
            stack.coming = std::mem::take(&mut events);
        }
        let status = stack.status(name).unwrap_or_default().to_owned();
        let is_under_way = status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS";
        if is_under_way || stack.change_set.as_deref() != Some(change_set) {
            let sentence = format!("ChangeSet [{change_set}] cannot be executed in its current status of [OBSOLETE]");
            return Err(error("InvalidChangeSetStatus", &sentence));
        }
        stack.change_set = None;
        stack.begin(name, "ExecuteChangeSet", if status == "REVIEW_IN_PROGRESS" { "CREATE" } else { "UPDATE" }, n_late);
        Ok(String::new())
    }

    /// A deletion that is under way goes on; a change that is cannot be deleted.
    fn delete(&mut self, name: &str) -> Result<String, Response> {
        let status = self.present(name)?.status(name).unwrap_or_default().to_owned();
        if status == "DELETE_IN_PROGRESS" {
            return Ok(String::new());
        }
        if status.ends_with("_IN_PROGRESS") && (status.starts_with("UPDATE") || status.starts_with("IMPORT")) {
            let sentence = format!("Stack [{}] cannot be deleted while in status {status}", id(name));
            return Err(error("ValidationError", &sentence));
        }
        self.change(name, "DeleteStack", "DELETE")
    }

    fn change(&mut self, name: &str, call: &str, prefix: &str) -> Result<String, Response> {
        let n_late = self.n_late;
        self.present(name)?.begin(name, call, prefix, n_late);
        Ok(String::new())
    }
}

fn id(stack: &str) -> String {
    format!("arn:aws:cloudformation:ap-south-1:123456789012:stack/{stack}/1f2e3d4c")
}
