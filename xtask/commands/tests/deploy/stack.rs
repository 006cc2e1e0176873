//! A stack whose events were recorded: what has been shown of them, and what is to come.
//!
//! Invariant: its status is that of its own newest event that has been shown.

use std::collections::{BTreeMap, VecDeque};

use crate::scenario::{Recorded, StackEvent};

#[derive(Debug, Default)]
pub(crate) struct Stack {
    pub(crate) recorded: Recorded,
    pub(crate) shown: Vec<StackEvent>,
    pub(crate) coming: VecDeque<StackEvent>,
    /// The status before the last call, and how many looks still see it.
    pub(crate) stale: Option<(String, usize)>,
    pub(crate) n_calls: BTreeMap<String, usize>,
    pub(crate) template: String,
    /// The change set that can be carried out.
    pub(crate) change_set: Option<String>,
}

impl Stack {
    /// The newest status of its own; nothing once it is gone.
    pub(crate) fn status(&self, name: &str) -> Option<&str> {
        let own = self.shown.iter().rev().find(|event| event.logical_resource_id == name);
        own.map(|event| event.resource_status.as_str()).filter(|status| *status != "DELETE_COMPLETE")
    }

    /// Lets what was recorded for a call begin; what is not recorded succeeds.
    pub(crate) fn begin(&mut self, name: &str, call: &str, prefix: &str, n_late: usize) {
        self.stale = self.status(name).map(|status| (status.to_owned(), n_late));
        let n_before = self.n_calls.entry(call.to_owned()).or_default();
        let lists = self.recorded.after.get(call).cloned().unwrap_or_default();
        let list = lists.get(*n_before).or(lists.last()).cloned();
        *n_before += 1;
        let own = |status: &str, reason: &str| StackEvent::of_stack(name, &format!("{prefix}_{status}"), reason);
        let events = list.unwrap_or_else(|| vec![own("IN_PROGRESS", "User Initiated"), own("COMPLETE", "")]);
        let mut events = VecDeque::from(events);
        // The first event is there when the call returns.
        self.shown.extend(events.pop_front());
        self.coming = events;
    }
}
