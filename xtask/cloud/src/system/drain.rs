//! Waits until everything on the stream is counted.
//!
//! Each shard is read from the oldest record that it keeps, because a lane of the processor may be far behind the others.
//! Of each partition key the last record tells: those of one key are processed in order, so when the last one is in its
//! block, or under `ERRORS`, those before it are as well. Nobody's word is taken for it but the table's.
//!
//! Invariant: "drained" is said only of a stream that nothing writes to any more.

pub mod last_record;
mod shard;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use contract::{Environment, limit};
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::authorizer::authorizer;
use crate::Connection;
use crate::console::observer::Observer;
pub use last_record::events_of;
use last_record::{Tip, Unread, uncounted};
use shard::Place;
pub use shard::{arrived_at, read_since, shards};

/// What became of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything on it is counted, or there is no stream.
    Fully,
    /// Something is left, in words.
    Not(String),
}

/// Waits until the stream is drained, or the time for it is over.
///
/// # Errors
/// When the stream or the table cannot be read.
pub async fn drain(
    connection: &Connection,
    env: &Environment,
    limit: Duration,
    observer: &dyn Observer,
) -> Result<Drained> {
    let Some(shards) = shards(connection, env).await? else { return Ok(Drained::Fully) };
    let since = switched_at(connection, env).await?;
    wait_for_the_last_call(since, observer).await;
    let began = Instant::now();
    let n_shards = shards.len();
    let oldest = since - SignedDuration::from_hours(i64::from(limit::STREAM_RETENTION_HOURS));
    let mut unread: Vec<Unread> =
        shards.into_iter().map(|shard| Unread { shard, place: Place::Since(oldest) }).collect();
    let mut waiting = Vec::new();
    observer.note(&format!("waiting until the stream's {n_shards} shards are processed"));
    loop {
        if waiting.is_empty() {
            let read = try_join_all(unread.iter().map(|shard| shard.read(connection, env)));
            let Ok(read) = tokio::time::timeout(limit.saturating_sub(began.elapsed()), read).await else {
                return Ok(Drained::Not(format!("it could not be read to its end within {} s", limit.as_secs())));
            };
            let (tips, rest): (Vec<_>, Vec<_>) = read?.into_iter().unzip();
            (waiting, unread) = (tips.concat(), rest.into_iter().flatten().collect());
        }
        waiting = uncounted(connection, env, waiting).await?;
        if waiting.is_empty() && unread.is_empty() {
            observer.note(&format!("the stream is drained ({:.1} s)", began.elapsed().as_secs_f64()));
            return Ok(Drained::Fully);
        }
        if !waiting.is_empty() {
            if began.elapsed() > limit {
                return Ok(Drained::Not(left(&waiting, Timestamp::now())));
            }
            tokio::time::sleep(connection.pause()).await;
        }
    }
}

/// What is left, in words. Of each partition key only the last record is known, so there may be more.
fn left(waiting: &[Tip], now: Timestamp) -> String {
    let mut shards: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
    for Tip { shard, arrived_at, .. } in waiting {
        let (records, since) = shards.entry(shard).or_insert((0, *arrived_at));
        (*records, *since) = (*records + 1, *arrived_at.min(since));
    }
    let shards = shards.iter().map(|(shard, (records, since))| {
        let seconds = now.duration_since(*since).as_secs();
        format!("{records} on {shard}, which is {seconds} s behind")
    });
    let shards: Vec<String> = shards.collect();
    format!("at least {} records are not counted ({})", waiting.len(), shards.join("; "))
}

/// When the authorizer last changed: at the latest then it stopped writing to the stream.
async fn switched_at(connection: &Connection, env: &Environment) -> Result<Timestamp> {
    let modified = authorizer(connection, env).await?.and_then(|found| found.last_modified);
    // Lambda writes `2026-11-24T10:15:30.123+0000`.
    let parsed = modified.as_deref().and_then(|text| text.replace("+0000", "Z").parse().ok());
    Ok(parsed.unwrap_or_else(Timestamp::now))
}

/// A call that was being decided at the switch may still write to the stream until the authorizer's time is over.
async fn wait_for_the_last_call(since: Timestamp, observer: &dyn Observer) {
    let last = since + SignedDuration::from_secs(i64::from(limit::AUTHORIZER_TIMEOUT_SECONDS) + 1);
    if let Ok(wait) = Duration::try_from(last.duration_since(Timestamp::now())) {
        observer.note(&format!("waiting {:.0} s for calls that are under way", wait.as_secs_f64().ceil()));
        tokio::time::sleep(wait).await;
    }
}

#[cfg(test)]
mod tests;
