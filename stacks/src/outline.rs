//! A stack at a glance: one line for each resource, each permission and each output.
//!
//! Invariant: what the outline says of permissions is made from the same grants as the policies.

use std::fmt::Write as _;

use crate::resource::DeletionPolicy;
use crate::stack::Stack;

impl Stack {
    /// The stack in lines that a reviewer reads.
    pub fn outline(&self) -> String {
        let mut lines = vec![self.name.clone()];
        lines.extend(self.depends_on().iter().map(|stack| format!("  needs {stack}")));
        lines.push(String::new());
        let width = self.resources.keys().map(String::len).max().unwrap_or(0);
        for (id, declared) in &self.resources {
            let mut line = format!("  {id:width$}  {}", declared.resource_type);
            if !declared.summary.is_empty() {
                let _ = write!(line, ": {}", declared.summary);
            }
            if declared.deletion_policy == DeletionPolicy::Retain {
                line.push_str(", outlives its stack");
            }
            lines.push(line);
        }
        let mut permissions: Vec<String> =
            self.permissions.iter().flat_map(|permission| permission.grant.outline(&permission.who)).collect();
        permissions.sort();
        permissions.dedup();
        for section in [permissions, self.outputs.keys().map(|name| format!("gives {name}")).collect()] {
            if !section.is_empty() {
                lines.push(String::new());
                lines.extend(section.into_iter().map(|line| format!("  {line}")));
            }
        }
        lines.join("\n") + "\n"
    }
}
