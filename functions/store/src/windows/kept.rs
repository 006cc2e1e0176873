//! What a reader has read of the parts of subjects' windows, kept from one look to the next.
//!
//! Invariant: what is kept was settled when it was read, and counts under the watermark's revision of that time alone, so
//! that a look finds what a first one would find.

use std::collections::BTreeMap;

use metering::subject::Subject;

use super::pack::Held;
use super::parts::Whole;

/// Bytes of JSON that are kept: about a hundred hours of a busy user's minutes.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// What earlier looks have read.
#[derive(Debug, Default)]
pub(super) struct Kept {
    known: BTreeMap<(Subject, Whole), Entry>,
    bytes: usize,
    looks: u64,
}

/// Some parts of a window that follow each other.
#[derive(Clone, Debug)]
pub(super) struct ReadParts {
    /// The watermark's revision under which they were read.
    revision: String,
    /// The place of the first of them.
    first: u8,
    /// The place after the last.
    pub(super) next: u8,
    /// Those in which something happened.
    parts: BTreeMap<u8, Held>,
}

#[derive(Debug)]
struct Entry {
    known: ReadParts,
    bytes: usize,
    /// The number of the look that used it last.
    look: u64,
}

impl Kept {
    /// What is known of a window from a place on, under a revision: nothing where it was not read from there, or not
    /// under that.
    pub(super) fn known(&mut self, subject: &Subject, whole: Whole, revision: &str, first: u8) -> ReadParts {
        self.looks += 1;
        let look = self.looks;
        let entry = self.known.get_mut(&(subject.clone(), whole)).filter(|entry| entry.known.goes_on(revision, first));
        let used = entry.map(|entry| {
            entry.look = look;
            entry.known.clone()
        });
        used.unwrap_or_else(|| ReadParts { revision: revision.to_owned(), first, next: first, parts: BTreeMap::new() })
    }

    /// Keeps what is known of a window, and forgets what was not used for longest while all of it is too much.
    pub(super) fn keep(&mut self, subject: &Subject, whole: Whole, known: ReadParts) {
        let bytes = known.parts.values().map(Held::bytes).sum();
        let entry = Entry { known, bytes, look: self.looks };
        self.bytes += bytes;
        self.bytes -= self.known.insert((subject.clone(), whole), entry).map_or(0, |before| before.bytes);
        while self.bytes > KEPT_BYTES
            && let Some(oldest) = self.known.iter().min_by_key(|(_, entry)| entry.look).map(|(of, _)| of.clone())
        {
            self.bytes -= self.known.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
    }
}

impl ReadParts {
    fn goes_on(&self, revision: &str, first: u8) -> bool {
        self.revision == revision && self.first <= first && first <= self.next
    }

    /// The parts from one place to another.
    pub(super) fn range(&self, first: u8, last: u8) -> BTreeMap<u8, Held> {
        self.parts.range(first..=last).map(|(place, held)| (*place, held.clone())).collect()
    }

    /// Takes over the parts before a place, if there are more of them.
    pub(super) fn learn(&mut self, parts: &BTreeMap<u8, Held>, next: u8) {
        if self.next < next {
            self.parts.extend(parts.range(self.next..next).map(|(place, held)| (*place, held.clone())));
            self.next = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use metering::usage::Usage;
    use metering::window::Hour;

    use super::*;

    fn of(n: usize) -> (Subject, Whole) {
        let subject = Subject::User(format!("{n}@example.com").parse().unwrap());
        (subject, Whole::Hour(Hour::of("2026-11-24T10:00:00Z".parse().unwrap())))
    }

    fn known(revision: &str, parts: &BTreeMap<u8, Held>) -> ReadParts {
        ReadParts { revision: revision.to_owned(), first: 10, next: 60, parts: parts.clone() }
    }

    #[test]
    fn what_was_not_used_for_longest_goes_where_all_would_be_too_much() {
        let mut kept = Kept::default();
        let company = Some("x".repeat(200).as_str().into());
        let usage = Usage { calls: 1, company, ..Usage::default() };
        let parts: BTreeMap<u8, Held> = (10..60).map(|n| (n, Held { usage: usage.clone(), course: None })).collect();
        for n in 0..1_000 {
            let (subject, whole) = of(n);
            let _ = kept.known(&of(0).0, whole, "a", 10);
            kept.keep(&subject, whole, known("a", &parts));
            assert!(kept.bytes <= KEPT_BYTES, "{} bytes", kept.bytes);
        }
        let nexts = [0, 1, 999].map(|n| kept.known(&of(n).0, of(n).1, "a", 10).next);
        assert_eq!(nexts, [60, 10, 60]);
        assert!(kept.known.len() < 900, "{} are kept", kept.known.len());
    }

    #[test]
    fn what_was_read_under_another_revision_or_from_a_later_place_is_not_known() {
        let mut kept = Kept::default();
        let (subject, whole) = of(0);
        kept.keep(&subject, whole, known("a", &BTreeMap::new()));
        let nexts = [("a", 10), ("a", 30), ("b", 10), ("a", 9)]
            .map(|(revision, first)| kept.known(&subject, whole, revision, first).next);
        assert_eq!(nexts, [60, 60, 10, 9]);
    }
}
