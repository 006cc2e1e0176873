//! What a change set does to one resource.
//!
//! Invariant: a change that takes data away is told from all others by what CloudFormation says, not by its name.

use serde_json::{Value, json};

use super::data_resource::HOLDS_DATA;

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `Add`, `Modify`, `Remove`, `Import`, `Dynamic`.
    pub action: String,
    /// The resource.
    pub logical_id: String,
    /// Such as `AWS::Lambda::Function`.
    pub resource_type: String,
    /// `True`, `Conditional`, `False` or nothing.
    pub replacement: String,
    /// Which properties change, such as `Properties.Handler`.
    pub paths: Vec<String>,
    /// Whether a removed resource is left in the account.
    pub retained: bool,
}

impl Change {
    /// The change in words.
    pub fn line(&self) -> String {
        let (sign, verb) = match self.action.as_str() {
            "Add" => ('+', "add"),
            "Remove" if self.retained => ('-', "leave in the account, outside the stack"),
            "Remove" => ('-', "remove"),
            "Import" => ('<', "adopt with its data"),
            _ => ('~', "change"),
        };
        let replacement = match self.replacement.as_str() {
            "True" => " REPLACES",
            "Conditional" => " MAY REPLACE",
            _ => "",
        };
        let paths = if self.paths.is_empty() { String::new() } else { format!(" ({})", self.paths.join(", ")) };
        format!("  {sign} {verb}{replacement} {} {}{paths}", self.logical_id, self.resource_type)
    }

    /// The change for programs.
    pub fn object(&self, stack: &str) -> Value {
        let Self { action, logical_id, resource_type, replacement, paths, retained } = self;
        json!({
            "type": "change", "stack": stack, "action": action, "logicalId": logical_id, "resourceType": resource_type,
            "replacement": if replacement.is_empty() { "False" } else { replacement }, "paths": paths,
            "retained": retained
        })
    }

    /// Whether the change takes a table, a stream or a bucket away, or puts an empty one in its place.
    ///
    /// `Conditional` is no loss here: CloudFormation says it of any value that it does not know yet, and a change of a
    /// property that is fixed at creation was refused before, by our own comparison of the templates.
    pub fn loses_data(&self) -> bool {
        let holds_data = HOLDS_DATA.contains(&self.resource_type.as_str());
        holds_data && (self.replacement == "True" || (self.action == "Remove" && !self.retained))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, resource_type: &str, replacement: &str, retained: bool) -> Change {
        Change {
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
