//! What the processor and the aggregator do with a batch, part by part, apart from every request.
//!
//! Invariant: each part works on what the part before it made, from records of the size that the authorizer writes.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use jiff::Timestamp;
use metering::batch::{Batch, Record};
use metering::block::Block;
use metering::event::Event;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Records in the batch that is taken apart.
const RECORDS: u64 = 100;
/// Users that they are of.
const USERS: u64 = 20;

fn main() {
    divan::main();
}

fn records() -> Vec<String> {
    let record = |n: u64| {
        let (user, id) = (n * 7 % USERS, n.wrapping_mul(2_654_435_761) % (1 << 32));
        format!(
            r#"{{"eventType":"API_CALL","requestId":"{id:08x}-2b1c-4f6e-9d3a-{n:012x}","timestamp":"2026-11-24T10:15:{:02}.123Z","userEmail":"user{user}@example.com","companyName":"Company {user} Pty Ltd","apiKeyId":"k_{user:016}","apiKeyName":"production","method":"GET","path":"/v1/deadlines","stage":"test","sourceIp":"203.0.113.9","userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","latencyMs":{}}}"#,
            n % 60,
            n % 40
        )
    };
    (0..RECORDS).map(record).collect()
}

fn arrived() -> Timestamp {
    "2026-11-24T10:16:30Z".parse().unwrap_or_default()
}

fn events() -> Vec<Event> {
    records().iter().filter_map(|record| Event::parse(record.as_bytes(), arrived()).ok()).collect()
}

/// The JSON parser alone: what bounds the processor.
#[divan::bench]
fn json(bencher: Bencher) {
    let records = records();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench(|| records.iter().filter_map(|record| serde_json::from_str::<serde_json::Value>(record).ok()).count());
}

/// Records to events.
#[divan::bench]
fn parse(bencher: Bencher) {
    let (records, arrived) = (records(), arrived());
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench(|| records.iter().filter_map(|record| Event::parse(record.as_bytes(), arrived).ok()).count());
}

/// Events to blocks.
#[divan::bench]
fn pack(bencher: Bencher) {
    bencher.counter(ItemsCount::new(RECORDS)).with_inputs(events).bench_values(Block::of);
}

/// Records to blocks: all that the processor does between two requests.
#[divan::bench]
fn batch(bencher: Bencher) {
    let (records, arrived_at) = (records(), arrived());
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        Batch::of(records.iter().map(|record| Record {
            data: record.as_bytes(),
            arrived_at,
            shard_id: "shardId-000000000000",
            sequence_number: "49",
        }))
    });
}

/// Blocks to events again: what the aggregator and every reader begin with.
#[divan::bench]
fn unpack(bencher: Bencher) {
    let blocks = Block::of(events());
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        blocks.iter().filter_map(|block| Block::unpack(&block.body).ok()).map(|events| events.len()).sum::<usize>()
    });
}
