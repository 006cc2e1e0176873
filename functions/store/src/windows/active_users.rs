//! The users with the most calls of each day that is over.
//!
//! Invariant: a day's are set when the day is, from the same parts, and only ever by a setting that knows more of it.

use contract::limit::MINUTES_DAYS;
use metering::active_users::ActiveUsers;
use metering::total::Total;
use metering::window::Day;

use super::{Row, Windows};
use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, TableError, compact_json, readable};

/// Their partition: an item a day.
const PARTITION: &str = "ACTIVE";
/// Attribute that holds them.
const USERS: &str = "users";

impl Windows {
    /// Sets the most active users of a day, whose total tells how much of it is known.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn set_active_users(&self, day: Day, total: &Total, users: &ActiveUsers) -> Result<(), TableError> {
        let row = Row {
            pk: PARTITION.to_owned(),
            sk: day.to_string(),
            events: total.events,
            known: total.known(),
            attributes: vec![(USERS, compact_json(users))],
            expires_at: Some(after_days(day.last_hour().start(), MINUTES_DAYS)),
        };
        self.set(&self.analytics, &row).await
    }

    /// The most active users of each of the days from one to another, as far as they are set and can be read.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn active_users(&self, first: Day, last: Day) -> Result<Vec<ActiveUsers>, TableError> {
        let days = Sort::Between(first.to_string(), last.to_string());
        let items = self.analytics.query(PARTITION, days, Consistency::Strong).await?;
        let users = |item: &Item| readable(self.analytics.json(item, USERS)).transpose();
        items.iter().filter_map(users).collect()
    }
}
