//! A stack's diff, as lines and as JSON.
//!
//! Invariant: every finding is shown, beneath the change that causes it.

use cloudformation::impact::{self, Finding};
use cloudformation::render::short;
use cloudformation::template_diff::{self, Difference, Edit};
use serde_json::{Value, json};

/// What a deploy would do to one stack.
#[derive(Clone, Debug)]
pub struct StackDiff {
    pub stack: String,
    /// Whether there is no such stack yet.
    pub is_new: bool,
    /// What differs.
    pub changes: Vec<Difference>,
    /// What that means.
    pub findings: Vec<Finding>,
}

impl StackDiff {
    /// Compares what is there, if anything is, with what would be.
    pub fn of(stack: &str, old: Option<&Value>, new: &Value) -> Self {
        let before = old.unwrap_or(&Value::Null);
        Self {
            stack: stack.to_owned(),
            is_new: old.is_none(),
            changes: template_diff::differences(before, new),
            findings: impact::verdict(before, new),
        }
    }

    /// The report for people: one line for each change, and one beneath it for each finding.
    pub fn lines(&self) -> Vec<String> {
        let Self { stack, is_new, changes, .. } = self;
        let count = match changes.len() {
            0 => return vec![format!("{stack}: no changes")],
            1 => "1 change".to_owned(),
            n => format!("{n} changes"),
        };
        let new = if *is_new { ", a new stack" } else { "" };
        let mut lines = vec![format!("{stack}: {count}{new}")];
        for (index, change) in changes.iter().enumerate() {
            lines.push(format!("  {}", line(change)));
            let findings = self.findings.iter().filter(|finding| self.cause(finding) == Some(index));
            lines.extend(findings.map(|finding| format!("      {}: {}", finding.mark, finding.why)));
        }
        lines
    }

    /// The report for programs.
    pub fn to_json(&self) -> Value {
        let changes: Vec<Value> = self
            .changes
            .iter()
            .enumerate()
            .map(|(index, change)| {
                let findings = self.findings.iter().filter(|finding| self.cause(finding) == Some(index));
                let marks: Vec<Value> = findings.map(Finding::to_json).collect();
                let Difference { logical_id, resource_type, path, edit } = change;
                let (action, old, new) = match edit {
                    Edit::Added(new) => ("add", &Value::Null, new),
                    Edit::Removed(old) => ("remove", old, &Value::Null),
                    Edit::Changed { old, new } => ("change", old, new),
                };
                json!({"action": action, "logicalId": logical_id, "type": resource_type, "path": path, "old": old, "new": new, "marks": marks})
            })
            .collect();
        json!({"stack": self.stack, "isNew": self.is_new, "changes": changes})
    }

    /// The change that a finding is about: the one whose path is nearest, else the last of its resource.
    fn cause(&self, finding: &Finding) -> Option<usize> {
        let own = self.changes.iter().enumerate().filter(|(_, change)| change.logical_id == finding.logical_id);
        let nearness = |change: &Difference| common(&change.path, &finding.path);
        own.max_by_key(|(_, change)| nearness(change)).map(|(index, _)| index)
    }
}

fn line(change: &Difference) -> String {
    let Difference { logical_id, resource_type, path, edit } = change;
    // Of a whole resource its name and type say enough; its properties are in the template and in --json.
    let is_whole = path.is_empty() && resource_type.contains("::");
    let place = if path.is_empty() { String::new() } else { format!(" {path}") };
    match edit {
        Edit::Added(_) if is_whole => format!("+ {logical_id} {resource_type}"),
        Edit::Removed(_) if is_whole => format!("- {logical_id} {resource_type}"),
        Edit::Added(new) => format!("+ {logical_id} {resource_type}{place}: {}", short(new)),
        Edit::Removed(old) => format!("- {logical_id} {resource_type}{place}: {}", short(old)),
        Edit::Changed { old, new } => {
            format!("~ {logical_id} {resource_type}{place}: {} -> {}", short(old), short(new))
        }
    }
}

/// How many characters two paths have in common from the left.
fn common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str, hours: u32) -> Value {
        json!({"Resources": {"UsageStream": {"Type": "AWS::Kinesis::Stream",
            "Properties": {"Name": name, "RetentionPeriodHours": hours, "ShardCount": 2}}}})
    }

    #[test]
    fn each_change_is_a_line_with_its_findings_beneath() {
        let report = StackDiff::of("S", Some(&stream("a", 168)), &stream("b", 24));
        assert_eq!(
            report.lines(),
            [
                "S: 2 changes",
                "  ~ UsageStream AWS::Kinesis::Stream Properties.Name: \"a\" -> \"b\"",
                "      REPLACES: Name cannot change on an existing resource",
                "      LOSES DATA: an empty one takes its place, and the old one is deleted with all it holds",
                "  ~ UsageStream AWS::Kinesis::Stream Properties.RetentionPeriodHours: 168 -> 24",
                "      LOSES DATA: records older than 24 h go, counted or not",
            ]
        );
    }

    #[test]
    fn an_equal_stack_is_one_line() {
        let report = StackDiff::of("S", Some(&stream("a", 24)), &stream("a", 24));
        assert_eq!(report.lines(), ["S: no changes"]);
    }

    #[test]
    fn a_new_stack_names_its_resources() {
        let report = StackDiff::of("S", None, &stream("a", 24));
        assert_eq!(report.lines(), ["S: 1 change, a new stack", "  + UsageStream AWS::Kinesis::Stream"]);
    }

    #[test]
    fn the_document_has_every_value_whole() {
        let long = "x".repeat(500);
        let document = StackDiff::of("S", Some(&stream("a", 168)), &stream(&long, 168)).to_json();
        assert_eq!(document["changes"][0]["new"], Value::String(long));
        assert_eq!(document["changes"][0]["marks"][0]["mark"], "REPLACES");
    }

    #[test]
    fn no_finding_is_left_out_where_paths_are_written_differently() {
        let role = |action: &str| {
            json!({"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyName": "p",
                "PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}}]}}}})
        };
        let lines = StackDiff::of("S", Some(&role("a:B")), &role("c:D")).lines();
        assert_eq!(lines.last().map(String::as_str), Some("      WIDENS ACCESS: allows c:D on *"));
    }
}
