//! What goes wrong, said once.
//!
//! Invariant: between two reports of one matter lies a report that it is settled.

use std::collections::BTreeSet;
use std::sync::Arc;

/// Where reports go.
pub(crate) type Notify = Arc<dyn Fn(String) + Send + Sync>;

/// The matters that are open.
pub(crate) struct IssueLog {
    report: Notify,
    open: BTreeSet<String>,
}

impl IssueLog {
    /// None yet.
    pub(crate) fn new(report: Notify) -> Self {
        Self { report, open: BTreeSet::new() }
    }

    /// Says that something is wrong, unless that is said already.
    pub(crate) fn open(&mut self, matter: &str, text: impl FnOnce() -> String) {
        if self.open.insert(matter.to_owned()) {
            (self.report)(text());
        }
    }

    /// Says that it is right again, if it was wrong.
    pub(crate) fn settle(&mut self, matter: &str, text: impl FnOnce() -> String) {
        if self.open.remove(matter) {
            (self.report)(text());
        }
    }

    /// Says something.
    pub(crate) fn say(&self, text: String) {
        (self.report)(text);
    }
}
