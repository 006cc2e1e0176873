//! The events of a live minute by their hashes.
//!
//! Invariant: each is there once. Adding a few costs what these are, however many there are: they wait beside the others
//! until they are an eighth of them.

use crate::digest::Trace;
use crate::hash::Hash;

/// Of how many others those are that wait, at most.
const SHARE: usize = 8;

/// Traces, each of another event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces {
    /// By hash.
    settled: Vec<Trace>,
    /// Those that came after them, by hash.
    latest: Vec<Trace>,
}

impl Traces {
    /// The trace of an event.
    pub(crate) fn get(&self, id: Hash) -> Option<Trace> {
        let found = |run: &[Trace]| Some(*run.get(place(run, id)?)?);
        found(&self.settled).or_else(|| found(&self.latest))
    }

    /// Puts a trace in the place of the one of its event.
    pub(crate) fn replace(&mut self, trace: Trace) {
        for run in [&mut self.settled, &mut self.latest] {
            if let Some(known) = place(run, trace.id).and_then(|place| run.get_mut(place)) {
                *known = trace;
            }
        }
    }

    /// Adds traces of events that it has none of, each of another.
    pub(crate) fn add(&mut self, mut unseen: Vec<Trace>) {
        join(&mut self.latest, &mut unseen);
        if self.latest.len() * SHARE > self.settled.len() {
            join(&mut self.settled, &mut self.latest);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Trace> {
        self.settled.iter().chain(&self.latest).copied()
    }

    pub(crate) const fn len(&self) -> usize {
        self.settled.len() + self.latest.len()
    }

    /// Gives back the room in which nothing has grown.
    pub(crate) fn shrink(&mut self) {
        self.settled.shrink_to_fit();
        self.latest.shrink_to_fit();
    }
}

fn place(run: &[Trace], id: Hash) -> Option<usize> {
    run.binary_search_by_key(&id, |trace| trace.id).ok()
}

/// Moves traces into a run. Both are in order already, which the sort makes use of.
fn join(run: &mut Vec<Trace>, more: &mut Vec<Trace>) {
    run.append(more);
    run.sort_by_key(|trace| trace.id);
}
