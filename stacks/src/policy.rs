//! Who may do what: grants, and the policies they become.
//!
//! Invariant: a grant names its resources; everything (`*`) is only for actions that AWS gives no narrower resource,
//! and each of those says why.

use serde_json::{Value as Json, json};

use crate::value::Expression;

/// In which namespace a metric is published (Service Authorization Reference, CloudWatch).
pub(crate) const NAMESPACE: &str = "cloudwatch:namespace";
/// The partition keys of the items of a request (Developer Guide, "Using IAM policy conditions for fine-grained access
/// control").
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// Some actions on some resources, made by a verb of what they are on: see [`crate::actions`].
#[derive(Clone, Debug)]
pub struct Grant(Vec<Right>);

/// Actions on one resource.
#[derive(Clone, Debug)]
struct Right {
    actions: &'static [&'static str],
    on: Scope,
    only_if: Option<Condition>,
}

/// What a right is on.
#[derive(Clone, Debug)]
enum Scope {
    /// One ARN, with its name for people.
    Exactly(Expression, String),
    /// Everything, because AWS has nothing narrower.
    Everything { because: &'static str },
}

/// What must hold of a request.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// It publishes in one of these namespaces.
    Namespaces(Vec<&'static str>),
    /// Every item that it is about is in one of these partitions; `*` at an end stands for any text.
    Partitions(Vec<String>),
}

impl Grant {
    /// Actions on one resource: its ARN, and its name for people.
    pub(crate) fn on(arn: &Expression, readable: &str, actions: &'static [&'static str]) -> Self {
        Self(vec![Right { actions, on: Scope::Exactly(arn.clone(), readable.into()), only_if: None }])
    }

    /// Actions that AWS gives no narrower resource.
    pub(crate) fn on_everything(
        because: &'static str,
        actions: &'static [&'static str],
        only_if: Option<Condition>,
    ) -> Self {
        Self(vec![Right { actions, on: Scope::Everything { because }, only_if }])
    }

    /// The same, for items of some partitions of a table alone.
    pub(crate) fn in_partitions(mut self, partitions: &[String]) -> Self {
        for right in &mut self.0 {
            right.only_if = Some(Condition::Partitions(partitions.to_vec()));
        }
        self
    }

    /// This and another, as one verb.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The grant as statements of a policy.
    pub(crate) fn statements(&self) -> impl Iterator<Item = Json> {
        self.0.iter().map(Right::statement)
    }

    /// One line for each action on each resource, as `who` has it.
    pub(crate) fn outline(&self, who: &str) -> Vec<String> {
        self.0.iter().flat_map(|right| right.outline(who)).collect()
    }
}

impl Right {
    fn statement(&self) -> Json {
        let Self { actions, on, only_if } = self;
        let resource = match on {
            Scope::Exactly(arn, _) => json!(arn),
            Scope::Everything { because: _ } => json!("*"),
        };
        let mut statement = json!({"Effect": "Allow", "Action": actions, "Resource": resource});
        if let Some(condition) = only_if {
            statement["Condition"] = condition.json();
        }
        statement
    }

    fn outline(&self, who: &str) -> Vec<String> {
        let (on, because) = match &self.on {
            Scope::Exactly(_, name) => (name.as_str(), String::new()),
            Scope::Everything { because } => ("*", format!(" ({because})")),
        };
        let only_if = self.only_if.as_ref().map(Condition::readable).unwrap_or_default();
        self.actions.iter().map(|action| format!("{who} may {action} on {on}{only_if}{because}")).collect()
    }
}

impl Condition {
    fn json(&self) -> Json {
        match self {
            Self::Namespaces(namespaces) => json!({"StringEquals": {NAMESPACE: namespaces}}),
            // Every request for an item names its partition, so that there is always a value to compare.
            Self::Partitions(partitions) => json!({"ForAllValues:StringLike": {LEADING_KEYS: partitions}}),
        }
    }

    fn readable(&self) -> String {
        match self {
            Self::Namespaces(namespaces) => format!(" only if {NAMESPACE} is {}", namespaces.join(" or ")),
            Self::Partitions(partitions) => format!(" only in {}", partitions.join(", ")),
        }
    }
}

/// A policy document of these statements.
pub(crate) fn document(statements: Vec<Json>) -> Json {
    json!({"Version": "2012-10-17", "Statement": statements})
}
