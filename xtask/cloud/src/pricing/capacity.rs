//! What bounds the calls a second, and what to do about each bound: from an environment's settings, AWS's quotas and
//! measured units.
//!
//! Invariant: a bound says by which number and which page of AWS it is one; what a call takes was measured.

use serde_json::{Value, json};
use stacks::Settings;

use super::number::thousands;
use super::price::Units;

/// Records a second that a shard takes, and bytes.
const SHARD_RECORDS: f64 = 1_000.0;
const SHARD_BYTES: f64 = 1_000_000.0;
/// Bytes a second that an on-demand stream takes in most regions.
const ON_DEMAND_BYTES: f64 = 200_000_000.0;
/// Requests a second for each execution of a function that may be at the same time.
const REQUESTS_PER_EXECUTION: f64 = 10.0;
/// Executions at the same time that an account has, where it asked for no more.
const ACCOUNT_EXECUTIONS: f64 = 1_000.0;
/// Functions that a call invokes and waits for: the authorizer, and the one behind it.
const FUNCTIONS_OF_A_CALL: f64 = 2.0;
/// Requests a second that an account's APIs take together.
const ACCOUNT_REQUESTS: f64 = 10_000.0;
/// Write units a second of an on-demand table that is new, of any table by default, and of a partition.
const NEW_TABLE_UNITS: f64 = 4_000.0;
const TABLE_UNITS: f64 = 40_000.0;
const PARTITION_UNITS: f64 = 1_000.0;
/// Shards of an account in most regions.
const ACCOUNT_SHARDS: f64 = 1_000.0;
/// Memory in MB with which a function has a whole processor.
const MB_OF_A_PROCESSOR: f64 = 1_769.0;

/// Write units that what the processor writes of a call takes at most while batches are full: measured in the tests.
const BLOCK_UNITS_PER_CALL: f64 = 0.09;

const GATEWAY: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html";
const STAGE: &str = "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html";
const CONCURRENCY: &str = "https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html";
const MEMORY: &str = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html";
const STREAM: &str = "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html";
const NEW_TABLE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html";
const TABLE: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html";
const PARTITION: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html";

/// Something that takes so much and no more.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// What it is.
    pub part: &'static str,
    /// What it takes.
    pub takes: String,
    /// The calls a second with which it is reached, from as many users as may be.
    pub calls_per_second: f64,
    /// The same where one user makes half of the calls.
    pub with_hot_user: f64,
    /// The page of AWS's documentation that says so.
    pub page: &'static str,
    /// What to set, or what happens beyond it.
    pub remedy: &'static str,
}

/// Every bound, the lowest first.
pub fn bounds(settings: &Settings, units: &Units) -> Vec<Bound> {
    let mut bounds = vec![stage(settings), account_executions(), account_requests(), stream(settings, units)];
    bounds.extend(authorizer(settings));
    bounds.extend([shard_of_a_user(units), account_shards(units)]);
    bounds.extend([new_table(units), whole_table(units), partition(), fold(units)]);
    bounds.sort_by(|one, other| one.calls_per_second.total_cmp(&other.calls_per_second));
    bounds
}

/// A bound that is the same whoever calls.
fn even(part: &'static str, takes: String, calls_per_second: f64, page: &'static str, remedy: &'static str) -> Bound {
    Bound { part, takes, calls_per_second, with_hot_user: calls_per_second, page, remedy }
}

fn stage(settings: &Settings) -> Bound {
    let rate = settings.api.requests_per_second.get();
    let takes = format!("{} requests a second, as set", thousands(rate.into()));
    even("the API's stage", takes, rate.into(), STAGE, "`requests-per-second` and `burst` under `[api]`")
}

fn authorizer(settings: &Settings) -> Option<Bound> {
    let executions = settings.api.authorizer_reserved_concurrency?.get();
    Some(even(
        "the authorizer",
        format!("{} executions, as set, of 10 requests a second", thousands(executions.into())),
        f64::from(executions) * REQUESTS_PER_EXECUTION,
        CONCURRENCY,
        "`authorizer-reserved-concurrency` under `[api]`",
    ))
}

fn account_executions() -> Bound {
    even(
        "the account's functions",
        "1,000 executions of 10 requests a second, of which a call takes two".to_owned(),
        ACCOUNT_EXECUTIONS * REQUESTS_PER_EXECUTION / FUNCTIONS_OF_A_CALL,
        CONCURRENCY,
        "ask for more `Concurrent executions` in Service Quotas",
    )
}

fn account_requests() -> Bound {
    even(
        "the account's APIs",
        "10,000 requests a second".to_owned(),
        ACCOUNT_REQUESTS,
        GATEWAY,
        "ask for a higher `Throttle rate` in Service Quotas",
    )
}

/// Calls a second that a shard takes.
fn shard(units: &Units) -> f64 {
    SHARD_RECORDS.min(SHARD_BYTES / units.bytes_per_call.event)
}

fn stream(settings: &Settings, units: &Units) -> Bound {
    match settings.shard_bounds() {
        Some((_, most)) => even(
            "the stream",
            format!("{most} shards at most, as set, of 1,000 records or 1 MB a second"),
            f64::from(most.get()) * shard(units),
            STREAM,
            "`max-shards` under `[stream]`, or `mode = \"on-demand\"`",
        ),
        None => even(
            "the stream",
            "200 MB a second".to_owned(),
            ON_DEMAND_BYTES / units.bytes_per_call.event,
            STREAM,
            "ask for up to 10 GB a second; a rise to more than twice the last peak is throttled for up to 15 minutes",
        ),
    }
}

/// The calls of a user are on one shard, so that they stay in order.
fn shard_of_a_user(units: &Units) -> Bound {
    Bound {
        part: "the shard of one user",
        takes: "1,000 records or 1 MB a second".to_owned(),
        calls_per_second: f64::INFINITY,
        with_hot_user: shard(units) / HOT_SHARE,
        page: STREAM,
        remedy: "several users for that customer; what the shard refuses is journaled, and 1,000 calls a minute are counted from there",
    }
}

fn account_shards(units: &Units) -> Bound {
    even(
        "the account's shards",
        "1,000 in most regions".to_owned(),
        ACCOUNT_SHARDS * shard(units),
        STREAM,
        "ask for more `Shards per Region` in Service Quotas",
    )
}

/// Write units of a call, windows included.
fn write_units(units: &Units) -> f64 {
    units.write_units_per_1000_calls.b / 1e3
}

fn new_table(units: &Units) -> Bound {
    even(
        "a table that was never busier",
        "4,000 write units a second, or twice its last peak".to_owned(),
        NEW_TABLE_UNITS / write_units(units),
        NEW_TABLE,
        "it grows by itself; before an event, `aws dynamodb update-table --warm-throughput`",
    )
}

fn whole_table(units: &Units) -> Bound {
    even(
        "a table",
        "40,000 write units a second".to_owned(),
        TABLE_UNITS / write_units(units),
        TABLE,
        "ask for a higher `Table-level write throughput limit` in Service Quotas",
    )
}

fn partition() -> Bound {
    let reached = |hot: f64| PARTITION_UNITS / BLOCK_UNITS_PER_CALL / busiest_share(hot);
    Bound {
        part: "a bucket's partition of a minute",
        takes: "1,000 write units a second".to_owned(),
        calls_per_second: reached(0.0),
        with_hot_user: reached(HOT_SHARE),
        page: PARTITION,
        remedy: "`BUCKETS` in functions/contract; beyond it batches wait, and counts come later",
    }
}

/// The share of the calls that is in the bucket of the user who makes a share of them.
fn busiest_share(hot: f64) -> f64 {
    hot + (1.0 - hot) / f64::from(contract::limit::BUCKETS)
}

fn fold(units: &Units) -> Bound {
    let processors = units.functions.aggregator.memory_mb / MB_OF_A_PROCESSOR;
    even(
        "the fold of a minute",
        format!("a minute, with {processors:.2} of a processor"),
        processors * 1e6 / units.fold.microseconds_per_call,
        MEMORY,
        "memory of the aggregator in stacks/src/kinesis.rs; beyond it windows fall behind, and answers read blocks",
    )
}

/// Of all calls, those of the one user who makes most.
const HOT_SHARE: f64 = 0.5;

impl Bound {
    /// For people, beside a rate of calls.
    pub fn line(&self, calls_per_second: f64) -> String {
        let Self { part, takes, with_hot_user, remedy, .. } = self;
        let reached = rounded(self.calls_per_second);
        let mark = if self.calls_per_second < calls_per_second { "!" } else { " " };
        format!("{mark} {reached:>10}  {:>10}  {part}: {takes}; {remedy}", rounded(*with_hot_user))
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self { part, takes, calls_per_second, with_hot_user, page, remedy } = self;
        // JSON has no infinity, and serde_json writes null for it: no number of calls reaches the bound.
        json!({
            "part": part, "takes": takes, "callsPerSecond": calls_per_second.round(),
            "withHotUser": with_hot_user.round(), "page": page, "remedy": remedy,
        })
    }
}

/// Calls a second, to two digits that mean something.
fn rounded(calls_per_second: f64) -> String {
    if !calls_per_second.is_finite() {
        return "–".to_owned();
    }
    let step = 10_f64.powf((calls_per_second.max(1.0).log10().floor() - 1.0).max(0.0));
    thousands(((calls_per_second / step).floor() * step) as u64)
}

#[cfg(test)]
mod tests;
