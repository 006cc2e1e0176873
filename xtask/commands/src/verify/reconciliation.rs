//! Whether every call was counted, and once: the gateway's own record against the stream against the count.
//!
//! Invariant: only minutes in which nothing moves any more are judged, and what is beside them is read as well, so a
//! difference is one of calls and never one of clocks.

pub mod comparison;
mod source;

use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use metering::window::Minute;
use serde_json::{Value, json};

use super::{Check, Deployment};
use comparison::{Row, SHOWN, Sources, compare, numbers};

/// After the end of a minute, how long its calls may still be under way into blocks: by the journal one is moved within
/// a minute.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(2);
/// The same where the access log is compared, which is delivered late.
const LOGGED_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// Minutes before and after those that are judged, of which calls are read: clocks differ by less.
const BESIDE: i64 = 2;
/// Between the first look at a difference and the second.
const AGAIN_AFTER: Duration = Duration::from_secs(3);
/// What the line of all minutes is about.
const WHAT: &str = "every call counted once";

/// What the records say of some minutes.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    rows: Vec<Row>,
    /// Lines of the gateway's log that nobody can read.
    unreadable: Vec<String>,
    /// Which records there are, or why not.
    gateway: Result<(), &'static str>,
    stream: Result<(), &'static str>,
}

/// Compares the last `minutes` settled minutes. A difference is looked at twice: an event may just then have come late.
///
/// # Errors
/// When one of the records cannot be read.
pub async fn reconcile(deployment: &Deployment<'_>, minutes: u32, now: Timestamp) -> Result<Reconciliation> {
    let first = look(deployment, minutes, now).await?;
    if !first.rows.iter().any(Row::differs) {
        return Ok(first);
    }
    tokio::time::sleep(AGAIN_AFTER).await;
    look(deployment, minutes, now).await
}

async fn look(deployment: &Deployment<'_>, minutes: u32, now: Timestamp) -> Result<Reconciliation> {
    let is_local = deployment.connection.is_local();
    let last = Minute::of(now - if is_local { SETTLED_AFTER } else { LOGGED_AFTER }).plus(-1);
    let first = last.plus(1 - i64::from(minutes));
    let (from, to) = (first.plus(-BESIDE), last.plus(BESIDE));
    let mut sources = Sources::default();
    if !is_local {
        source::gateway(deployment, &mut sources, from, to).await?;
    }
    if deployment.toggle.is_on() {
        sources.stream = source::stream(deployment, from.start()).await?;
    }
    // The journal first: what is moved into blocks between the two is in both then, and not in neither.
    source::journal(deployment, &mut sources, from, to).await?;
    source::count(deployment, &mut sources, from, to).await?;
    let is_missing = |record: bool, why| if record { Ok(()) } else { Err(why) };
    Ok(Reconciliation {
        rows: compare(&sources, first, last),
        unreadable: sources.unreadable,
        gateway: is_missing(
            sources.gateway.is_some(),
            if is_local { "on the local system it is not compared" } else { "there is no access log" },
        ),
        stream: is_missing(
            sources.stream.is_some(),
            if deployment.toggle.is_on() { "there is no stream" } else { "calls are counted synchronously" },
        ),
    })
}

impl Reconciliation {
    /// A line for each minute that differs, one for each record that there is not, and one for all.
    pub fn checks(&self) -> Vec<Check> {
        let differing = self.rows.iter().filter(|row| row.differs());
        let mut checks: Vec<Check> =
            differing.map(|row| Check::new(format!("calls of {}", row.minute), false, row.text())).collect();
        let n_differing = checks.len();
        for (what, record) in [("calls at the gateway", self.gateway), ("calls on the stream", self.stream)] {
            checks.extend(record.err().map(|why| Check::skipped(what, why)));
        }
        checks.extend(self.left_out());
        checks.push(match (self.gateway, self.stream) {
            (Err(_), Err(_)) => Check::skipped(WHAT, "there is no other record to compare the count with"),
            _ => Check::new(WHAT, n_differing == 0, self.summary(n_differing)),
        });
        checks
    }

    /// The lines of the gateway's log that were left out, some of them by their id.
    fn left_out(&self) -> Option<Check> {
        let [first, ..] = self.unreadable.as_slice() else { return None };
        let rest = self.unreadable[1..].iter().take(SHOWN - 1).map(String::as_str);
        let ids: Vec<&str> = std::iter::once(first.as_str()).chain(rest).collect();
        let more = if self.unreadable.len() > SHOWN { ", …" } else { "" };
        let why = format!("not JSON and left out: {} ({}{more})", self.unreadable.len(), ids.join(", "));
        Some(Check::skipped("lines of the gateway's log", why))
    }

    fn summary(&self, n_differing: usize) -> String {
        let span = match (self.rows.first(), self.rows.last()) {
            (Some(first), Some(last)) => format!("{} to {}", first.minute, last.minute),
            _ => "no minutes".to_owned(),
        };
        let all = self.sum(|row| row.gateway);
        let numbers =
            numbers(all, self.sum(|row| row.stream), self.total(|row| row.journal), self.total(|row| row.counted));
        let differ = if n_differing == 0 { String::new() } else { format!("; {n_differing} minutes differ") };
        format!("{span}: {numbers}{differ}")
    }

    fn sum(&self, of: impl Fn(&Row) -> Option<u64>) -> Option<u64> {
        self.rows.iter().map(of).sum()
    }

    fn total(&self, of: impl Fn(&Row) -> u64) -> u64 {
        self.rows.iter().map(of).sum()
    }

    /// The same for a program: the sums, and the minutes that differ.
    pub fn to_json(&self) -> Value {
        json!({
            "from": self.rows.first().map(|row| row.minute),
            "to": self.rows.last().map(|row| row.minute),
            "gateway": self.sum(|row| row.gateway),
            "unreadableLines": self.unreadable.len(),
            "stream": self.sum(|row| row.stream),
            "journal": self.total(|row| row.journal),
            "counted": self.total(|row| row.counted),
            "differing": self.rows.iter().filter(|row| row.differs()).map(Row::to_json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests;
