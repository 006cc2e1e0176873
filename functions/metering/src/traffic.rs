//! The traffic of a live minute in one bucket: every distinct event by its hash, from digests and from blocks.
//!
//! Invariant: what it comes to depends on the set of events alone, and is what their fold comes to. Names are known of
//! blocks that were read; a kind whose names are not known says in which block they stand.
//!
//! It is longer than others, because what is summed and what is named of an event have to agree.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::breakdown::OTHER;
use crate::digest::{Digest, Kind, Trace};
use crate::event::{Event, EventType};
use crate::fold::DistinctEvents;
use crate::hash::Hash;
use crate::histogram::Histogram;
use crate::identity::Identity;
use crate::traces::Traces;
use crate::usage::{KeyCalls, PathCalls, Usage, crossed};

/// Blocks that are read at once.
const FEW: usize = 8;

/// Where each kind stands: one is looked up for every few events.
#[expect(clippy::disallowed_types, reason = "keys are too wide for a tree, and their order reaches nothing")]
type Places = std::collections::HashMap<Kind, u32>;

/// Events of one minute and bucket, of all subjects or of one.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    kinds: Vec<Kind>,
    places: Places,
    /// The same by subject, those that were seen first before others.
    of_subjects: Vec<(Hash, u32)>,
    /// The block that each kind was first seen in, where it has not been read.
    blocks: Vec<Option<u32>>,
    digested: Vec<DigestedBlock>,
    traces: Traces,
    /// What the traces of each kind come to, so that a look that adds few does not go through all.
    sums: Vec<KindSum>,
    /// How long calls took.
    latency: Histogram,
    /// Those of blocks that were read and kept.
    events: DistinctEvents,
    names: Names,
}

/// A block that is known by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct DigestedBlock {
    id: String,
    first: Timestamp,
    last: Timestamp,
    /// Whether its events were kept.
    is_kept: bool,
}

/// The texts of hashes.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Users' addresses.
    pub users: BTreeMap<Hash, String>,
    /// Companies.
    pub companies: BTreeMap<Hash, String>,
    /// Ids and names of keys, by subject and key.
    pub keys: BTreeMap<(Hash, Hash), (String, String)>,
    /// Calls, `METHOD /path`.
    pub calls: BTreeMap<Hash, String>,
}

/// The events of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindSum {
    /// How many.
    pub events: u64,
    /// Those that have a latency.
    pub timed: u64,
    /// The sum of latencies, in microseconds.
    pub latency_us: u64,
}

impl Traffic {
    /// Adds what digests hold, each with the name of its block.
    pub fn add_digests(&mut self, digests: impl IntoIterator<Item = (String, Digest)>) {
        let mut added = Vec::new();
        for (id, Digest { first, last, kinds, traces }) in
            digests.into_iter().filter(|(_, digest)| !digest.kinds.is_empty())
        {
            let block = place(self.digested.len());
            self.digested.push(DigestedBlock { id, first, last, is_kept: false });
            let places: Vec<u32> = kinds.into_iter().map(|kind| self.place_of(kind, Some(block))).collect();
            added.extend(traces.into_iter().map(|trace| trace.at(places[trace.kind as usize])));
        }
        self.settle(added);
    }

    /// Adds events and their names.
    pub fn add_events<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        let mut added = Vec::new();
        for event in events {
            let kind = self.names.learn(event);
            added.push(Trace::of(event, self.place_of(kind, None)));
        }
        self.settle(added);
    }

    /// Keeps events that were added, or are in a digested block.
    pub fn keep(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.names.learn(&event);
            self.events.extend([event]);
        }
    }

    /// Adds another's events, whose blocks are not to be read any more.
    pub fn merge(&mut self, other: &Self) {
        let places: Vec<u32> = other.kinds.iter().map(|kind| self.place_of(*kind, None)).collect();
        self.settle(other.traces.iter().map(|trace| trace.at(places[trace.kind as usize])).collect());
        self.events.extend(other.events.events().cloned());
        let Names { users, companies, keys, calls } = other.names.clone();
        self.names.users.extend(users);
        self.names.companies.extend(companies);
        self.names.keys.extend(keys);
        self.names.calls.extend(calls);
    }

    /// Takes note that the events of a digested block were kept, or are not to be found.
    pub fn kept(&mut self, block: &str) {
        self.digested.iter_mut().filter(|digested| digested.id == block).for_each(|digested| digested.is_kept = true);
    }

    /// Learns the names of events.
    pub fn learn<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        events.into_iter().for_each(|event| _ = self.names.learn(event));
    }

    fn place_of(&mut self, kind: Kind, block: Option<u32>) -> u32 {
        let next = place(self.kinds.len());
        let found = *self.places.entry(kind).or_insert(next);
        if found == next {
            self.kinds.push(kind);
            self.of_subjects.push((kind.subject, next));
            self.sums.push(KindSum::default());
            self.blocks.push(block);
        }
        found
    }

    /// Takes in traces, so that each event is there once. Of two that differ the one stays that a fold would keep.
    fn settle(&mut self, mut added: Vec<Trace>) {
        added.sort_unstable_by_key(|trace| (trace.id, self.rank(*trace)));
        added.dedup_by_key(|trace| trace.id);
        let mut unseen = Vec::with_capacity(added.len());
        for new in added {
            match self.traces.get(new.id) {
                None => {
                    self.count(new);
                    unseen.push(new);
                }
                Some(known) if self.rank(new) < self.rank(known) => {
                    self.discount(known);
                    self.count(new);
                    self.traces.replace(new);
                }
                Some(_) => {}
            }
        }
        self.traces.add(unseen);
        // All but the last few are in order, which this sort makes use of.
        self.of_subjects.sort();
    }

    /// What decides which of two traces of one event stays: the least.
    fn rank(&self, trace: Trace) -> (Option<Hash>, Option<u64>, Option<Kind>) {
        let kind = self.kinds.get(trace.kind as usize).copied();
        (kind.map(|kind| kind.subject), trace.latency_us(), kind)
    }

    fn count(&mut self, trace: Trace) {
        let latency = trace.latency_us();
        if let Some(sum) = self.sums.get_mut(trace.kind as usize) {
            sum.events += 1;
            sum.timed += u64::from(latency.is_some());
            sum.latency_us = sum.latency_us.saturating_add(latency.unwrap_or_default());
        }
        latency.into_iter().for_each(|micros| self.latency.add(micros));
    }

    fn discount(&mut self, trace: Trace) {
        let latency = trace.latency_us();
        if let Some(sum) = self.sums.get_mut(trace.kind as usize) {
            sum.events = sum.events.saturating_sub(1);
            sum.timed = sum.timed.saturating_sub(latency.is_some().into());
            sum.latency_us = sum.latency_us.saturating_sub(latency.unwrap_or_default());
        }
        latency.into_iter().for_each(|micros| self.latency.remove(micros));
    }

    /// Whether it holds an event of that identity.
    pub fn contains(&self, identity: &Identity<'_>) -> bool {
        self.traces.get(identity.hash()).is_some()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.traces.len() == 0
    }

    /// The latencies of calls that have one, in microseconds.
    pub fn latencies(&self) -> impl Iterator<Item = u64> {
        self.traces.iter().filter_map(|trace| trace.latency_us())
    }

    /// How long calls took, as a histogram.
    pub const fn latency(&self) -> &Histogram {
        &self.latency
    }

    /// The kinds of its events, and what they come to.
    pub fn sums(&self) -> impl Iterator<Item = (&Kind, KindSum)> {
        self.kinds.iter().zip(self.sums.iter().copied()).filter(|(_, sum)| sum.events > 0)
    }

    /// The kinds of each subject's events, and what they come to.
    pub fn subjects(&self) -> impl Iterator<Item = impl Iterator<Item = (&Kind, KindSum)> + Clone> {
        self.of_subjects.chunk_by(|(one, _), (next, _)| one == next).map(|places| {
            let of = |place: usize| Some((self.kinds.get(place)?, *self.sums.get(place)?));
            places.iter().filter_map(move |(_, place)| of(*place as usize)).filter(|(_, sum)| sum.events > 0)
        })
    }

    /// The events that were kept.
    pub const fn events(&self) -> &DistinctEvents {
        &self.events
    }

    /// The names that are known.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// A digested block for each kind that is wanted: there its names stand.
    pub fn blocks_of(&self, wanted: impl Fn(&Kind) -> bool) -> Vec<&str> {
        let kinds = self.kinds.iter().zip(&self.blocks).filter(|(kind, _)| wanted(kind));
        let mut blocks: Vec<u32> = kinds.filter_map(|(_, block)| *block).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks
            .into_iter()
            .filter_map(|block| self.digested.get(block as usize))
            .map(|block| block.id.as_str())
            .collect()
    }

    /// Some blocks to be read before the latest calls are kept: as many as `calls`, as far as there are.
    pub fn unread_of_latest(&self, calls: usize) -> Vec<String> {
        let mut instants: Vec<Timestamp> = self.kept_calls().collect();
        instants.sort_unstable_by(|one, other| other.cmp(one));
        let known_since = calls.checked_sub(1).and_then(|last| instants.get(last));
        let mut unread: Vec<_> =
            self.unread().filter(|block| known_since.is_none_or(|since| block.last > *since)).collect();
        unread.sort_by_key(|block| std::cmp::Reverse(block.last));
        some(unread)
    }

    /// Some blocks to be read before the first call is kept.
    pub fn unread_of_first(&self) -> Vec<String> {
        let first = self.kept_calls().min();
        let mut unread: Vec<_> = self.unread().filter(|block| first.is_none_or(|first| block.first < first)).collect();
        unread.sort_by_key(|block| block.first);
        some(unread)
    }

    /// Some blocks to be read before the keys and calls of every event are known by name.
    pub fn unread_of_names(&self) -> Vec<String> {
        let unnamed = self.kinds.iter().zip(&self.blocks).filter(|(kind, _)| !self.names.tell_use(kind));
        let blocks: BTreeSet<u32> = unnamed.filter_map(|(_, block)| *block).collect();
        let unread = blocks.into_iter().filter_map(|block| self.digested.get(block as usize));
        some(unread.filter(|block| !block.is_kept).collect())
    }

    fn unread(&self) -> impl Iterator<Item = &DigestedBlock> {
        self.digested.iter().filter(|block| !block.is_kept)
    }

    fn kept_calls(&self) -> impl Iterator<Item = Timestamp> {
        self.events.events().filter(|event| event.event_type == EventType::Call).map(|event| event.timestamp)
    }

    /// Gives back the room in which nothing has grown.
    pub fn shrink(&mut self) {
        self.traces.shrink();
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let Names { users, companies, keys, calls } = &self.names;
        let names = users.len() + companies.len() + keys.len() + calls.len();
        self.traces.len() * size_of::<Trace>()
            + self.kinds.len() * 4 * size_of::<Kind>()
            + (self.digested.len() + names) * 128
            + self.events.len() * 1_024
    }

    /// What one subject's traffic comes to. First and last call are those of the events that were kept.
    pub fn usage(&self) -> Usage {
        let mut usage = Usage::default();
        for (kind, sum) in self.sums() {
            usage.events += sum.events;
            let company = self.names.companies.get(&kind.company).map(|company| company.as_str().into());
            usage.company = usage.company.take().max(company);
            match kind.event_type {
                EventType::Call => self.add_calls(&mut usage, kind, sum),
                EventType::AuthFailed => usage.auth_failures += sum.events,
                EventType::RateLimited => usage.rate_limited += sum.events,
                EventType::Threshold | EventType::AuthError => {}
            }
        }
        (usage.first, usage.last) = (self.kept_calls().min(), self.kept_calls().max());
        usage
    }

    fn add_calls(&self, usage: &mut Usage, kind: &Kind, sum: KindSum) {
        usage.calls += sum.events;
        usage.timed += sum.timed;
        usage.latency_us = usage.latency_us.saturating_add(sum.latency_us);
        let Names { keys, calls, .. } = &self.names;
        let key = (kind.key != 0).then(|| keys.get(&(kind.subject, kind.key)));
        if let Some(key) = key {
            let (id, name) = key.map_or((OTHER, ""), |(id, name)| (id, name));
            usage.keys.add(id, &KeyCalls { name: name.into(), calls: sum.events, ..KeyCalls::default() });
        }
        if kind.call != 0 {
            let call = calls.get(&kind.call);
            let path = PathCalls { calls: sum.events, errors: 0 };
            usage.paths.add(call.map_or(OTHER, String::as_str), &path);
            let known = call.zip(key.map_or(Some(""), |key| key.map(|(id, _)| id.as_str())));
            let all = known.map_or_else(|| OTHER.to_owned(), |(call, key)| crossed(None, key, call));
            usage.crossed.add(&all, &sum.events);
        }
    }
}

impl Names {
    /// Learns the names of an event.
    fn learn(&mut self, event: &Event) -> Kind {
        let kind = Kind::of(event);
        let learn = |known: &mut BTreeMap<Hash, String>, hash: Hash, name: &dyn Fn() -> Option<String>| {
            if hash != 0 && !known.contains_key(&hash) {
                known.extend(name().map(|name| (hash, name)));
            }
        };
        learn(&mut self.users, kind.subject, &|| event.user_email.as_ref().map(|email| email.as_str().to_owned()));
        learn(&mut self.companies, kind.company, &|| event.company_name.clone().map(String::from));
        learn(&mut self.calls, kind.call, &|| event.call());
        if let Some((id, name)) = event.key().filter(|_| kind.key != 0) {
            self.keys.entry((kind.subject, kind.key)).or_insert_with(|| (id.to_owned(), name.to_owned()));
        }
        kind
    }

    /// Whether the key and the call of a kind are known.
    pub fn tell_use(&self, kind: &Kind) -> bool {
        (kind.key == 0 || self.keys.contains_key(&(kind.subject, kind.key)))
            && (kind.call == 0 || self.calls.contains_key(&kind.call))
    }
}

/// The first few, so that those after them are read only if need be.
fn some(blocks: Vec<&DigestedBlock>) -> Vec<String> {
    blocks.into_iter().take(FEW).map(|block| block.id.clone()).collect()
}

fn place(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
