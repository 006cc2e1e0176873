//! What a command tells while it runs: to people line by line, to programs as objects.
//!
//! Invariant: both hear the same at the same time, and a program's last object, or its only document, is the result.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use cloudformation::diagnosis::FailedEvent;
use cloudformation::event::StackEvent;
use cloudformation::progress::Step;
use cloudformation::resource_change::ResourceChange;
use jiff::Timestamp;
use metering::window::iso_millis;
use serde_json::{Value, json};
use xtask::cli::Json;
use xtask::{Failure, Printer, failure};

use super::observer::Observer;

/// How much of an operation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Every change and every event.
    Full,
    /// One line for each stack, and whatever goes wrong.
    Brief,
}

#[derive(Debug)]
pub struct Reporter {
    printer: Printer,
    detail: Detail,
    json: Option<Json>,
    /// What a document will list.
    told: Mutex<Vec<Value>>,
}

impl Reporter {
    /// Everything, in the form that the command line asks for.
    pub fn full(printer: &Printer, json: Option<Json>) -> Self {
        Self { printer: *printer, detail: Detail::Full, json, told: Mutex::default() }
    }

    /// The outline, for people.
    pub fn brief(printer: &Printer) -> Self {
        Self { detail: Detail::Brief, ..Self::full(printer, None) }
    }

    /// A problem that is not a failure yet, with its hints.
    pub fn problem(&self, problem: &Failure) {
        self.printer.say(format!("problem: {problem}"));
        problem.hints().iter().for_each(|hint| self.printer.hint(hint));
        self.object(json!({"type": "problem", "message": problem.to_string(), "hints": problem.hints()}));
    }

    /// How it goes, for people who have no terminal on which a live area shows it.
    pub fn without_terminal(&self, sentence: &str) {
        if !std::io::stderr().is_terminal() {
            self.printer.say(sentence);
        }
    }

    /// An object for programs.
    pub fn object(&self, object: Value) {
        match self.json {
            Some(Json::Lines) => self.printer.json_line(&object),
            Some(Json::Document) => self.told.lock().unwrap_or_else(PoisonError::into_inner).push(object),
            None => {}
        }
    }

    /// Ends the story with what came of it: as a document or a last line for programs, and shown to people.
    ///
    /// # Errors
    /// The failure that it ends with, told to programs first.
    pub fn end<T>(&self, outcome: Result<T>, document: impl FnOnce(&T) -> Value, show: impl FnOnce(&T)) -> Result<()> {
        match (self.json, &outcome) {
            (None, Ok(done)) => show(done),
            (None, Err(_)) => {}
            (Some(Json::Document), _) => {
                let failed = |error: &anyhow::Error| json!({ "failure": failure_object(error) });
                let mut whole = outcome.as_ref().map_or_else(failed, document);
                whole["events"] = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner)).into();
                self.printer.json(&whole);
            }
            (Some(Json::Lines), _) => {
                let kind = if outcome.is_ok() { "result" } else { "failure" };
                let mut last = outcome.as_ref().map_or_else(failure_object, document);
                last["type"] = kind.into();
                self.printer.json_line(&last);
            }
        }
        outcome.map(|_| ())
    }
}

impl Observer for Reporter {
    fn note(&self, sentence: &str) {
        self.printer.say(sentence);
        self.object(json!({"type": "note", "time": iso_millis(Timestamp::now()), "message": sentence}));
    }

    fn change(&self, stack: &str, change: &ResourceChange) {
        if self.detail == Detail::Full {
            self.printer.say(change.line());
        }
        self.object(change.object(stack));
    }

    fn event(&self, event: &StackEvent, step: &Step) {
        if self.detail == Detail::Full {
            self.printer.say(step.line(event));
        }
        self.object(step.object("event", event));
    }

    fn failure(&self, failure: &FailedEvent) {
        failure.lines().iter().for_each(|line| self.printer.say(line));
        self.object(failure.object());
    }

    fn live_area(&self, owner: &str, lines: Vec<String>) {
        self.printer.live_area(owner, lines);
    }
}

fn failure_object(error: &anyhow::Error) -> Value {
    let hints: Vec<&String> = failure::failures(error).into_iter().flat_map(|failure| failure.hints()).collect();
    json!({"message": format!("{error:#}"), "hints": hints, "exitStatus": failure::exit_status(error)})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_with_its_hints_and_its_status() {
        let error = Failure::usage("no such stack").hint("the stacks are: a").into();
        let object = failure_object(&error);
        assert_eq!(object, json!({"message": "no such stack", "hints": ["the stacks are: a"], "exitStatus": 2}));
    }

    #[test]
    fn a_document_lists_what_was_told() {
        let reporter = Reporter::full(&Printer, Some(Json::Document));
        reporter.object(json!({"type": "event"}));
        assert_eq!(reporter.told.lock().unwrap().len(), 1);
        let brief = Reporter::brief(&Printer);
        brief.object(json!({"type": "event"}));
        assert!(brief.told.lock().unwrap().is_empty() && brief.detail == Detail::Brief);
    }
}
