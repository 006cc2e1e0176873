//! The usages of many subjects in one item: lines of JSON, gzipped, split by the hash of the subject as they grow.
//!
//! Invariant: what a pack may hold is fixed by its part and range, and a usage only ever grows, so that of two packs of
//! one range the one with more events is the newer, and of two usages of a subject and part likewise.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use metering::course::Course;
use metering::subject::{Range, Subject};
use metering::usage::Usage;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The level from which on packs grow before there are more of them: 256 requests for a bucket are enough.
const MANY: u8 = 4;
/// Bytes of JSON in a pack at most. An item takes 400 KB, and compression may not help at all.
const MAX_BYTES: usize = 256 * 1024;

/// How many bytes of JSON a pack is to hold, on average, and where there are many packs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    mean: usize,
    mean_of_many: usize,
}

/// What a pack holds of a subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Held {
    /// What the subject did.
    pub(super) usage: Usage,
    /// How that came about, where the part has parts itself.
    pub(super) course: Option<Course>,
}

/// The usages of some subjects.
#[derive(Clone, Debug, Default)]
pub(super) struct Pack {
    entries: Vec<Entry>,
}

/// The packs of a bucket, all of one level.
pub(super) struct Packs {
    /// How many times the bucket is split.
    pub(super) level: u8,
    /// Each range's.
    pub(super) packs: BTreeMap<Range, Pack>,
}

#[derive(Clone, Debug)]
struct Entry {
    subject: Subject,
    events: u64,
    known: u64,
    line: Vec<u8>,
}

/// A line of a body.
#[derive(Serialize, Deserialize)]
struct Line<U, C> {
    subject: String,
    usage: U,
    #[serde(skip_serializing_if = "Option::is_none", default = "Option::default")]
    course: Option<C>,
}

impl Held {
    /// How much it is, as JSON.
    pub(super) fn bytes(&self) -> usize {
        serde_json::to_vec(&(&self.usage, &self.course)).map_or(0, |json| json.len())
    }
}

impl Size {
    /// Of a minute: gzipped, about two of the kilobytes that a write is charged by, and a reader of an hour reads sixty.
    pub(super) const OF_MINUTE: Self = Self { mean: 8 << 10, mean_of_many: 32 << 10 };
    /// Of an hour, which is written once, and of which a reader of a day reads twenty-four.
    pub(super) const OF_HOUR: Self = Self { mean: 32 << 10, mean_of_many: 128 << 10 };

    const fn mean(self, level: u8) -> usize {
        if level < MANY { self.mean } else { self.mean_of_many }
    }
}

impl Packs {
    /// The packs of some usages, at the first level that makes them small enough.
    pub(super) fn of<'a>(
        usages: impl IntoIterator<Item = (&'a Subject, &'a Usage, Option<&'a Course>)>,
        size: Size,
    ) -> Self {
        let entry = |(subject, usage, course)| Entry::of(subject, usage, course);
        let whole = Pack { entries: usages.into_iter().map(entry).collect() };
        let bytes = whole.bytes();
        let fits = |packs: &Self| {
            bytes >> (2 * packs.level) <= size.mean(packs.level)
                && packs.packs.values().all(|pack| pack.bytes() <= MAX_BYTES)
        };
        let found = (0..Range::LEVELS).map(|level| whole.split(level)).find(fits);
        found.unwrap_or_else(|| whole.split(Range::LEVELS))
    }
}

impl Pack {
    /// The same usages in packs of a level.
    pub(super) fn split(&self, level: u8) -> Packs {
        let mut packs = BTreeMap::<Range, Self>::new();
        for entry in &self.entries {
            packs.entry(entry.subject.range(level)).or_default().entries.push(entry.clone());
        }
        Packs { level, packs }
    }

    /// Whose usages it holds.
    pub(super) fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.entries.iter().map(|entry| &entry.subject)
    }

    /// How many subjects' usages it holds.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The events of all its usages.
    pub(super) fn events(&self) -> u64 {
        self.entries.iter().map(|entry| entry.events).sum()
    }

    /// Of how many calls it knows the answer.
    pub(super) fn known(&self) -> u64 {
        self.entries.iter().map(|entry| entry.known).sum()
    }

    fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.line.len() + 1).sum()
    }

    /// The body of an item.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        for part in self.entries.iter().flat_map(|entry| [entry.line.as_slice(), b"\n"]) {
            gzip.write_all(part).unwrap_or_else(|error| unreachable!("a vector takes every byte: {error}"));
        }
        gzip.finish().unwrap_or_else(|error| unreachable!("a vector takes every byte: {error}"))
    }
}

impl Entry {
    fn of(subject: &Subject, usage: &Usage, course: Option<&Course>) -> Self {
        let course = course.map(|course| course.clone().bounded());
        let line = serde_json::to_vec(&Line { subject: subject.to_string(), usage, course });
        let line = line.unwrap_or_else(|error| unreachable!("a usage is plain data: {error}"));
        Self { subject: subject.clone(), events: usage.events, known: usage.performance.known(), line }
    }
}

/// The usages in a body, or nothing where it cannot be read. How they came about is not looked at.
pub(super) fn usages(body: &[u8]) -> Option<Vec<(Subject, Usage)>> {
    let usage = |line: &[u8]| {
        let Line::<_, IgnoredAny> { subject, usage, .. } = serde_json::from_slice(line).ok()?;
        Some((Subject::parse(&subject)?, usage))
    };
    lines(&unzip(body)?).map(usage).collect()
}

/// What a body holds of one subject, if anything; nothing at all where it cannot be read. The others' is not looked at:
/// a line begins with whose it is.
pub(super) fn held_of(subject: &Subject, body: &[u8]) -> Option<Option<Held>> {
    let name = serde_json::to_string(&subject.to_string()).ok()?;
    let beginning = format!(r#"{{"subject":{name},"#);
    let lines_of_all = unzip(body)?;
    let Some(line) = lines(&lines_of_all).find(|line| line.starts_with(beginning.as_bytes())) else {
        return Some(None);
    };
    let Line { usage, course, .. } = serde_json::from_slice(line).ok()?;
    Some(Some(Held { usage, course }))
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn unzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    GzDecoder::new(body).read_to_end(&mut lines).ok()?;
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(users: usize, company: usize) -> BTreeMap<Subject, Usage> {
        let usage = |n: usize| Usage {
            events: n as u64,
            calls: 1,
            company: Some("x".repeat(company).as_str().into()),
            ..Usage::default()
        };
        (0..users).map(|n| (Subject::User(format!("user{n}\"#😀@example.com").parse().unwrap()), usage(n))).collect()
    }

    fn packs(usages: &BTreeMap<Subject, Usage>) -> Packs {
        Packs::of(usages.iter().map(|(subject, usage)| (subject, usage, None)), Size::OF_MINUTE)
    }

    #[test]
    fn packs_hold_every_cell_once_and_are_split_as_they_grow() {
        for (users, company, level) in [(1, 10, 0), (20, 10, 0), (200, 256, 2), (1_000, 100, 3), (20_000, 100, 4)] {
            let usages_before = fold(users, company);
            let Packs { level: found, packs } = packs(&usages_before);
            assert_eq!(found, level, "{users} users, companies of {company}");
            let mut usages_after = BTreeMap::new();
            for (range, pack) in &packs {
                for (subject, usage) in usages(&pack.body()).unwrap() {
                    assert_eq!(&subject.range(level), range);
                    assert!(usages_after.insert(subject, usage).is_none());
                }
            }
            assert!(usages_after == usages_before, "{users} users, companies of {company}");
            assert_eq!(packs.values().map(Pack::events).sum::<u64>(), (0..users as u64).sum::<u64>());
        }
    }

    #[test]
    fn a_subject_finds_its_usage_and_how_that_came_about() {
        let usages = fold(3, 1);
        for course in [None, Some(Course::default())] {
            let Packs { packs, .. } =
                Packs::of(usages.iter().map(|(subject, usage)| (subject, usage, course.as_ref())), Size::OF_HOUR);
            let body = packs[&Range::default()].body();
            for (subject, usage) in &usages {
                let held = Held { usage: usage.clone(), course: course.clone() };
                assert_eq!(held_of(subject, &body), Some(Some(held)));
            }
        }
    }

    #[test]
    fn who_is_in_no_pack_has_no_cell_and_what_is_no_pack_has_none_of_anybody() {
        let stranger = Subject::User("user@example.com".parse().unwrap());
        let body = packs(&fold(3, 1)).packs.values().next().unwrap().body();
        assert_eq!((held_of(&stranger, &body), held_of(&stranger, b"x"), usages(b"x")), (Some(None), None, None));
    }
}
