//! What was answered to single calls of a minute and bucket, each under the hash of its identity.
//!
//! Invariant: parts merge to the whole in any order; a call that is not there is one whose answer is not known.

use std::collections::BTreeMap;

use crate::answer::{Answer, Answers};
use crate::event::{Event, EventType};
use crate::hash::Hash;

/// Bytes of a hash, of a status, and of a response time in milliseconds.
const HASH: usize = 6;
const STATUS: usize = 2;
const MILLIS: usize = 2;
const ENTRY: usize = HASH + STATUS + MILLIS;
/// Stands for a response time that is not known. Longer ones are told as the longest: API Gateway waits 29 s.
const UNKNOWN: u16 = u16::MAX;

/// The answers to single calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    by_call: BTreeMap<Hash, (u16, u16)>,
}

impl Answered {
    /// What is known of the answers to some events, of which calls are kept.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>, answers: &Answers) -> Self {
        let calls = events.into_iter().filter(|event| event.event_type == EventType::Call);
        let answered = calls.filter_map(|call| Some((call.identity().hash(), stored(answers.to(&call.request_id)?))));
        Self { by_call: answered.collect() }
    }

    /// Of how many calls the answer is known.
    pub fn len(&self) -> usize {
        self.by_call.len()
    }

    /// How many bytes they take as they are stored.
    pub fn bytes(&self) -> usize {
        self.len() * ENTRY
    }

    /// Adds the answers to other calls.
    pub fn merge(&mut self, other: Self) {
        self.by_call.extend(other.by_call);
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.by_call.is_empty()
    }

    /// What was answered to a call, where it is known.
    pub fn to(&self, call: &Event) -> Option<Answer> {
        let (status, millis) = *self.by_call.get(&call.identity().hash())?;
        let response_us = (millis != UNKNOWN).then(|| u64::from(millis) * 1_000);
        Some(Answer { status, response_us })
    }

    /// The bytes of parts of so many calls each.
    pub fn parts(&self, calls: usize) -> Vec<Vec<u8>> {
        let entry = |(hash, (status, millis)): (&Hash, &(u16, u16))| {
            let hash = hash.to_be_bytes().into_iter().skip(size_of::<Hash>() - HASH);
            hash.chain(status.to_be_bytes()).chain(millis.to_be_bytes()).collect::<Vec<u8>>()
        };
        let entries: Vec<Vec<u8>> = self.by_call.iter().map(entry).collect();
        entries.chunks(calls).map(<[_]>::concat).collect()
    }

    /// Adds a part by its bytes.
    pub fn add_part(&mut self, bytes: &[u8]) {
        let number = |bytes: &[u8]| bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        for entry in bytes.chunks_exact(ENTRY) {
            let (hash, rest) = entry.split_at(HASH);
            let (status, millis) = rest.split_at(STATUS);
            let of = |bytes: &[u8]| u16::try_from(number(bytes)).unwrap_or(UNKNOWN);
            self.by_call.insert(number(hash), (of(status), of(millis)));
        }
    }
}

fn stored(Answer { status, response_us }: Answer) -> (u16, u16) {
    let millis = response_us.map_or(UNKNOWN, |micros| u16::try_from(micros / 1_000).unwrap_or(UNKNOWN - 1));
    (status, millis.min(if response_us.is_some() { UNKNOWN - 1 } else { UNKNOWN }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_read_from_their_parts_in_any_order_as_they_were_written() {
        let call = |n: u64| -> Event {
            serde_json::from_value(json!({
                "eventType": "API_CALL", "requestId": n.to_string(), "timestamp": "2026-11-24T10:15:30Z",
                "userEmail": "a@b.au",
            }))
            .unwrap()
        };
        let calls: Vec<Event> = (0..50).map(call).collect();
        let mut answers = Answers::default();
        let millis = |n: u64| [0, 7, 29_000, 65_534][n as usize % 4];
        for n in 0..40 {
            let line = json!({
                "callId": n.to_string(), "time": calls[0].timestamp.as_millisecond().to_string(), "status": "404",
                "responseLatency": if n % 5 == 0 { "-".to_owned() } else { millis(n).to_string() },
            });
            answers.add_line("2026-11-24T10:15".parse().unwrap(), &line.to_string());
        }
        let answered = Answered::of(&calls, &answers);
        let mut read = Answered::default();
        answered.parts(7).iter().rev().for_each(|part| read.add_part(part));
        assert_eq!((read.len(), &read), (40, &answered));
        for (n, call) in (0..).zip(&calls) {
            let response_us = (n % 5 != 0).then(|| millis(n) * 1_000);
            assert_eq!(read.to(call), (n < 40).then_some(Answer { status: 404, response_us }), "{n}");
        }
    }
}
