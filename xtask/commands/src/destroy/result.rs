//! What a destroy has removed, and what it has left.
//!
//! Invariant: data that is not named as deleted is still there.

use cloudformation::data_resource::DataResource;
use cloudformation::resource_type;
use serde_json::{Value, json};
use xtask::Printer;

/// What came of it.
#[derive(Debug, Default)]
pub struct Removed {
    /// The stacks that went.
    pub stacks: Vec<String>,
    /// Data that went with them.
    pub deleted: Vec<DataResource>,
    /// Data that stayed.
    pub kept: Vec<DataResource>,
    /// Whether everything on the stream was counted; nothing where the stream stays.
    pub drained: Option<bool>,
}

impl Removed {
    /// As a document.
    pub fn document(&self) -> Value {
        let Self { stacks, deleted, kept, drained } = self;
        let names = |resources: &[DataResource]| resources.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        json!({"removed": stacks, "deleted": names(deleted), "kept": names(kept), "drained": drained})
    }

    /// For people.
    pub fn show(&self, printer: &Printer) {
        let Self { stacks, deleted, kept, drained: _ } = self;
        if stacks.is_empty() && deleted.is_empty() {
            printer.say("nothing to remove: no such stack is deployed");
            kept.iter().for_each(|one| printer.say(format!("kept from before: {} ({})", one.name, one.resource_type)));
            return;
        }
        stacks.iter().for_each(|stack| printer.data(format!("removed {stack}")));
        deleted.iter().for_each(|resource| printer.data(format!("deleted {}", resource.name)));
        kept.iter().for_each(|resource| printer.data(format!("kept {}", resource.name)));
        if kept.iter().any(|resource| resource.resource_type == resource_type::TABLE) {
            printer.say("the next deploy adopts the tables with their data");
        }
    }
}
