//! The arithmetic of a bill: so much of a thing, times its price.
//!
//! Invariant: an estimate is the sum of its items and nothing else.

use contract::limit::{BUSY_CALLS, WATCHED_BY_HOUR, WATCHED_BY_MINUTE};
use serde_json::{Value, json};

use super::bill::{Bill, GB, Item, MILLION, cents};
use super::price::{Prices, Units};

/// Hours of an average month, as AWS reckons them.
pub const HOURS_PER_MONTH: f64 = 730.0;
/// A provisioned stream counts payload in units of 25 KB, an on-demand one rounds each record up to 1 KB.
const PUT_UNIT_BYTES: f64 = 25_000.0;
const ON_DEMAND_RECORD_BYTES: f64 = 1_000.0;
/// Of the seven days for which records stay, the first is free; the average month has 30.4 days.
const EXTENDED_MONTHS: f64 = 6.0 / 30.4;
/// Below this many records a batch, a batch is taken for load C, else for A.
const FULL_BATCH_RECORDS: f64 = 10.0;
/// Calls a second that a shard takes before the scaler adds another: 70 % of 1,000 records (Kinesis Data Streams Developer
/// Guide, "Quotas and limits"). An event has less than a thousandth of the megabyte that a shard takes as well.
const CALLS_PER_SHARD: f64 = 700.0;
/// How often a standard consumer reads a shard.
const POLLS_PER_SECOND: f64 = 1.0;

/// How calls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A stream of so many shards.
    Provisioned {
        /// Shards.
        shards: u32,
        /// Whether the processor has a consumer of its own.
        fan_out: bool,
    },
    /// A stream that follows the traffic.
    OnDemand {
        /// Whether the processor has a consumer of its own.
        fan_out: bool,
    },
    /// No stream.
    Synchronous,
}

/// A bill of some calls over some hours.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// How they are counted.
    pub mode: Mode,
    /// How many.
    pub calls: u64,
    /// Its lines.
    pub items: Vec<Item>,
}

impl Mode {
    /// The mode in words.
    pub fn name(self) -> String {
        match self {
            Self::Provisioned { shards, fan_out } => format!("provisioned, {shards} shards{}", consumer(fan_out)),
            Self::OnDemand { fan_out } => format!("on-demand{}", consumer(fan_out)),
            Self::Synchronous => "synchronous".to_owned(),
        }
    }

    /// The same mode with shards for so many calls a second.
    #[must_use]
    pub fn for_rate(self, calls_per_second: f64) -> Self {
        match self {
            Self::Provisioned { shards, fan_out } => {
                let needed = (calls_per_second / CALLS_PER_SHARD).ceil();
                Self::Provisioned { shards: shards.max(needed as u32), fan_out }
            }
            mode => mode,
        }
    }

    /// The mode in one word, for programs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Provisioned { .. } => "provisioned",
            Self::OnDemand { .. } => "onDemand",
            Self::Synchronous => "synchronous",
        }
    }
}

fn consumer(fan_out: bool) -> &'static str {
    if fan_out { ", enhanced fan-out" } else { "" }
}

impl Estimate {
    /// The bill of `calls` within `hours`.
    pub fn of(mode: Mode, calls: u64, hours: f64, prices: &Prices, units: &Units) -> Self {
        let mut bill = Bill { calls: calls as f64, hours, prices, units, items: Vec::new() };
        bill.every_call();
        match mode {
            Mode::Provisioned { shards, fan_out } => bill.provisioned(f64::from(shards), fan_out),
            Mode::OnDemand { fan_out } => bill.on_demand(fan_out),
            Mode::Synchronous => bill.synchronous(),
        }
        Self { mode, calls, items: bill.items }
    }

    /// All of it, in US dollars.
    pub fn usd(&self) -> f64 {
        self.items.iter().map(|item| item.usd).sum()
    }

    /// What a million calls cost, in US dollars; none without calls.
    pub fn usd_per_million(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.usd() / self.calls as f64 * MILLION)
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(Item::to_json).collect();
        json!({
            "mode": self.mode.key(),
            "description": self.mode.name(),
            "usdPerMonth": cents(self.usd()),
            "usdPerMillionCalls": self.usd_per_million().map(cents),
            "items": items,
        })
    }
}

impl Bill<'_> {
    fn every_call(&mut self) {
        let (calls, prices, units) = (self.calls, self.prices, self.units);
        self.add("API Gateway", calls / MILLION, &prices.api_gateway_requests_million);
        self.function("authorizer", calls, &units.functions.authorizer);
        self.function("deadlines function", calls, &units.functions.deadlines);
        let reads = calls / 1e3 * units.read_units_per_1000_calls.authorizer;
        self.add("DynamoDB reads", reads / MILLION, &prices.dynamodb_read_units_million);
        let logs = units.bytes_per_call.logs + units.access_log_bytes_per_call.gateway;
        self.add("logs", calls * logs / GB, &prices.logs_gb);
    }

    fn writes(&mut self, per_1000: f64) {
        let writes = self.calls / 1e3 * per_1000;
        self.add("DynamoDB writes", writes / MILLION, &self.prices.dynamodb_write_units_million);
    }

    fn provisioned(&mut self, shards: f64, fan_out: bool) {
        let (hours, prices) = (self.hours, self.prices);
        self.add("shards", shards * hours, &prices.kinesis_shard_hour);
        self.add("seven days' retention", shards * hours, &prices.kinesis_extended_retention_shard_hour);
        let put_units = self.calls * (self.units.bytes_per_call.event / PUT_UNIT_BYTES).ceil();
        self.add("records put", put_units / MILLION, &prices.kinesis_put_units_million);
        if fan_out {
            self.add("enhanced fan-out", shards * hours, &prices.kinesis_consumer_shard_hour);
            let read = self.calls * self.units.bytes_per_call.event / GB;
            self.add("enhanced fan-out, data", read, &prices.kinesis_consumer_gb);
        }
        self.behind_the_stream(shards);
    }

    fn on_demand(&mut self, fan_out: bool) {
        let (calls, hours, prices) = (self.calls, self.hours, self.prices);
        self.add("stream", hours, &prices.kinesis_on_demand_hour);
        let event = self.units.bytes_per_call.event;
        let rounded = (event / ON_DEMAND_RECORD_BYTES).ceil() * ON_DEMAND_RECORD_BYTES;
        self.add("data put", calls * rounded / GB, &prices.kinesis_on_demand_gb_in);
        let out = if fan_out { &prices.kinesis_on_demand_consumer_gb } else { &prices.kinesis_on_demand_gb_out };
        self.add("data read", calls * event / GB, out);
        let kept = calls * event / GB * EXTENDED_MONTHS;
        self.add("seven days' retention", kept, &prices.kinesis_on_demand_retention_gb_month);
        // A new on-demand stream has four shards.
        self.behind_the_stream(4.0);
    }

    fn behind_the_stream(&mut self, shards: f64) {
        let (prices, units) = (self.prices, self.units);
        let batch = batch(self.calls, self.hours, shards);
        self.function("stream processor", self.calls / batch, &units.functions.processor);
        let runs = self.hours * 60.0;
        self.function("aggregator", runs, &units.functions.aggregator);
        let reads = runs * units.fold.read_units_per_run + self.calls / 1e3 * units.fold.read_units_per_1000_calls;
        self.add("aggregator, reads", reads / MILLION, &prices.dynamodb_read_units_million);
        let writes = &units.write_units_per_1000_calls;
        self.writes(if batch < FULL_BATCH_RECORDS { writes.c } else { writes.a });
        let alerts = self.calls / 1e3 * units.alerts_per_1000_calls.sent;
        self.add("alerts", alerts / MILLION, &prices.sns_requests_million);
        self.anomalies();
        self.reports();
        let months = self.hours / HOURS_PER_MONTH;
        self.add("metrics", units.fixtures.metrics * months, &prices.cloudwatch_metric_month);
        self.add("dashboards", units.fixtures.dashboards * months, &prices.cloudwatch_dashboard_month);
        self.add("alarms", units.fixtures.alarms * months, &prices.cloudwatch_alarm_month);
    }

    /// At most: as though busy users alone called, and then the others alone.
    fn anomalies(&mut self) {
        let (prices, units, days) = (self.prices, &self.units.anomalies, self.hours / 24.0);
        let most = |users: usize| users as f64 * days;
        let by_hour = (self.calls / 1e3 * units.user_days_per_1000_calls).min(most(WATCHED_BY_HOUR));
        let by_minute = (self.calls / BUSY_CALLS as f64).min(most(WATCHED_BY_MINUTE));
        let reads = by_hour * units.of_user_by_hour + by_minute * units.of_user_by_minute;
        self.add("anomalies, reads", reads / MILLION, &prices.dynamodb_read_units_million);
    }

    fn reports(&mut self) {
        let (prices, units) = (self.prices, &self.units.reports);
        let reports = self.calls / 1e3 * units.per_1000_calls;
        self.add("reports, objects", reports * units.objects / MILLION, &prices.s3_puts_million);
        self.add("reports, reads", reports * units.read_units / MILLION, &prices.dynamodb_read_units_million);
        let gb_seconds = units.function.milliseconds / 1e3 * units.function.memory_mb / 1024.0;
        self.add("reports, time", reports * gb_seconds, &prices.lambda_gb_second);
    }

    fn synchronous(&mut self) {
        self.writes(self.units.synchronous_write_units_per_1000_calls.authorizer);
    }
}

/// How many records a batch has if calls come evenly; they do not, so real batches are larger and the bill smaller.
fn batch(calls: f64, hours: f64, shards: f64) -> f64 {
    let per_second = calls / (hours * 3600.0).max(1.0);
    (per_second / shards / POLLS_PER_SECOND).clamp(1.0, f64::from(contract::limit::BATCH_SIZE))
}

#[cfg(test)]
mod tests;
