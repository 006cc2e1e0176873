//! The algorithms that others count calls with, as small models, and ours: what each loses and doubles when records
//! come as a stream brings them, and what it costs.
//!
//! Invariant: a model is its algorithm at its best. It keeps one number for a user and minute and nothing else, adds
//! up a batch before it writes, and knows every id for as long as the original does.

mod add;
mod blocks;
mod cache;
mod claim;
mod counters;
mod disturbance;
mod marker;
mod merge;
mod remember;
mod table;
mod transaction;

use std::collections::BTreeMap;
use std::error::Error;

use dynamodb_fixture::Store;
use functions::stream_event::{StreamEvent, StreamRecord};
use jiff::Timestamp;
use metering::event::Event;
use metering::window::Minute;
use runtime_fixture::Load;

pub(crate) use blocks::Blocks;

/// Calls by user and minute.
pub(crate) type Counts = BTreeMap<(String, Minute), u64>;
/// What came of a batch: one that failed comes again, whole.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// A way to count calls.
pub(crate) trait Algorithm {
    /// What it is called.
    const NAME: &'static str;
    /// Whether the original writes to DynamoDB. Where it does not, the model does for the sake of faults alone.
    const IN_DYNAMODB: bool;

    /// One that has counted nothing.
    fn new(store: &Store) -> Self;

    /// As much of a load as shows what a call costs: where nothing is set at the end of an hour, a fifth says it.
    fn part_of(load: Load) -> Load {
        Load { calls: load.calls / 5, minutes: load.minutes.div_ceil(5), ..load }
    }

    /// Counts a batch.
    async fn count(&self, batch: &StreamEvent, now: Timestamp) -> Outcome;

    /// What runs beside, once a minute.
    async fn each_minute(&self, _now: Timestamp) {}

    /// Goes to a later day. Nothing was called in between.
    async fn sleep_until(&self, _now: Timestamp) {}

    /// What a reader is told.
    async fn counts(&self) -> Counts;
}

/// The events of a batch.
pub(crate) fn events(batch: &StreamEvent) -> impl Iterator<Item = Event> {
    let records = batch.records.iter().map(StreamRecord::record);
    records.map(|record| Event::parse(record.data, record.arrived_at).unwrap())
}

/// Whose number an event raises.
fn place(event: &Event) -> (String, Minute) {
    (event.user_email.clone().unwrap().into(), Minute::of(event.timestamp))
}

/// What some events raise numbers by.
fn tally(events: impl IntoIterator<Item = Event>) -> Counts {
    let mut counts = Counts::new();
    events.into_iter().for_each(|event| *counts.entry(place(&event)).or_default() += 1);
    counts
}
