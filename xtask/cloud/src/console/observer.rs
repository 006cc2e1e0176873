//! Who hears what a command does while it does it.
//!
//! Invariant: whoever changes or waits for something is handed an observer and prints nothing itself, so that people and
//! programs hear the same at the same time.

use std::fmt;

use cloudformation::diagnosis::FailedEvent;
use cloudformation::event::StackEvent;
use cloudformation::progress::Step;
use cloudformation::resource_change::ResourceChange;

/// What can be heard. [`Reporter`](super::reporter::Reporter) tells it.
pub trait Observer: fmt::Debug + Sync {
    /// A sentence about what is done, or why not.
    fn note(&self, sentence: &str);
    /// What a change set would do to one resource of a stack.
    fn change(&self, stack: &str, change: &ResourceChange);
    /// What CloudFormation did, and how long it took.
    fn event(&self, event: &StackEvent, step: &Step);
    /// One of the reasons for which an operation failed.
    fn failure(&self, failure: &FailedEvent);
    /// An owner's lines beneath all others, in the place of those it had; none takes them away.
    fn live_area(&self, owner: &str, lines: Vec<String>);
}

/// An owner's lines beneath all others, for as long as this lives.
#[derive(Debug)]
pub struct Lines<'a> {
    observer: &'a dyn Observer,
    owner: &'a str,
}

impl<'a> Lines<'a> {
    /// None yet.
    pub fn new(observer: &'a dyn Observer, owner: &'a str) -> Self {
        Self { observer, owner }
    }

    /// Shows these in the place of those before.
    pub fn show(&self, lines: Vec<String>) {
        self.observer.live_area(self.owner, lines);
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        self.observer.live_area(self.owner, Vec::new());
    }
}
