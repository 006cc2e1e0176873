//! What befalls records on their way, one kind at a time, in histories that are the same each time.
//!
//! Invariant: every record is acknowledged in the end, as a stream sees to it: a batch that failed comes again.

use std::fmt;

use dynamodb_fixture::Fault;
use jiff::SignedDuration;
use runtime_fixture::Load;
use serde_json::{Value, json};

use super::*;

/// The calls of one history.
const CALLS: Load = Load { name: "a history", calls: 90, users: 8, batch: 10, minutes: 3, ..Load::A };
/// Histories of one kind.
const HISTORIES: u64 = 2;

/// A kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disturbance {
    /// A batch is delivered twice.
    Redelivered,
    /// Some of what was delivered comes again, cut elsewhere.
    Recut,
    /// The processor is killed before one of its requests, or after the last and before it is acknowledged.
    Killed,
    /// Requests are throttled for longer than the SDK tries.
    Throttled,
    /// A request is carried out and its answer lost; the SDK tries again.
    AnswerLost,
    /// The producer says a call again some seconds later.
    SaidAgain,
    /// The producer says a call again after three days.
    SaidLate,
    /// Two processors have the same batch at once, for a moment, while shards change hands.
    TwoAtOnce,
}

/// How far off the counts were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deviation {
    /// Calls.
    calls: u64,
    /// Those that no count holds.
    pub(super) lost: u64,
    /// Counts of no call.
    pub(super) doubled: u64,
}

impl Disturbance {
    pub(super) const ALL: [Self; 8] = [
        Self::Redelivered,
        Self::Recut,
        Self::Killed,
        Self::Throttled,
        Self::AnswerLost,
        Self::SaidAgain,
        Self::SaidLate,
        Self::TwoAtOnce,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Redelivered => "delivered twice",
            Self::Recut => "cut elsewhere",
            Self::Killed => "killed",
            Self::Throttled => "throttled",
            Self::AnswerLost => "answer lost",
            Self::SaidAgain => "repeated",
            Self::SaidLate => "days later",
            Self::TwoAtOnce => "in parallel",
        }
    }

    /// What an algorithm makes of it.
    pub(super) async fn deviation<A: Algorithm>(self) -> Deviation {
        let mut deviation = Deviation::default();
        for seed in 0..HISTORIES {
            let store = Store::new().await;
            let mut history = History { algorithm: A::new(&store), store, disturbance: self, dice: Dice(seed) };
            let (wanted, found) = history.play().await;
            deviation.add(&wanted, &found);
        }
        deviation
    }
}

struct History<A> {
    algorithm: A,
    store: Store,
    disturbance: Disturbance,
    dice: Dice,
}

impl<A: Algorithm> History<A> {
    /// Plays it; returns what should have been counted, and what was.
    async fn play(&mut self) -> (Counts, Counts) {
        let beginning: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let mut now = beginning;
        let mut next_run = now + SignedDuration::from_secs(30);
        let records = self.say(CALLS.batches(beginning).flat_map(|batch| records(&batch.event)).collect());
        let wanted = tally(
            events(&batch(&records[..]))
                .map(|event| (event.request_id.clone(), event))
                .collect::<BTreeMap<_, _>>()
                .into_values(),
        );
        let mut from = 0;
        while from < records.len() {
            let to = (from + 5 + self.dice.below(20)).min(records.len());
            now = arrival(&records[to - 1]) + SignedDuration::from_millis(100);
            if now >= next_run {
                self.algorithm.each_minute(next_run).await;
                next_run += SignedDuration::from_secs(60);
            }
            self.turn(&records, from..to, now).await;
            from = to;
        }
        now += SignedDuration::from_mins(2);
        self.algorithm.each_minute(now).await;
        if self.disturbance == Disturbance::SaidLate {
            now += SignedDuration::from_hours(3 * 24);
            self.algorithm.sleep_until(now).await;
            let late: Vec<Value> = records.iter().step_by(4).map(|record| at(record, now)).collect();
            self.deliver(&late, now).await;
            self.algorithm.each_minute(now + SignedDuration::from_mins(2)).await;
        }
        (wanted, self.algorithm.counts().await)
    }

    /// The records of some calls, with those that the producer says again within seconds.
    fn say(&mut self, calls: Vec<Value>) -> Vec<Value> {
        if self.disturbance != Disturbance::SaidAgain {
            return calls;
        }
        let mut said = Vec::new();
        let mut again: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
        for (n, call) in calls.into_iter().enumerate() {
            let now = arrival(&call);
            said.extend(again.remove(&n).into_iter().flatten().map(|earlier| at(&earlier, now)));
            if self.dice.below(4) == 0 {
                again.entry(n + 1 + self.dice.below(15)).or_default().push(call.clone());
            }
            said.push(call);
        }
        said
    }

    /// Delivers a batch, disturbed as the history is.
    async fn turn(&mut self, records: &[Value], range: std::ops::Range<usize>, now: Timestamp) {
        let (own, length) = (&records[range.clone()], range.len());
        match self.disturbance {
            Disturbance::SaidAgain | Disturbance::SaidLate => self.deliver(own, now).await,
            Disturbance::Redelivered => {
                self.deliver(own, now).await;
                self.deliver(own, now).await;
            }
            Disturbance::Recut => {
                self.deliver(own, now).await;
                let from = range.start.saturating_sub(self.dice.below(15));
                let to = from + 1 + self.dice.below(range.end - from);
                self.deliver(&records[from..to], now).await;
            }
            Disturbance::Killed => {
                let request = self.request(length);
                self.store.plan([(request, Fault::Die)]);
                let _ = self.algorithm.count(&batch(own), now).await;
                self.store.revive();
                self.deliver(own, now).await;
            }
            Disturbance::Throttled => {
                let first = self.request(length);
                self.store.plan((first..first + 3).map(|request| (request, Fault::Throttle)));
                self.deliver(own, now).await;
                self.store.revive();
            }
            Disturbance::AnswerLost => {
                let request = self.request(length);
                self.store.plan([(request, Fault::LoseAnswer)]);
                self.deliver(own, now).await;
                self.store.revive();
            }
            Disturbance::TwoAtOnce => {
                let batch = batch(own);
                let both = futures::join!(self.algorithm.count(&batch, now), self.algorithm.count(&batch, now));
                both.0.and(both.1).unwrap();
            }
        }
    }

    /// Which request of a batch something happens to: often one of the first, because some algorithms have no other.
    fn request(&mut self, records: usize) -> u64 {
        [0, 1, self.dice.below(records) as u64][self.dice.below(3)]
    }

    async fn deliver(&self, records: &[Value], now: Timestamp) {
        while self.algorithm.count(&batch(records), now).await.is_err() {}
    }
}

impl Deviation {
    fn add(&mut self, wanted: &Counts, found: &Counts) {
        self.calls += wanted.values().sum::<u64>();
        for (place, n) in wanted {
            let counted = found.get(place).copied().unwrap_or_default();
            self.lost += n.saturating_sub(counted);
            self.doubled += counted.saturating_sub(*n);
        }
        self.doubled += found.iter().filter(|(place, _)| !wanted.contains_key(place)).map(|(_, n)| n).sum::<u64>();
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |n: u64| n as f64 * 100.0 / self.calls as f64;
        match (self.lost, self.doubled) {
            (0, 0) => write!(f, "exact"),
            (lost, 0) => write!(f, "−{:.0} %", percent(lost)),
            (0, doubled) => write!(f, "+{:.0} %", percent(doubled)),
            (lost, doubled) => write!(f, "−{:.0} % +{:.0} %", percent(lost), percent(doubled)),
        }
    }
}

fn records(event: &Value) -> Vec<Value> {
    event["Records"].as_array().unwrap().clone()
}

fn batch(records: &[Value]) -> StreamEvent {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn arrival(record: &Value) -> Timestamp {
    let seconds = record["kinesis"]["approximateArrivalTimestamp"].as_f64().unwrap();
    Timestamp::from_millisecond((seconds * 1_000.0).round() as i64).unwrap()
}

/// The event of a record in another one, which the stream took later.
fn at(record: &Value, arrival: Timestamp) -> Value {
    let mut record = record.clone();
    record["kinesis"]["approximateArrivalTimestamp"] = json!(arrival.as_millisecond() as f64 / 1_000.0);
    record["kinesis"]["sequenceNumber"] = json!(arrival.as_nanosecond().to_string());
    record
}

/// Numbers that look random and are the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}
