//! Follows what CloudFormation does to a stack until the stack is settled.
//!
//! Invariant: the verdict is the stack's own status, read from the account, once its events say the same: what an earlier
//! operation left, or a service that lags behind itself, is never taken for an outcome.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use cloudformation::event::{StackEvent, is_outcome};
use cloudformation::progress::Progress;
use cloudformation::status::{Status, is_settled};
use jiff::Timestamp;
use stacks::Stack;
use xtask::Failure;

use super::diagnosis;
use super::diagnosis::{Diagnosis, Of};
use super::read::{describe, events, status};
use super::retry::Retry;
use crate::Connection;
use crate::aws::error::Conflict;
use crate::aws::error::Transient;
use crate::console::observer::{Lines, Observer};

/// The status of what is not there.
const GONE: &str = Status::DeleteComplete.name();
/// For how long the status of a stack and its events may tell different stories.
const LAG: Duration = Duration::from_secs(300);
/// How often the live area is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// What an operation is to end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The stack as it was asked for.
    Done,
    /// No stack.
    Gone,
    /// The stack as it was before.
    RolledBack,
}

impl Goal {
    fn is_reached(self, status: &str) -> bool {
        let Some(status) = Status::of(status) else { return false };
        match self {
            Self::Done => {
                matches!(status, Status::CreateComplete | Status::UpdateComplete | Status::ImportComplete)
            }
            Self::Gone => status == Status::DeleteComplete,
            Self::RolledBack => matches!(status, Status::UpdateRollbackComplete | Status::RollbackComplete),
        }
    }
}

/// What is followed.
#[derive(Debug)]
pub struct Operation<'a> {
    /// The stack, by its id: a name no longer finds a stack that is gone.
    pub id: &'a str,
    /// The stack as it is declared, to name places in the code.
    pub declared: Option<&'a Stack>,
    /// The events that are not part of it.
    pub before: BTreeSet<String>,
    /// What it is to end in.
    pub goal: Goal,
    /// How many resources it changes, where that is known.
    pub n_all: Option<usize>,
}

/// Follows a stack, line by line, until it is settled; returns its last status.
///
/// # Errors
/// When the operation failed, with the root cause told first; [`Conflict`] where somebody else has removed the stack; or
/// when CloudFormation cannot be asked, or contradicts itself, for long.
pub async fn monitor(connection: &Connection, operation: Operation<'_>, observer: &dyn Observer) -> Result<String> {
    let Operation { id, declared, before: mut event_ids, goal, n_all } = operation;
    let once = connection.without_retries();
    let live_area = Lines::new(observer, id);
    let mut retry = Retry::new(connection.pause());
    let mut progress = Progress::of(n_all);
    let mut history = Vec::new();
    let mut doubted: Option<Instant> = None;
    let status = loop {
        match look(&once, id, &event_ids).await {
            Err(error) if error.is::<Transient>() => retry.wait(error, observer).await?,
            Err(error) => return Err(error),
            Ok((status, events)) => {
                retry.answered(observer);
                event_ids.extend(events.iter().map(|event| event.id.clone()));
                events.iter().for_each(|event| observer.event(event, &progress.take(event)));
                history.extend(events);
                if is_outcome(&status, &history) {
                    break status;
                }
                doubted = is_settled(&status).then(|| doubted.unwrap_or_else(Instant::now));
                if doubted.is_some_and(|since| since.elapsed() > LAG) {
                    return Err(contradiction(id, &status, &history).into());
                }
                wait(connection.pause(), || live_area.show(progress.live_area(Timestamp::now()))).await;
            }
        }
    };
    drop(live_area);
    if goal.is_reached(&status) {
        return Ok(status);
    }
    if status == GONE {
        let name = id.split('/').nth(1).unwrap_or(id);
        return Err(anyhow::Error::new(Conflict).context(format!("{name} was removed")));
    }
    Err(cause(connection, id, &status, &history, declared, observer).await)
}

/// Why an operation failed, with the root cause told first.
async fn cause(
    connection: &Connection,
    id: &str,
    status: &str,
    history: &[StackEvent],
    declared: Option<&Stack>,
    observer: &dyn Observer,
) -> anyhow::Error {
    let known = diagnosis::errors(connection, Of::Stack(id)).await;
    let Diagnosis { failures, error } = diagnosis::explain(id, status, history, known, declared);
    failures.iter().for_each(|failure| observer.failure(failure));
    error.into()
}

fn contradiction(id: &str, status: &str, history: &[StackEvent]) -> Failure {
    let name = id.split('/').nth(1).unwrap_or(id);
    let of_stack = history.iter().rev().find(|event| event.is_of_stack());
    let events =
        of_stack.map_or("show nothing of what was begun".to_owned(), |event| format!("end in {}", event.status));
    Failure::new(format!("{name} has been {status} for {} minutes, but its events {events}", LAG.as_secs() / 60))
        .hint("run the same command again: it picks up where the stack is by then")
}

/// The status and what is new. The status is read first: when it is settled, the events that follow are all there are.
async fn look(connection: &Connection, id: &str, known: &BTreeSet<String>) -> Result<(String, Vec<StackEvent>)> {
    match describe(connection, id).await? {
        None => Ok((GONE.to_owned(), Vec::new())),
        Some(description) => Ok((status(&description).to_owned(), events(connection, id, known).await?)),
    }
}

/// Waits, and shows how far it is in the meantime.
async fn wait(pause: Duration, show: impl Fn()) {
    let began = Instant::now();
    while let Some(left) = pause.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
        show();
        tokio::time::sleep(left.min(TICK)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roll_back_is_no_success_unless_it_is_what_was_asked_for() {
        for status in Status::ALL {
            let name = status.name();
            let is_done = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"].contains(&name);
            assert_eq!(Goal::Done.is_reached(name), is_done, "{name}");
            assert_eq!(Goal::Gone.is_reached(name), name == "DELETE_COMPLETE", "{name}");
        }
        assert!(Goal::RolledBack.is_reached("UPDATE_ROLLBACK_COMPLETE"));
        assert!(!Goal::RolledBack.is_reached("UPDATE_COMPLETE") && !Goal::Done.is_reached("PAUSE_COMPLETE"));
    }

    #[test]
    fn a_contradiction_names_both_sides() {
        let id = "arn:aws:cloudformation:ap-south-1:1:stack/S/1";
        let text = contradiction(id, "UPDATE_COMPLETE", &[]).to_string();
        assert_eq!(text, "S has been UPDATE_COMPLETE for 5 minutes, but its events show nothing of what was begun");
    }
}
