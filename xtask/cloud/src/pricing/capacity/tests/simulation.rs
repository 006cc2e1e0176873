//! Ten minutes of calls, second by second, through what takes them behind the API: shards, the partitions of the open
//! minute, the fold.
//!
//! Invariant: a part takes in a second what AWS says and no more; what a call takes is what was measured, and which
//! bucket its user is in the code itself says. Nothing of the bounds' own arithmetic is in here.

use std::collections::BTreeMap;

use metering::email::Email;
use metering::subject::Subject;
use sha2::{Digest as _, Sha256};

use super::super::{BLOCK_UNITS_PER_CALL, MB_OF_A_PROCESSOR, PARTITION_UNITS, SHARD_BYTES, SHARD_RECORDS};
use crate::pricing::price::Units;

const SECONDS: u32 = 600;
/// Enough that none of them matters, but for the one who makes a share of all calls.
const USERS: u32 = 20_000;

/// Where calls wait, by the names of the bounds.
#[derive(Debug, Default)]
pub(super) struct Waiting(BTreeMap<&'static str, f64>);

impl Waiting {
    /// Whether more waits at a part than it takes in two seconds; of the fold, which waits for the end of a minute, in 90.
    pub(super) fn at(&self, part: &str) -> bool {
        self.0.get(part).is_some_and(|seconds| *seconds > if part == FOLD { 90.0 } else { 2.0 })
    }
}

const SHARD: &str = "the stream";
const PARTITION: &str = "a bucket's partition of a minute";
const FOLD: &str = "the fold of a minute";

/// Something that takes so much of what comes in each second, and keeps the rest.
#[derive(Clone, Copy, Debug, Default)]
struct Queue(f64);

impl Queue {
    /// What it lets through in a second.
    fn second(&mut self, comes: f64, takes: f64) -> f64 {
        self.0 += comes;
        let through = self.0.min(takes);
        self.0 -= through;
        through
    }
}

/// Lets calls come at a rate, a share of them from one user, onto so many shards.
pub(super) fn play(rate: f64, hot: f64, shards: usize, units: &Units) -> Waiting {
    let buckets = usize::from(contract::limit::BUCKETS);
    let mut flows = vec![vec![0.0; buckets]; shards];
    for n in 0..=USERS {
        let share = if n == 0 { hot } else { (1.0 - hot) / f64::from(USERS) };
        let (shard, bucket) = place(n, shards);
        flows[shard][bucket] += rate * share;
    }
    let of_shard = SHARD_RECORDS.min(SHARD_BYTES / units.bytes_per_call.event);
    let processors = units.functions.aggregator.memory_mb / MB_OF_A_PROCESSOR;
    let folded_in_a_second = processors * 1e6 / units.fold.microseconds_per_call;
    let (mut stream, mut partitions) = (vec![Queue::default(); shards], vec![Queue::default(); buckets]);
    let mut fold = Queue::default();
    for second in 0..SECONDS {
        let mut arrived = vec![0.0; buckets];
        for (queue, flow) in stream.iter_mut().zip(&flows) {
            let all: f64 = flow.iter().sum();
            let through = queue.second(all, of_shard);
            arrived.iter_mut().zip(flow).for_each(|(sum, of_bucket)| *sum += through * of_bucket / all.max(1e-9));
        }
        let written: f64 = (partitions.iter_mut().zip(arrived))
            .map(|(queue, calls)| queue.second(calls * BLOCK_UNITS_PER_CALL, PARTITION_UNITS) / BLOCK_UNITS_PER_CALL)
            .sum();
        fold.second(written, if second < 60 { 0.0 } else { folded_in_a_second });
    }
    let longest = |queues: &[Queue], takes: f64| queues.iter().map(|queue| queue.0 / takes).fold(0.0, f64::max);
    Waiting(BTreeMap::from([
        (SHARD, longest(&stream, of_shard)),
        (PARTITION, longest(&partitions, PARTITION_UNITS)),
        (FOLD, fold.0 / folded_in_a_second),
    ]))
}

/// The shard of a user, by a hash of their address as Kinesis goes by one, and their bucket.
fn place(user: u32, shards: usize) -> (usize, usize) {
    let address = format!("user{user}@example.com");
    let hash = Sha256::digest(address.as_bytes());
    let part = f64::from(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])) / (f64::from(u32::MAX) + 1.0);
    let bucket = Subject::User(Email::as_stored(&address)).bucket();
    ((part * shards as f64) as usize, bucket.to_string().parse().unwrap())
}
