//! Blocks: the events of one bucket and minute as one batch brought them, packed to be kept for ninety days.
//!
//! Invariant: a block is named by the events it holds, so writing it twice changes nothing, and no other cut of
//! the same records can overwrite it. Readers drop events that another block has shown them.

use std::collections::BTreeMap;
use std::io::{Read, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::event::Event;
use crate::fold::DistinctEvents;
use crate::hex;
use crate::subject::Bucket;
use crate::window::Minute;

/// Most bytes of JSON in a block. An item takes 400 KB, and compression may not help at all.
const MAX_BYTES: usize = 256 * 1024;
/// A body up to this makes an item of one write unit, and is read live as it is.
const SMALL_BYTES: usize = 1_024 - 160;

/// Events of one minute and bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The minute of each event's timestamp.
    pub minute: Minute,
    /// The bucket of each event's subject.
    pub bucket: Bucket,
    /// Name: a hash of what it holds.
    pub id: String,
    /// How many events.
    pub events: usize,
    /// Lines of JSON, gzipped.
    pub body: Vec<u8>,
    /// What live readers read in its place, where the body is not small.
    pub digest: Option<Vec<u8>>,
}

/// A block that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Not gzip.
    #[error("the block is not gzip: {0}")]
    Compression(#[from] std::io::Error),
    /// A line that is not an event.
    #[error("a line of the block is not an event: {0}")]
    Line(#[from] serde_json::Error),
}

impl Block {
    /// The blocks of some events: one for each minute and bucket, more where one would outgrow an item.
    pub fn of(events: impl IntoIterator<Item = Event>) -> Vec<Self> {
        let mut groups: BTreeMap<(Minute, Bucket), Vec<Line>> = BTreeMap::new();
        for event in events {
            let place = (Minute::of(event.timestamp), Bucket::of_event(&event));
            groups.entry(place).or_default().push(Line::of(event));
        }
        groups.into_iter().flat_map(|((minute, bucket), lines)| Self::cut(minute, bucket, lines)).collect()
    }

    /// The sum of the lines decides where a block ends, so that equal events make equal blocks.
    fn cut(minute: Minute, bucket: Bucket, mut lines: Vec<Line>) -> Vec<Self> {
        lines.sort_by(|one, other| (one.event.timestamp, &one.json).cmp(&(other.event.timestamp, &other.json)));
        lines.dedup_by(|one, other| one.json == other.json);
        let mut blocks = Vec::new();
        let mut rest = lines.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|line| {
                bytes += line.json.len() + 1;
                bytes <= MAX_BYTES
            });
            let (these, others) = rest.split_at(fits.count().max(1));
            blocks.push(Self::pack(minute, bucket, these));
            rest = others;
        }
        blocks
    }

    fn pack(minute: Minute, bucket: Bucket, lines: &[Line]) -> Self {
        let mut hash = Sha256::new();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        for line in lines {
            hash.update(&line.json);
            hash.update(b"\n");
            write(&mut gzip, &line.json);
            write(&mut gzip, b"\n");
        }
        let body = gzip.finish().unwrap_or_else(|error| unreachable!("a vector takes every byte: {error}"));
        let digest = if body.len() > SMALL_BYTES { digest(lines) } else { None };
        Self { minute, bucket, id: hex::encode(&hash.finalize()[..16]), events: lines.len(), body, digest }
    }

    /// The events in a block's body.
    ///
    /// # Errors
    /// When the body is not what [`Block::of`] packs.
    pub fn unpack(body: &[u8]) -> Result<Vec<Event>, Unreadable> {
        let mut lines = Vec::new();
        GzDecoder::new(body).read_to_end(&mut lines)?;
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }

    /// Whether a block of `minute` committed at `instant` must leave a mark: the clock alone rolls up only what was
    /// committed within its own minute.
    pub fn is_out_of_turn(minute: Minute, committed_at: Timestamp) -> bool {
        Minute::of(committed_at) != minute
    }
}

/// An event as a line.
struct Line {
    event: Event,
    json: Vec<u8>,
}

impl Line {
    fn of(event: Event) -> Self {
        Self { json: event.to_json(), event }
    }
}

fn digest(lines: &[Line]) -> Option<Vec<u8>> {
    let events: DistinctEvents = lines.iter().map(|line| line.event.clone()).collect();
    Digest::of(events.events()).map(|digest| digest.pack())
}

fn write(gzip: &mut GzEncoder<Vec<u8>>, bytes: &[u8]) {
    gzip.write_all(bytes).unwrap_or_else(|error| unreachable!("a vector takes every byte: {error}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(user: &str, id: &str, timestamp: &str) -> Event {
        let json = format!(
            r#"{{"eventType":"API_CALL","requestId":"{id}","timestamp":"{timestamp}","userEmail":"{user}","path":"/v1"}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let event = call("a@example.com", "1", "2026-11-24T10:15:30.5Z");
        let blocks = Block::of([event.clone()]);
        assert_eq!(blocks.len(), 1);
        assert_eq!(Block::unpack(&blocks[0].body).unwrap(), [event]);
    }

    #[test]
    fn the_same_events_in_any_order_make_the_same_block() {
        let events = || (0..50).map(|n| call("a@example.com", &n.to_string(), "2026-11-24T10:15:30Z"));
        let forwards = Block::of(events());
        assert_eq!(Block::of(events().rev()), forwards);
        assert_eq!(Block::of(events().chain(events())), forwards);
        assert_ne!(Block::of(events().skip(1))[0].id, forwards[0].id);
    }

    #[test]
    fn minutes_and_buckets_never_share_a_block() {
        let minutes = ["2026-11-24T10:15:59.999Z", "2026-11-24T10:16:00Z"];
        let blocks = Block::of(minutes.map(|minute| call("a@example.com", "1", minute)));
        assert_eq!(blocks.len(), 2);
    }

    #[test]
    fn a_block_never_outgrows_an_item() {
        let noise = |n: u64| (0..200_u64).map(|i| format!("{:x}", (i + n) * 0x9e37_79b9_7f4a)).collect::<String>();
        let events = (0..1_000).map(|n| {
            let mut event = call("a@example.com", &n.to_string(), "2026-11-24T10:15:30Z");
            (event.path, event.user_agent) = (Some(noise(n).into()), Some(noise(n + 1_000).into()));
            event
        });
        let blocks = Block::of(events);
        assert!(blocks.len() > 5 && blocks.iter().all(|block| block.body.len() < 300 * 1024), "{}", blocks.len());
        assert_eq!(blocks.iter().map(|block| block.events).sum::<usize>(), 1_000);
    }
}
