//! What was answered to single calls: a few bytes for each, of a minute and bucket in one item, or in several of many.
//!
//! Invariant: set at the fold of the minute, from all its calls, and only ever by one that knows as many answers or more.

use contract::limit::RETENTION_DAYS;
use metering::answered::Answered;
use metering::subject::Bucket;
use metering::window::Minute;

use super::{Row, Windows};
use crate::blocks::after_days;
use crate::table::{Consistency, Sort, TableError, binary, readable};

/// Attribute that holds the answers.
const ANSWERED: &str = "answered";
/// Calls of an item at most: 250 KB of them.
const CALLS_OF_AN_ITEM: usize = 25_000;

impl Windows {
    /// Sets the answers to the calls of a minute and bucket.
    ///
    /// # Errors
    /// When a write fails.
    pub async fn set_answered(&self, minute: Minute, bucket: Bucket, answered: &Answered) -> Result<(), TableError> {
        let parts = answered.parts(CALLS_OF_AN_ITEM).into_iter().enumerate();
        let row = |(n, part): (usize, Vec<u8>)| Row {
            pk: partition(minute, bucket),
            sk: format!("{n}"),
            events: part.len() as u64,
            known: part.len() as u64,
            attributes: vec![(ANSWERED, binary(part))],
            expires_at: Some(after_days(minute.start(), RETENTION_DAYS)),
        };
        self.set_all(&self.analytics, parts.map(row).collect()).await
    }

    /// The answers to the calls of a minute and bucket.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn answered(&self, minute: Minute, bucket: Bucket) -> Result<Answered, TableError> {
        let items = self.analytics.query(&partition(minute, bucket), Sort::All, Consistency::Strong).await?;
        let mut answered = Answered::default();
        for item in &items {
            readable(self.analytics.bytes(item, ANSWERED))?.into_iter().for_each(|part| answered.add_part(part));
        }
        Ok(answered)
    }
}

fn partition(minute: Minute, bucket: Bucket) -> String {
    format!("ANSWERED#{minute}#{bucket}")
}
