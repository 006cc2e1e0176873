//! What it costs to know what calls were answered, by how it is known: `status` in an environment's settings.
//!
//! Invariant: each choice is priced beside the bill of the calls, of which it is no part.

use serde_json::{Value, json};

use super::bill::{Bill, Item, MILLION, cents};
use super::price::{Prices, Units};

const SECONDS_PER_HOUR: f64 = 3600.0;
const MINUTES_PER_HOUR: f64 = 60.0;
/// Bytes that a write unit writes, and of a page of the log (CloudWatch Logs API reference, "FilterLogEvents").
const UNIT_BYTES: f64 = 1_024.0;
const PAGE_BYTES: f64 = 1_048_576.0;

/// How it is known, and what that costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Statuses {
    /// The value of the setting.
    pub setting: &'static str,
    /// Its lines.
    pub items: Vec<Item>,
}

impl Statuses {
    /// Each choice, with so many calls within so many hours.
    pub fn of(calls: u64, hours: f64, prices: &Prices, units: &Units) -> [Self; 3] {
        let bill = || Bill { calls: calls as f64, hours, prices, units, items: Vec::new() };
        [
            Self { setting: "poll", items: bill().poll() },
            Self { setting: "subscription", items: bill().subscription() },
            Self { setting: "off", items: Vec::new() },
        ]
    }

    /// All of it, in US dollars.
    pub fn usd(&self) -> f64 {
        self.items.iter().map(|item| item.usd).sum()
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(Item::to_json).collect();
        json!({ "setting": self.setting, "usdPerMonth": cents(self.usd()), "items": items })
    }
}

impl Bill<'_> {
    /// Pages of the log, at least one a minute; asking is free, and waiting for the answer is not.
    fn poll(mut self) -> Vec<Item> {
        let of = &self.units.statuses;
        let pages =
            self.hours * MINUTES_PER_HOUR + self.calls * self.units.access_log_bytes_per_call.gateway / PAGE_BYTES;
        let gb = self.units.functions.aggregator.memory_mb / 1024.0;
        let price = &self.prices.lambda_gb_second;
        self.add("aggregator, pages of the log", pages * of.milliseconds_of_page / 1e3 * gb, price);
        self.items
    }

    /// Deliveries, each a call of the aggregator and an item, which is read when its minute is folded.
    fn subscription(mut self) -> Vec<Item> {
        let (of, functions) = (&self.units.statuses, &self.units.functions);
        let deliveries = self.calls.min(self.hours * SECONDS_PER_HOUR / of.seconds_between_deliveries);
        let mut delivery = functions.aggregator.clone();
        delivery.milliseconds = of.milliseconds_of_delivery;
        self.function("deliveries", deliveries, &delivery);
        let kilobytes = self.calls * of.bytes_of_line / UNIT_BYTES;
        self.add("DynamoDB writes", (deliveries + kilobytes) / MILLION, &self.prices.dynamodb_write_units_million);
        let reads = self.hours * MINUTES_PER_HOUR + kilobytes / 4.0;
        self.add("DynamoDB reads", reads / MILLION, &self.prices.dynamodb_read_units_million);
        self.items
    }
}

#[cfg(test)]
mod tests {
    use super::super::estimate::HOURS_PER_MONTH;
    use super::*;

    #[test]
    fn being_sent_the_log_costs_more_than_reading_it_and_not_knowing_costs_nothing() {
        let (prices, units) = (Prices::read().unwrap(), Units::read().unwrap());
        for calls in [100_000, 5_000_000, 500_000_000] {
            let [poll, subscription, off] = Statuses::of(calls, HOURS_PER_MONTH, &prices, &units).map(|of| of.usd());
            assert!(off < poll && poll < subscription, "{calls} calls: {off}, {poll}, {subscription}");
        }
    }

    #[test]
    fn a_quiet_month_has_a_delivery_for_each_call_and_a_busy_one_no_more_than_time_has_room_for() {
        let (prices, units) = (Prices::read().unwrap(), Units::read().unwrap());
        let deliveries = |calls: u64| {
            let [_, subscription, _] = Statuses::of(calls, HOURS_PER_MONTH, &prices, &units);
            subscription.items[0].quantity * MILLION
        };
        assert_eq!((deliveries(1_000).round(), deliveries(1_000_000_000).round()), (1_000.0, 525_600.0));
    }
}
