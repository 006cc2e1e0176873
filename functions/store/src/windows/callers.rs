//! Who has called in an hour and a day that are not over, listed as their minutes are set.
//!
//! Invariant: whoever calls in a minute whose total says so is in the lists of its hour and its day. Lists only grow, by
//! items that are named by what they hold: who lists a minute again, or beside another, may name somebody twice, and
//! loses nobody.

use contract::limit::MINUTES_DAYS;
use contract::table::{PK, SK, TTL};
use metering::user_set::{Listed, Packed, UserSet};
use metering::window::Minute;

use super::{Span, Windows};
use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, TableError, binary, number, readable, text};

/// Attribute that holds callers.
const CALLERS: &str = "callers";

impl Windows {
    /// Lists the callers of a minute whom the lists of its hour and its day do not name yet; returns how many these name
    /// then, or nothing where there are no callers.
    ///
    /// # Errors
    /// When a request fails. Some of them may be listed then.
    pub async fn list_callers(&self, minute: Minute, callers: &UserSet) -> Result<Option<Listed>, TableError> {
        if callers.is_empty() {
            return Ok(None);
        }
        let [hour, day] = [Span::Hour(minute.hour()), Span::Day(minute.day())];
        let (of_hour, of_day) = tokio::try_join!(self.list(hour, minute, callers), self.list(day, minute, callers))?;
        Ok(Some(Listed { of_hour, of_day }))
    }

    async fn list(&self, whole: Span, minute: Minute, callers: &UserSet) -> Result<u64, TableError> {
        let mut listed = self.callers(whole, Consistency::Strong).await?;
        let new = callers.without(&listed);
        self.analytics.put_all(new.pack().into_iter().map(|packed| item(whole, minute, packed))).await?;
        listed.merge(&new);
        Ok(listed.count())
    }

    /// The callers of an hour or a day that are listed.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn callers(&self, whole: Span, consistency: Consistency) -> Result<UserSet, TableError> {
        let mut callers = UserSet::default();
        for item in self.analytics.query(&partition(whole), Sort::All, consistency).await? {
            readable(self.analytics.bytes(&item, CALLERS))?.into_iter().for_each(|body| callers.add_packed(body));
        }
        Ok(callers)
    }
}

/// Kept for as long as a minute is, since an event may be late.
fn item(whole: Span, minute: Minute, Packed { name, body }: Packed) -> Item {
    let attributes = [
        (PK, text(partition(whole))),
        (SK, text(format!("{minute}#{name}"))),
        (CALLERS, binary(body)),
        (TTL, number(after_days(minute.start(), MINUTES_DAYS))),
    ];
    attributes.map(|(name, value)| (name.to_owned(), value)).into()
}

fn partition(whole: Span) -> String {
    format!("CALLERS#{whole}")
}
