//! What is recorded: lists of events as CloudFormation emits them, by the call that sets them off.
//!
//! Invariant: the files hold what `DescribeStackEvents` and `DescribeEvents` answer, oldest event first; the ids, which
//! differ in every run, are filled in when they are played.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// An event, with the names that the API has for its fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct StackEvent {
    pub(crate) timestamp: String,
    pub(crate) logical_resource_id: String,
    pub(crate) resource_type: String,
    pub(crate) resource_status: String,
    #[serde(default)]
    pub(crate) resource_status_reason: String,
}

impl StackEvent {
    /// An event of the stack itself.
    pub(crate) fn of_stack(name: &str, status: &str, reason: &str) -> Self {
        Self {
            timestamp: "2026-11-24T10:00:00.000Z".to_owned(),
            logical_resource_id: name.to_owned(),
            resource_type: "AWS::CloudFormation::Stack".to_owned(),
            resource_status: status.to_owned(),
            resource_status_reason: reason.to_owned(),
        }
    }
}

/// What happens to one stack.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    /// The events there are before anything is asked; none for no stack.
    #[serde(default)]
    pub(crate) before: Vec<StackEvent>,
    /// By call, such as `ExecuteChangeSet`: what the first, the second … of them sets off. The last list is played again.
    #[serde(default)]
    pub(crate) after: BTreeMap<String, Vec<Vec<StackEvent>>>,
    /// How change sets end that cannot be carried out.
    #[serde(default)]
    pub(crate) refused: Option<String>,
    /// What `DescribeEvents` answers, each with the names that the API has.
    #[serde(default)]
    pub(crate) operation_events: Vec<BTreeMap<String, String>>,
    /// The changes of every change set: logical id and type.
    #[serde(default)]
    pub(crate) changes: Vec<(String, String)>,
}

/// A recorded scenario.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it is about.
    #[serde(rename = "about")]
    _about: Value,
    pub(crate) stacks: BTreeMap<String, Recorded>,
}

impl Scenario {
    /// Stacks of which nothing is known but the status.
    pub(crate) fn standing(stacks: &[(&str, &str)]) -> Self {
        let recorded = |name: &str, status: &str| Recorded {
            before: vec![StackEvent::of_stack(name, status, "")],
            ..Recorded::default()
        };
        let stacks = stacks.iter().map(|(name, status)| ((*name).to_owned(), recorded(name, status)));
        Self { stacks: stacks.collect(), ..Self::default() }
    }

    pub(crate) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/deploy/scenarios/{name}.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}
