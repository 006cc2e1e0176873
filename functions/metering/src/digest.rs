//! Digests: what a live reader needs of a block, without its texts, in a fraction of its bytes.
//!
//! Invariant: a digest holds each event of its block once, under a hash of what makes it one event, and everything that
//! sums are made of. Two events of one minute and bucket share their 48 bits once in 35,000 minutes of 130,000 events
//! each, two users of 100,000 theirs once in 55,000, two companies of 10,000 their 40 bits once in 20,000; then the live
//! view, and nothing else, takes the two for one.
//!
//! It is longer than others, because the layout of its bits is written and read side by side.

use jiff::Timestamp;

use crate::event::{Event, EventType};
use crate::hash::{self, Hash};
use crate::identity::ID_BYTES;
use crate::subject::Subject;
use crate::window::Minute;

/// The layout that follows the first byte of a body.
const LAYOUT: u8 = 1;
/// Bytes of the hashes: of a subject, a company, a key within its subject, and a call.
pub(crate) const SUBJECT_BYTES: usize = 6;
const COMPANY_BYTES: usize = 5;
const KEY_BYTES: usize = 4;
const CALL_BYTES: usize = 5;
/// What the first byte of a kind says of it, beside its type: what differs from the kind before.
const TYPE: u8 = 0b0000_0111;
const OTHER_SUBJECT: u8 = 0b0000_1000;
const OTHER_COMPANY: u8 = 0b0001_0000;
const OTHER_KEY: u8 = 0b0010_0000;
const OTHER_CALL: u8 = 0b0100_0000;
const SEVERAL: u8 = 0b1000_0000;
const TYPES: [EventType; 5] =
    [EventType::Call, EventType::AuthFailed, EventType::RateLimited, EventType::Threshold, EventType::AuthError];

/// What many events have in common. Only calls have a key and a call, and they and those over the quota a company:
/// nothing else is counted by these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// Whose they are.
    pub subject: Hash,
    /// The company that they name.
    pub company: Hash,
    /// The key, by id and name.
    pub key: Hash,
    /// `METHOD /path`.
    pub call: Hash,
    /// What happened.
    pub event_type: EventType,
}

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What makes it one event of its minute.
    pub id: Hash,
    /// The place of its kind.
    pub kind: u32,
    /// A microsecond more than it took; zero where nothing is known of that.
    latency: u64,
}

/// The events of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// When the first of them was.
    pub first: Timestamp,
    /// When the last of them was.
    pub last: Timestamp,
    /// Their kinds, in order.
    pub kinds: Vec<Kind>,
    /// The events, kind by kind.
    pub traces: Vec<Trace>,
}

impl Kind {
    /// The kind of an event.
    pub fn of(event: &Event) -> Self {
        let subject = Subject::of(event).map_or(0, |subject| subject_hash(&subject));
        let company = event.company_name.as_ref().filter(|_| event.event_type.is_users());
        let company = company.map_or(0, |name| hash::of(COMPANY_BYTES, &[name.as_str()]));
        let of_company = Self { subject, company, key: 0, call: 0, event_type: event.event_type };
        if event.event_type != EventType::Call {
            return of_company;
        }
        Self {
            key: event.key().map_or(0, |(id, name)| hash::of(KEY_BYTES, &[id, name])),
            call: event.call().map_or(0, |call| hash::of(CALL_BYTES, &[&call])),
            ..of_company
        }
    }
}

impl Trace {
    /// An event of a kind.
    pub fn of(event: &Event, kind: u32) -> Self {
        let latency = event.latency_ms.filter(|_| event.event_type == EventType::Call);
        Self { id: event.identity().hash(), kind, latency: latency.map_or(0, |latency| latency.as_micros() + 1) }
    }

    /// The same, of a kind at another place.
    pub(crate) const fn at(self, kind: u32) -> Self {
        Self { kind, ..self }
    }

    /// What a call took, in microseconds, if that is known.
    pub const fn latency_us(self) -> Option<u64> {
        self.latency.checked_sub(1)
    }
}

impl Digest {
    /// The digest of some distinct events of a minute; nothing where there are none, or where two have one hash.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Option<Self> {
        let mut events: Vec<_> =
            events.into_iter().map(|event| (Kind::of(event), event.identity().hash(), event)).collect();
        events.sort_unstable_by_key(|(kind, id, _)| (*kind, *id));
        let first = events.iter().map(|(.., event)| event.timestamp).min()?;
        let last = events.iter().map(|(.., event)| event.timestamp).max()?;
        let (mut kinds, mut traces) = (Vec::new(), Vec::with_capacity(events.len()));
        for (kind, _, event) in events {
            if kinds.last() != Some(&kind) {
                kinds.push(kind);
            }
            traces.push(Trace::of(event, place(kinds.len() - 1)));
        }
        let mut ids: Vec<_> = traces.iter().map(|trace| trace.id).collect();
        ids.sort_unstable();
        ids.dedup();
        (ids.len() == traces.len()).then_some(Self { first, last, kinds, traces })
    }

    /// The body of an item.
    pub fn pack(&self) -> Vec<u8> {
        let mut body = vec![LAYOUT];
        let minute = Minute::of(self.first).start();
        for instant in [self.first, self.last] {
            put_number(&mut body, millis_after(minute, instant));
        }
        let mut calls: Vec<Hash> = self.kinds.iter().map(|kind| kind.call).collect();
        calls.sort_unstable();
        calls.dedup();
        put_number(&mut body, calls.len() as u64);
        calls.iter().for_each(|call| put_hash(&mut body, CALL_BYTES, *call));
        put_number(&mut body, self.kinds.len() as u64);
        let mut traces = self.traces.as_slice();
        let mut before = Kind::NONE;
        for (n, kind) in self.kinds.iter().enumerate() {
            let count = traces.iter().take_while(|trace| trace.kind == place(n)).count();
            traces = traces.get(count..).unwrap_or_default();
            kind.put(&mut body, &before, count as u64, &calls);
            before = *kind;
        }
        self.traces.iter().for_each(|trace| put_hash(&mut body, ID_BYTES, trace.id));
        self.traces.iter().for_each(|trace| put_number(&mut body, stored_latency(trace.latency)));
        body
    }

    /// The digest in a body of a minute, of the kinds that are wanted; nothing where it cannot be read.
    pub fn unpack(minute: Minute, body: &[u8], wanted: impl Fn(&Kind) -> bool) -> Option<Self> {
        let mut bytes = Bytes(body);
        if bytes.take(1)? != [LAYOUT] {
            return None;
        }
        let mut instant =
            || Timestamp::from_millisecond(minute.start().as_millisecond() + signed(bytes.number()?)?).ok();
        let (first, last) = (instant()?, instant()?);
        let calls = (0..bytes.number()?).map(|_| bytes.hash(CALL_BYTES)).collect::<Option<Vec<_>>>()?;
        let mut all = Vec::new();
        let mut before = Kind::NONE;
        for _ in 0..bytes.number()? {
            let (kind, count) = bytes.kind(&before, &calls)?;
            all.push((kind, usize::try_from(count).ok()?));
            before = kind;
        }
        let events = all.iter().try_fold(0_usize, |sum, (_, count)| sum.checked_add(*count))?;
        let mut ids = Bytes(bytes.take(events.checked_mul(ID_BYTES)?)?);
        let (mut kinds, mut traces) = (Vec::new(), Vec::new());
        for (kind, count) in all {
            let is_wanted = wanted(&kind);
            if is_wanted {
                kinds.push(kind);
            }
            for _ in 0..count {
                let (id, latency) = (ids.hash(ID_BYTES)?, read_latency(bytes.number()?)?);
                if is_wanted {
                    traces.push(Trace { id, kind: place(kinds.len() - 1), latency });
                }
            }
        }
        bytes.0.is_empty().then_some(Self { first, last, kinds, traces })
    }
}

impl Kind {
    /// What the first kind of a digest differs from.
    const NONE: Self = Self { subject: 0, company: 0, key: 0, call: 0, event_type: EventType::Call };

    fn put(&self, body: &mut Vec<u8>, before: &Self, count: u64, calls: &[Hash]) {
        let kind = TYPES.iter().position(|event_type| *event_type == self.event_type).unwrap_or_default();
        let differs = |differs: bool, flag: u8| if differs { flag } else { 0 };
        let flags = u8::try_from(kind).unwrap_or_default()
            | differs(self.subject != before.subject, OTHER_SUBJECT)
            | differs(self.company != before.company, OTHER_COMPANY)
            | differs(self.key != before.key, OTHER_KEY)
            | differs(self.call != before.call, OTHER_CALL)
            | differs(count != 1, SEVERAL);
        body.push(flags);
        for (flag, bytes, hash) in [
            (OTHER_SUBJECT, SUBJECT_BYTES, self.subject),
            (OTHER_COMPANY, COMPANY_BYTES, self.company),
            (OTHER_KEY, KEY_BYTES, self.key),
        ] {
            if flags & flag != 0 {
                put_hash(body, bytes, hash);
            }
        }
        if flags & OTHER_CALL != 0 {
            put_number(body, calls.binary_search(&self.call).unwrap_or_default() as u64);
        }
        if flags & SEVERAL != 0 {
            put_number(body, count);
        }
    }
}

/// What is left of a body.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn hash(&mut self, bytes: usize) -> Option<Hash> {
        Some(self.take(bytes)?.iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte)))
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// The next kind and how many events are of it.
    fn kind(&mut self, before: &Kind, calls: &[Hash]) -> Option<(Kind, u64)> {
        let flags = *self.take(1)?.first()?;
        let event_type = *TYPES.get(usize::from(flags & TYPE))?;
        let has = |flag: u8| flags & flag != 0;
        let kind = Kind {
            subject: if has(OTHER_SUBJECT) { self.hash(SUBJECT_BYTES)? } else { before.subject },
            company: if has(OTHER_COMPANY) { self.hash(COMPANY_BYTES)? } else { before.company },
            key: if has(OTHER_KEY) { self.hash(KEY_BYTES)? } else { before.key },
            call: if has(OTHER_CALL) { *calls.get(usize::try_from(self.number()?).ok()?)? } else { before.call },
            event_type,
        };
        let count = if has(SEVERAL) { self.number()? } else { 1 };
        Some((kind, count))
    }
}

/// The hash of a subject, by which users are told apart as well.
pub fn subject_hash(subject: &Subject) -> Hash {
    hash::of(SUBJECT_BYTES, &[&subject.to_string()])
}

fn put_hash(body: &mut Vec<u8>, bytes: usize, hash: Hash) {
    body.extend(hash.to_be_bytes().iter().skip(size_of::<Hash>() - bytes));
}

/// Seven bits a byte, the lowest first.
fn put_number(body: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        body.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    body.push(number as u8);
}

/// Whole milliseconds are common, and half as long when they are written as such.
const fn stored_latency(latency: u64) -> u64 {
    match latency.checked_sub(1) {
        None => 0,
        Some(micros) if micros % 1_000 == 0 => 1 + (micros / 1_000 * 2),
        Some(micros) => 1 + (micros * 2 + 1),
    }
}

fn read_latency(stored: u64) -> Option<u64> {
    match stored.checked_sub(1) {
        None => Some(0),
        Some(millis) if millis % 2 == 0 => (millis / 2).checked_mul(1_000)?.checked_add(1),
        Some(micros) => Some(micros / 2 + 1),
    }
}

fn millis_after(start: Timestamp, instant: Timestamp) -> u64 {
    u64::try_from(instant.as_millisecond() - start.as_millisecond()).unwrap_or_default()
}

fn signed(millis: u64) -> Option<i64> {
    i64::try_from(millis).ok()
}

fn place(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event((kind, user, id, key, path, latency): (u8, u8, u16, u8, u8, Option<u32>)) -> Event {
        let kind =
            ["API_CALL", "API_CALL", "API_RATE_LIMITED", "API_AUTH_FAILED", "USAGE_THRESHOLD"][usize::from(kind) % 5];
        let event = json!({
            "eventType": kind, "requestId": format!("{user}-{id}"), "userEmail": format!("{user}😀@example.com"),
            "timestamp": format!("2026-11-24T10:15:{:02}.{:03}Z", id % 60, id % 1_000),
            "companyName": (user % 3 > 0).then(|| format!("Company {user}")), "apiKeyId": format!("k{key}"),
            "apiKeyName": (key % 2 > 0).then_some("n"), "method": "GET", "path": (path > 0).then(|| format!("/{path}")),
            "latencyMs": latency.map(|micros| f64::from(micros) / 1_000.0),
        });
        serde_json::from_value(event).unwrap()
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let latency = prop_oneof![Just(None), (0..90_u32).prop_map(|ms| Some(ms * 1_000)), any::<u32>().prop_map(Some)];
        let event = (any::<u8>(), 0..9_u8, any::<u16>(), 0..4_u8, 0..4_u8, latency).prop_map(event);
        prop::collection::vec(event, 1..60)
            .prop_map(|events| events.into_iter().collect::<crate::fold::DistinctEvents>().events().cloned().collect())
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(events in events()) {
            let digest = Digest::of(&events).unwrap();
            let minute = "2026-11-24T10:15".parse().unwrap();
            let body = digest.pack();
            let unpacked = Digest::unpack(minute, &body, |_| true).unwrap();
            prop_assert_eq!(&unpacked, &digest);
            let millis = |event: &Event| event.timestamp.as_millisecond();
            prop_assert_eq!(events.iter().map(millis).max(), Some(unpacked.last.as_millisecond()));
            for trace in &unpacked.traces {
                let event = events.iter().find(|event| event.identity().hash() == trace.id).unwrap();
                prop_assert_eq!((Kind::of(event), Trace::of(event, trace.kind)), (unpacked.kinds[trace.kind as usize], *trace));
            }
            prop_assert!((0..body.len()).all(|end| Digest::unpack(minute, &body[..end], |_| true).is_none()));
        }

        #[test]
        fn what_is_not_wanted_is_left_out(events in events(), user in 0..9_u8) {
            let digest = Digest::of(&events).unwrap();
            let subject = subject_hash(&Subject::User(format!("{user}😀@example.com").parse().unwrap()));
            let own = Digest::unpack(Minute::of(digest.first), &digest.pack(), |kind| kind.subject == subject).unwrap();
            let expected = events.iter().filter(|event| Kind::of(event).subject == subject).count();
            prop_assert_eq!(own.traces.len(), expected);
            prop_assert!(own.kinds.iter().all(|kind| kind.subject == subject));
        }

        #[test]
        fn any_bytes_are_a_digest_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = [&[LAYOUT], bytes.as_slice()].concat();
            let _ = Digest::unpack("2026-11-24T10:15".parse().unwrap(), &bytes, |_| true);
        }
    }

    #[test]
    fn a_call_of_a_busy_batch_takes_few_bytes() {
        let of_many: Vec<_> = (0..60).map(|n| event((0, n, n.into(), n, 1, Some(3_000)))).collect();
        let of_one: Vec<_> = (0..60).map(|n| event((0, 1, n, 1, 1, Some(3_210)))).collect();
        let bytes = |events: &[Event]| Digest::of(events).unwrap().pack().len() / events.len();
        assert_eq!((bytes(&of_many), bytes(&of_one)), (22, 8));
    }
}
