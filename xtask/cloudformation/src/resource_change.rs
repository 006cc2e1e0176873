//! What a change set does to one resource.
//!
//! Invariant: a change that takes data away is told from all others by what CloudFormation says, not by its name.

use serde_json::{Value, json};

use super::data_resource::HOLDS_DATA;

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// What is done to it.
    pub action: Action,
    pub logical_id: String,
    /// Such as `AWS::Lambda::Function`.
    pub resource_type: String,
    /// Whether another resource takes its place.
    pub replacement: Replacement,
    /// Which properties change, such as `Properties.Handler`.
    pub paths: Vec<String>,
    /// Whether a removed resource is left in the account.
    pub retained: bool,
}

/// What a change set does to a resource (CloudFormation API Reference, "ResourceChange").
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Add,
    /// It is made another.
    Modify,
    /// It leaves the stack.
    Remove,
    /// It is there, and becomes part of the stack.
    Import,
    /// What CloudFormation calls so, such as `Dynamic`: it is not known before, or of no concern here.
    Other(String),
}

/// Whether a change replaces its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// It does.
    True,
    /// It depends on values that CloudFormation does not know yet.
    Conditional,
    /// It does not, or there is nothing to replace.
    False,
}

impl Action {
    /// As CloudFormation spells it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Add => "Add",
            Self::Modify => "Modify",
            Self::Remove => "Remove",
            Self::Import => "Import",
            Self::Other(action) => action,
        }
    }
}

impl From<&str> for Action {
    fn from(action: &str) -> Self {
        let known = [Self::Add, Self::Modify, Self::Remove, Self::Import];
        known.into_iter().find(|known| known.as_str() == action).unwrap_or_else(|| Self::Other(action.to_owned()))
    }
}

impl Replacement {
    /// As CloudFormation spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::Conditional => "Conditional",
            Self::False => "False",
        }
    }
}

impl From<&str> for Replacement {
    fn from(replacement: &str) -> Self {
        match replacement {
            "True" => Self::True,
            "Conditional" => Self::Conditional,
            _ => Self::False,
        }
    }
}

impl ResourceChange {
    /// The change in words.
    pub fn line(&self) -> String {
        let (sign, verb) = match self.action {
            Action::Add => ('+', "add"),
            Action::Remove if self.retained => ('-', "leave in the account, outside the stack"),
            Action::Remove => ('-', "remove"),
            Action::Import => ('<', "adopt with its data"),
            Action::Modify | Action::Other(_) => ('~', "change"),
        };
        let replacement = match self.replacement {
            Replacement::True => " REPLACES",
            Replacement::Conditional => " MAY REPLACE",
            Replacement::False => "",
        };
        let paths = if self.paths.is_empty() { String::new() } else { format!(" ({})", self.paths.join(", ")) };
        format!("  {sign} {verb}{replacement} {} {}{paths}", self.logical_id, self.resource_type)
    }

    /// The change for programs.
    pub fn object(&self, stack: &str) -> Value {
        let Self { action, logical_id, resource_type, replacement, paths, retained } = self;
        json!({
            "type": "change", "stack": stack, "action": action.as_str(), "logicalId": logical_id, "resourceType": resource_type,
            "replacement": replacement.as_str(), "paths": paths,
            "retained": retained
        })
    }

    /// Whether the change takes a table, a stream or a bucket away, or puts an empty one in its place.
    ///
    /// `Conditional` is not a loss here: CloudFormation says it of any value that it does not know yet, and a change of a
    /// property that is fixed at creation was refused before, by our own comparison of the templates.
    pub fn loses_data(&self) -> bool {
        let holds_data = HOLDS_DATA.contains(&self.resource_type.as_str());
        holds_data && (self.replacement == Replacement::True || (self.action == Action::Remove && !self.retained))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, resource_type: &str, replacement: &str, retained: bool) -> ResourceChange {
        ResourceChange {
            action: action.into(),
            logical_id: "Thing".into(),
            resource_type: resource_type.into(),
            replacement: replacement.into(),
            paths: vec!["Properties.TableName".into()],
            retained,
        }
    }

    #[test]
    fn a_change_reads_as_a_sentence() {
        let line = change("Modify", "AWS::DynamoDB::Table", "True", false).line();
        assert_eq!(line, "  ~ change REPLACES Thing AWS::DynamoDB::Table (Properties.TableName)");
        let line = change("Remove", "AWS::DynamoDB::Table", "", true).line();
        assert!(line.starts_with("  - leave in the account"), "{line}");
        let line = change("Import", "AWS::DynamoDB::Table", "", false).line();
        assert!(line.starts_with("  < adopt with its data"), "{line}");
    }

    #[test]
    fn only_changes_that_take_data_away_lose_data() {
        assert!(change("Modify", "AWS::DynamoDB::Table", "True", false).loses_data());
        assert!(change("Modify", "AWS::Kinesis::Stream", "True", false).loses_data());
        assert!(change("Remove", "AWS::DynamoDB::Table", "", false).loses_data());
        assert!(!change("Remove", "AWS::DynamoDB::Table", "", true).loses_data());
        assert!(!change("Modify", "AWS::DynamoDB::Table", "False", false).loses_data());
        assert!(!change("Modify", "AWS::Kinesis::Stream", "Conditional", false).loses_data());
        assert!(!change("Remove", "AWS::Lambda::Function", "", false).loses_data());
    }
}
