//! A bill that is being written: so much of a thing, times its price.
//!
//! Invariant: each item names the region whose price was taken.

use serde_json::{Value, json};

use super::price::{Invocation, Price, Prices, Units};

/// What many prices are for.
pub(super) const MILLION: f64 = 1e6;
/// Bytes of what others are for.
pub(super) const GB: f64 = 1e9;

/// One line of a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is.
    pub what: String,
    /// How much of it.
    pub quantity: f64,
    /// Of what the price is for.
    pub per: String,
    /// US dollars.
    pub usd: f64,
    /// The region whose price was taken.
    pub place: String,
}

impl Item {
    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self { what, quantity, per, usd, place } = self;
        json!({"what": what, "quantity": quantity, "per": per, "usd": cents(*usd), "priceOf": place})
    }
}

/// Dollars to a hundredth of a cent: more digits than that would promise what an estimate cannot keep.
pub(super) fn cents(usd: f64) -> f64 {
    (usd * 1e4).round() / 1e4
}

/// A bill of some calls over some hours.
pub(super) struct Bill<'a> {
    pub(super) calls: f64,
    pub(super) hours: f64,
    pub(super) prices: &'a Prices,
    pub(super) units: &'a Units,
    pub(super) items: Vec<Item>,
}

impl Bill<'_> {
    pub(super) fn add(&mut self, what: &str, quantity: f64, price: &Price) {
        let Price { usd, per, place, source: _ } = price;
        self.items.push(Item {
            what: what.to_owned(),
            quantity,
            per: per.clone(),
            usd: quantity * usd,
            place: place.clone(),
        });
    }

    pub(super) fn function(&mut self, what: &str, invocations: f64, invocation: &Invocation) {
        let gb_seconds = invocations * invocation.milliseconds / 1e3 * invocation.memory_mb / 1024.0;
        let prices = self.prices;
        self.add(&format!("{what}, requests"), invocations / MILLION, &prices.lambda_requests_million);
        self.add(&format!("{what}, time"), gb_seconds, &prices.lambda_gb_second);
    }
}
