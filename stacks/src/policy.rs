//! Who may do what: grants, and the policies they become.
//!
//! Invariant: a grant names its resources; everything (`*`) is only for actions that AWS gives no narrower resource,
//! and each of those says why.

use serde_json::{Value as Json, json};

use crate::value::Expression;

/// Some actions on some resources, made by a verb of what they are on: see [`crate::actions`].
#[derive(Clone, Debug)]
pub struct Grant(Vec<Right>);

/// Actions on one resource.
#[derive(Clone, Debug)]
struct Right {
    actions: &'static [&'static str],
    on: Scope,
}

/// What a right is on.
#[derive(Clone, Debug)]
enum Scope {
    /// One ARN, with its name for people.
    Exactly(Expression, String),
    /// Everything, because AWS has nothing narrower.
    Everything { because: &'static str, only_if: Option<Condition> },
}

/// A key of the request's context and the values it may have.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) key: &'static str,
    pub(crate) one_of: Vec<&'static str>,
}

impl Grant {
    /// Actions on one resource: its ARN, and its name for people.
    pub(crate) fn on(arn: &Expression, readable: &str, actions: &'static [&'static str]) -> Self {
        Self(vec![Right { actions, on: Scope::Exactly(arn.clone(), readable.into()) }])
    }

    /// Actions that AWS gives no narrower resource.
    pub(crate) fn on_everything(
        because: &'static str,
        actions: &'static [&'static str],
        only_if: Option<Condition>,
    ) -> Self {
        Self(vec![Right { actions, on: Scope::Everything { because, only_if } }])
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
        let Self { actions, on } = self;
        let mut statement = json!({"Effect": "Allow", "Action": actions});
        match on {
            Scope::Exactly(arn, _) => statement["Resource"] = json!(arn),
            Scope::Everything { because: _, only_if } => {
                statement["Resource"] = json!("*");
                if let Some(Condition { key, one_of }) = only_if {
                    statement["Condition"] = json!({"StringEquals": {*key: one_of}});
                }
            }
        }
        statement
    }

    fn outline(&self, who: &str) -> Vec<String> {
        let on = match &self.on {
            Scope::Exactly(_, name) => name.clone(),
            Scope::Everything { because, only_if: None } => format!("* ({because})"),
            Scope::Everything { because, only_if: Some(Condition { key, one_of }) } => {
                format!("* only if {key} is {} ({because})", one_of.join(" or "))
            }
        };
        self.actions.iter().map(|action| format!("{who} may {action} on {on}")).collect()
    }
}

/// A policy document of these statements.
pub(crate) fn document(statements: Vec<Json>) -> Json {
    json!({"Version": "2012-10-17", "Statement": statements})
}
