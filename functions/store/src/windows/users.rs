//! The users of an hour, without their names, so that those of many hours can be counted together.
//!
//! Invariant: a sketch is set from the names of all users of its hour, each time anew.

use contract::limit::RETENTION_DAYS;
use metering::sketch::Sketch;
use metering::total::Total;
use metering::window::Hour;

use super::{Row, Windows};
use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, TableError, compact_json, readable, string};

/// Attribute that holds a sketch.
const USERS: &str = "users";
/// Bytes of an item beside them: keys, names and numbers.
const OTHER_BYTES: usize = 100;
/// What one read unit reads of a partition, strongly consistent, in bytes.
const UNIT_BYTES: usize = 4_096;

impl Windows {
    /// Sets the users of an hour, whose total tells how much of it is known.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn set_users(&self, hour: Hour, total: &Total, users: &Sketch) -> Result<(), TableError> {
        let row = Row {
            pk: partition(hour),
            sk: hour.to_string(),
            events: total.events,
            known: total.known(),
            attributes: vec![(USERS, compact_json(users))],
            expires_at: Some(after_days(hour.start(), RETENTION_DAYS)),
        };
        self.set(&self.analytics, &row).await
    }

    /// The users of the hours from one to another in which there were any, and about how many read units that took.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn users(&self, first: Hour, last: Hour) -> Result<(Vec<Sketch>, usize), TableError> {
        let (mut sketches, mut units) = (Vec::new(), 0);
        for day in first.day().through(last.day()) {
            let (first, last) = (first.max(day.first_hour()), last.min(day.last_hour()));
            let between = Sort::Between(first.to_string(), last.to_string());
            let items = self.analytics.query(&partition(first), between, Consistency::Strong).await?;
            let sketch = |item: &Item| readable(self.analytics.json(item, USERS)).transpose();
            sketches.extend(items.iter().filter_map(sketch).collect::<Result<Vec<_>, _>>()?);
            units += items.iter().map(bytes).sum::<usize>() / UNIT_BYTES + 1;
        }
        Ok((sketches, units))
    }
}

fn bytes(item: &Item) -> usize {
    let users = item.get(USERS);
    let bytes =
        users.map(|users| users.as_b().map_or_else(|_| string(item, USERS).len(), |bytes| bytes.as_ref().len()));
    bytes.unwrap_or_default() + OTHER_BYTES
}

fn partition(hour: Hour) -> String {
    format!("USERS#{}", hour.day())
}
