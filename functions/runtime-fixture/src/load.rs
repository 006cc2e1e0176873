//! The loads that figures are given for: calls of so many users over so many minutes, in batches of so many.
//!
//! Invariant: a load is the same records every time, each the size that the authorizer writes; some users call often and
//! most seldom.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// How many calls there are for each of the one user who makes a tenth of them.
const HOT_EVERY: u64 = 10;

/// Calls of one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its name.
    pub name: &'static str,
    /// How many calls.
    pub calls: u64,
    /// Of how many users.
    pub users: u64,
    /// Records in a batch.
    pub batch: usize,
    /// Over how many minutes.
    pub minutes: u64,
    /// With how many keys of each user.
    pub keys: u64,
    /// On how many paths.
    pub paths: u64,
}

/// Records as Lambda delivers them.
#[derive(Clone, Debug)]
pub struct Batch {
    /// When the last of them reached the stream.
    pub arrived: Timestamp,
    /// The invocation's payload.
    pub event: Value,
}

impl Load {
    /// A busy minute of few users.
    pub const A: Self = Self { name: "A", calls: 1_000, users: 20, batch: 100, minutes: 1, keys: 1, paths: 1 };
    /// Ten busy minutes of many users.
    pub const B: Self = Self { name: "B", calls: 10_000, users: 200, batch: 100, minutes: 10, keys: 1, paths: 1 };
    /// Ten quiet minutes: each call arrives alone.
    pub const C: Self = Self { name: "C", calls: 1_000, users: 200, batch: 1, minutes: 10, keys: 1, paths: 1 };
    /// A busy minute of one user with many keys, who calls many paths.
    pub const D: Self = Self { name: "D", calls: 1_000, users: 1, batch: 100, minutes: 1, keys: 40, paths: 60 };

    /// Who makes a call: user 0 most often, the last one least, all of them within a few hundred calls.
    const fn user(self, n: u64) -> u64 {
        let spread = (n.wrapping_mul(2_654_435_761) >> 16) & 0xffff;
        (self.users * spread * spread) >> 32
    }

    /// The same where every tenth call is one of user 0, who makes no others.
    const fn user_or_hot(self, n: u64) -> u64 {
        let user = self.user(n);
        match n % HOT_EVERY {
            0 => 0,
            _ if user == 0 => 1,
            _ => user,
        }
    }

    /// Its batches, in order, the first call at `beginning`.
    pub fn batches(self, beginning: Timestamp) -> impl Iterator<Item = Batch> {
        self.batches_by(beginning, move |n| self.user(n))
    }

    /// Its batches with a tenth of the calls made by user 0.
    pub fn batches_with_hot(self, beginning: Timestamp) -> impl Iterator<Item = Batch> {
        self.batches_by(beginning, move |n| self.user_or_hot(n))
    }

    fn batches_by(self, beginning: Timestamp, user: impl Fn(u64) -> u64) -> impl Iterator<Item = Batch> {
        let made =
            move |n: u64| beginning + SignedDuration::from_millis((n * self.minutes * 60_000 / self.calls) as i64);
        (0..self.calls).step_by(self.batch).map(move |first| {
            let last = (first + self.batch as u64).min(self.calls) - 1;
            let records: Vec<Value> = (first..=last).map(|n| self.record(n, user(n), made(n))).collect();
            Batch { arrived: made(last), event: json!({ "Records": records }) }
        })
    }

    fn record(self, n: u64, user: u64, made: Timestamp) -> Value {
        let key = user * self.keys + n % self.keys;
        let path = match n.wrapping_mul(2_654_435_761) / 65_536 % self.paths {
            0 => "/v1/deadlines".to_owned(),
            path => format!("/v1/deadlines/{path}"),
        };
        let id = format!("{:08x}-2b1c-4f6e-9d3a-{n:012x}", n.wrapping_mul(2_654_435_761) % (1 << 32));
        let event = json!({
            "eventType": "API_CALL", "requestId": id, "timestamp": made.to_string(),
            "userEmail": format!("user{user}@example.com"), "companyName": format!("Company {user} Pty Ltd"),
            "apiKeyId": format!("k_{key:016}"), "apiKeyName": "production", "method": "GET", "path": path,
            "stage": "test", "sourceIp": "203.0.113.9", "latencyMs": n % 40,
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        });
        json!({
            "eventID": format!("shardId-000000000000:{n}"), "eventName": "aws:kinesis:record", "eventVersion": "1.0",
            "eventSource": "aws:kinesis", "awsRegion": "ap-south-1", "eventSourceARN": "arn", "invokeIdentityArn": "arn",
            "kinesis": {
                "kinesisSchemaVersion": "1.0", "partitionKey": "p", "sequenceNumber": n.to_string(),
                "data": STANDARD.encode(event.to_string()),
                "approximateArrivalTimestamp": made.as_millisecond() as f64 / 1_000.0
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_load_has_the_users_that_it_says() {
        for load in [Load::A, Load::B] {
            let users: BTreeSet<u64> = (0..load.calls).map(|n| load.user(n)).collect();
            assert_eq!((users.len() as u64, users.last()), (load.users, Some(&(load.users - 1))), "{}", load.name);
        }
    }

    #[test]
    fn a_tenth_of_the_calls_is_the_hot_users() {
        let load = Load { calls: 60_000, users: 2_000, ..Load::A };
        let users: Vec<u64> = (0..load.calls).map(|n| load.user_or_hot(n)).collect();
        assert_eq!(users.iter().filter(|user| **user == 0).count(), 6_000);
        assert!(users.iter().collect::<BTreeSet<_>>().len() > 1_900);
    }

    #[test]
    fn the_last_batch_ends_with_the_last_call() {
        let batches: Vec<Batch> = Load { calls: 250, ..Load::A }.batches(Timestamp::UNIX_EPOCH).collect();
        let records: Vec<usize> =
            batches.iter().map(|batch| batch.event["Records"].as_array().unwrap().len()).collect();
        assert_eq!(records, [100, 100, 50]);
    }
}
