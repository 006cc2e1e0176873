//! The traffics for which growth is measured: so many calls of so many users in one minute.
//!
//! Invariant: every tenth call is one of the same user, so that one partition always has more than its share.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract::limit::{BATCH_SIZE, DEFAULT_MAX_SHARDS, DEFAULT_MIN_SHARDS};
use jiff::Timestamp;
use metering::event::Event;
use metering::fold::UsageBySubject;
use metering::subject::Subject;
use runtime_fixture::{Batch, Load};

/// The user with a tenth of the calls.
pub(crate) const HOT_USER: &str = "user0@example.com";
/// A shard takes that many records a second (Kinesis Developer Guide, "Quotas and limits").
const RECORDS_PER_SHARD: u64 = 1_000;

/// The calls of a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Its name.
    pub(crate) name: &'static str,
    /// Calls in the minute.
    pub(crate) calls: u64,
    /// Of how many users at most: of the last ones only some call in a minute.
    pub(crate) users: u64,
}

impl Traffic {
    /// Few users, at rising rates.
    pub(crate) const RISING: [Self; 4] = [
        Self { name: "100/s", calls: 6_000, users: 2_000 },
        Self { name: "1,000/s", calls: 60_000, users: 2_000 },
        Self { name: "5,000/s", calls: 300_000, users: 2_000 },
        Self::BUSIEST,
    ];
    /// What the ten shards take that the scaler goes to.
    pub(crate) const BUSIEST: Self = Self { name: "10,000/s", calls: 600_000, users: 2_000 };
    /// Many users.
    pub(crate) const WIDE: Self = Self { name: "1,000/s of 100,000 users", calls: 60_000, users: 100_000 };

    /// Batches of the minute that begins then, and of `seconds` more calls that are made at its end.
    pub(crate) fn batches(self, beginning: Timestamp, seconds: u64) -> impl Iterator<Item = Batch> {
        let calls = self.calls + seconds * self.calls / 60;
        let load = Load { name: self.name, calls, users: self.users, batch: self.batch(), minutes: 1, ..Load::A };
        load.batches_with_hot(beginning)
    }

    /// The calls of the minute that begins then, folded.
    pub(crate) fn fold(self, beginning: Timestamp) -> UsageBySubject {
        let mut fold = UsageBySubject::default();
        for batch in self.batches(beginning, 0) {
            for record in batch.event["Records"].as_array().into_iter().flatten() {
                let data = record["kinesis"]["data"].as_str().and_then(|data| STANDARD.decode(data).ok());
                let event = data.and_then(|data| Event::parse(&data, batch.arrived).ok());
                if let Some((subject, event)) = event.and_then(|event| Some((Subject::of(&event)?, event))) {
                    fold.usages.entry(subject).or_default().add(&event);
                }
            }
        }
        fold
    }

    /// What a shard takes in a second, as many shards as the scaler gives the stream: Lambda asks each once a second.
    pub(crate) fn batch(self) -> usize {
        let a_second = self.calls / 60;
        let (min, max) = (u64::from(DEFAULT_MIN_SHARDS), u64::from(DEFAULT_MAX_SHARDS));
        let shards = a_second.div_ceil(RECORDS_PER_SHARD).clamp(min, max);
        (a_second / shards).clamp(1, BATCH_SIZE.into()) as usize
    }
}
