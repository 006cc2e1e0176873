//! What looking costs: viewers who keep the live view open, which asks again and again.
//!
//! Invariant: what a look reads depends on the calls that there are, so a price holds at one rate of calls.

use serde_json::{Value, json};

use super::bill::{Bill, GB, Item, MILLION, cents};
use super::price::{Look, Prices, Units};

const SECONDS_PER_HOUR: f64 = 3600.0;
/// How often in an hour a viewer meets an instance of the function that has read nothing yet: an assumption.
const FIRST_LOOKS_PER_HOUR: f64 = 1.0;

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewers {
    /// How many at any time.
    pub viewers: u32,
    /// Seconds between two looks of one.
    pub poll_seconds: u64,
}

/// A bill of looking.
#[derive(Clone, Debug, PartialEq)]
pub struct Looking {
    /// Who looks.
    pub by: Viewers,
    /// Its lines.
    pub items: Vec<Item>,
}

impl Looking {
    /// The bill of so many hours in which so many calls are made.
    pub fn of(by: Viewers, calls: u64, hours: f64, prices: &Prices, units: &Units) -> Self {
        let seconds = hours * SECONDS_PER_HOUR;
        let looks = f64::from(by.viewers) * seconds / by.poll_seconds.max(1) as f64;
        let first = (f64::from(by.viewers) * hours * FIRST_LOOKS_PER_HOUR).min(looks);
        let look = look_at(calls as f64 / seconds.max(1.0), &units.looks.at);
        let mut bill = Bill { calls: looks, hours, prices, units, items: Vec::new() };
        bill.add("API Gateway", looks / MILLION, &prices.api_gateway_requests_million);
        bill.function("analytics function", looks, &units.functions.analytics);
        let read = first * look.first + (looks - first) * look.again;
        bill.add("DynamoDB reads", read / MILLION, &prices.dynamodb_read_units_million);
        bill.add("logs", looks * units.access_log_bytes_per_call.gateway / GB, &prices.logs_gb);
        Self { by, items: bill.items }
    }

    /// All of it, in US dollars.
    pub fn usd(&self) -> f64 {
        self.items.iter().map(|item| item.usd).sum()
    }

    /// What it is, in words.
    pub fn name(&self) -> String {
        let Viewers { viewers, poll_seconds } = self.by;
        let who = if viewers == 1 { "1 viewer".to_owned() } else { format!("{viewers} viewers") };
        format!("looking, {who} of everybody's figures, each every {poll_seconds} s")
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(Item::to_json).collect();
        let Viewers { viewers, poll_seconds } = self.by;
        json!({
            "viewers": viewers,
            "pollSeconds": poll_seconds,
            "usdPerMonth": cents(self.usd()),
            "items": items,
        })
    }
}

/// What a look takes at a rate of calls. Between two measured rates it lies on their line; below the lowest it is taken
/// for that one, and above the highest it grows in proportion to the calls.
fn look_at(calls_per_second: f64, measured: &[Look]) -> Look {
    let above = measured.iter().position(|look| look.calls_per_second >= calls_per_second);
    let (low, high) = match above {
        Some(0) => (measured[0], measured[0]),
        Some(above) => (measured[above - 1], measured[above]),
        None => (Look::default(), measured.last().copied().unwrap_or_default()),
    };
    let width = high.calls_per_second - low.calls_per_second;
    let share = if width > 0.0 { (calls_per_second - low.calls_per_second) / width } else { 0.0 };
    let between = |low: f64, high: f64| low + share * (high - low);
    Look { calls_per_second, first: between(low.first, high.first), again: between(low.again, high.again) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURS: f64 = 730.0;

    fn looking(viewers: u32, poll_seconds: u64, calls: u64) -> Looking {
        let by = Viewers { viewers, poll_seconds };
        Looking::of(by, calls, HOURS, &Prices::read().unwrap(), &Units::read().unwrap())
    }

    #[test]
    fn nobody_who_looks_costs_nothing_and_twice_as_many_cost_twice() {
        assert_eq!(looking(0, 1, 5_000_000).usd(), 0.0);
        let (one, two) = (looking(1, 1, 5_000_000).usd(), looking(2, 1, 5_000_000).usd());
        assert!(one > 0.0 && (two / one - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_viewer_who_polls_each_second_looks_as_often_as_a_month_has_seconds() {
        let looks = looking(1, 1, 0).items[0].quantity * MILLION;
        assert!((looks - HOURS * 3600.0).abs() < 1e-3, "{looks}");
        assert!((looking(1, 5, 0).items[0].quantity * MILLION * 5.0 - looks).abs() < 1e-3);
    }

    #[test]
    fn between_two_measured_rates_a_look_lies_on_their_line_and_below_the_first_it_is_that() {
        let look = |calls_per_second: f64, first: f64, again: f64| Look { calls_per_second, first, again };
        let measured = [look(100.0, 50.0, 5.0), look(1_000.0, 500.0, 14.0)];
        assert_eq!(look_at(1.0, &measured), look(1.0, 50.0, 5.0));
        assert_eq!(look_at(100.0, &measured), look(100.0, 50.0, 5.0));
        assert_eq!(look_at(550.0, &measured), look(550.0, 275.0, 9.5));
        assert_eq!(look_at(2_000.0, &measured), look(2_000.0, 1_000.0, 28.0));
        assert_eq!(look_at(2_000.0, &[]), look(2_000.0, 0.0, 0.0));
    }
}
