//! What is known of a subject in a window: the sums that windows are made of.
//!
//! Invariant: sums are whole numbers, so cells merge in any order; a breakdown is cut before it outgrows an item.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::{Event, EventType};

/// Most keys, and most paths, that a cell tells apart; further ones are summed under [`OTHER`].
const MAX_ENTRIES: usize = 64;
/// Longest name of a key or path in a breakdown, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Stands for what a breakdown no longer tells apart.
pub const OTHER: &str = "*";

/// Sums over distinct events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cell {
    /// Distinct events of every type. It only ever grows, which is how a stale write is told from a newer one.
    pub events: u64,
    /// Distinct `API_CALL` events.
    pub calls: u64,
    /// Sum of the authorizer's latency over the calls that have one, in microseconds.
    pub latency_us: u64,
    /// Calls that have a latency.
    pub timed: u64,
    /// Distinct `API_RATE_LIMITED` events.
    #[serde(skip_serializing_if = "is_zero")]
    pub rate_limited: u64,
    /// Distinct `API_AUTH_FAILED` events.
    #[serde(skip_serializing_if = "is_zero")]
    pub auth_failures: u64,
    /// The company named last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// When the first call was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// When the last call was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Calls by key id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, KeyCalls>,
    /// Calls by `METHOD /path`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<String, u64>,
}

/// The calls made with one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCalls {
    /// The key's name.
    pub name: String,
    /// Its calls.
    pub calls: u64,
}

impl Cell {
    /// Adds an event that the cell has not seen.
    pub fn add(&mut self, event: &Event) {
        self.events += 1;
        match event.event_type {
            EventType::Call => self.add_call(event),
            EventType::AuthFailed => self.auth_failures += 1,
            EventType::RateLimited => self.rate_limited += 1,
            EventType::Threshold | EventType::AuthError => {}
        }
    }

    fn add_call(&mut self, event: &Event) {
        self.calls += 1;
        if let Some(latency) = event.latency_ms {
            // A cast of a float saturates: a negative latency is none, an absurd one stays finite.
            self.latency_us = self.latency_us.saturating_add((latency * 1_000.0) as u64);
            self.timed += 1;
        }
        if self.last.is_none_or(|last| last <= event.timestamp) && event.company_name.is_some() {
            self.company.clone_from(&event.company_name);
        }
        self.seen(event.timestamp);
        if let Some(id) = &event.api_key_id {
            let name = short(event.api_key_name.as_deref().unwrap_or_default());
            self.add_key(short(id), &KeyCalls { name, calls: 1 });
        }
        if let Some(path) = &event.path {
            self.add_path(short(&format!("{} {path}", event.method.as_deref().unwrap_or("?"))), 1);
        }
    }

    /// Adds the events of another cell, none of which this one has seen.
    pub fn merge(&mut self, other: &Self) {
        let Self { events, calls, latency_us, timed, rate_limited, auth_failures, company, first, last, keys, paths } =
            other;
        self.events += events;
        self.calls += calls;
        self.latency_us = self.latency_us.saturating_add(*latency_us);
        self.timed += timed;
        self.rate_limited += rate_limited;
        self.auth_failures += auth_failures;
        if company.is_some() && (self.company.is_none() || *last >= self.last) {
            self.company.clone_from(company);
        }
        for instant in [first, last].into_iter().flatten() {
            self.seen(*instant);
        }
        for (id, key) in keys {
            self.add_key(id.clone(), key);
        }
        for (path, calls) in paths {
            self.add_path(path.clone(), *calls);
        }
    }

    /// The average latency in milliseconds; zero where no call has one.
    pub fn average_latency_ms(&self) -> f64 {
        if self.timed == 0 { 0.0 } else { round(self.latency_us as f64 / 1_000.0 / self.timed as f64) }
    }

    fn seen(&mut self, instant: Timestamp) {
        self.first = Some(self.first.map_or(instant, |first| first.min(instant)));
        self.last = Some(self.last.map_or(instant, |last| last.max(instant)));
    }

    fn add_key(&mut self, id: String, key: &KeyCalls) {
        let id = if self.keys.contains_key(&id) || self.keys.len() < MAX_ENTRIES { id } else { OTHER.into() };
        let entry = self.keys.entry(id).or_default();
        entry.calls += key.calls;
        if entry.name < key.name {
            entry.name.clone_from(&key.name);
        }
    }

    fn add_path(&mut self, path: String, calls: u64) {
        let path = if self.paths.contains_key(&path) || self.paths.len() < MAX_ENTRIES { path } else { OTHER.into() };
        *self.paths.entry(path).or_default() += calls;
    }
}

/// Two digits after the point are all that a person reads.
pub(crate) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn short(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
