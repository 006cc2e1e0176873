//! Users whose quota may run out before its month is over: those who were alerted to a threshold of it.
//!
//! Invariant: a user is watched from the first alert of a month on, until they are told that the quota will run out: the
//! item by which they are watched becomes that alert, so that it is made once, whoever makes it.

use contract::table::{PENDING, PENDING_JOURNALS, PK, SK, USER};
use jiff::Timestamp;
use metering::alert::Alert;
use metering::email::Email;
use metering::window::Month;

use super::{Claim, NOTICE, Notices, RUNS_OUT_AT, partition};
use crate::table::{Item, TableError, present, string, text};

/// What follows in the sort key: after every threshold.
const RUN_OUT: &str = "RUNOUT";
/// How the index of what waits begins what it has of a watched user, before the month.
const WATCHED: &str = "WATCHED#";

impl Notices {
    /// Watches a user's quota of a month, if they are not watched yet and were not told either.
    pub(super) async fn watch(&self, user_email: &Email, month: Month) -> Result<(), TableError> {
        let request = self
            .update_at(key(user_email, month))
            .update_expression("SET #pending = :watched")
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":watched", text(watched_in(month)));
        self.carry_out(request).await.map(drop)
    }

    /// The users whose quota of a month is watched, by name. Who is so since the last moments may be missing.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn watched(&self, month: Month) -> Result<Vec<Email>, TableError> {
        let request = self.usage.client().query().table_name(self.usage.name()).index_name(PENDING_JOURNALS);
        let request = request
            .key_condition_expression("#pending = :watched")
            .expression_attribute_names("#pending", PENDING)
            .expression_attribute_values(":watched", text(watched_in(month)));
        let items: Result<Vec<_>, _> = request.into_paginator().items().send().try_collect().await;
        let items = items.map_err(|error| self.usage.failed("Query", &error))?;
        let user = |item: &Item| string(item, PK).strip_prefix(USER).map(Email::as_stored);
        Ok(items.iter().filter_map(user).collect())
    }

    /// Makes the alert that a watched user's quota will run out, and returns it if this made it: it is the caller's to
    /// send.
    ///
    /// # Errors
    /// When the request fails. It may be made then; a later run sends it.
    pub async fn make_run_out(&self, alert: Alert, now: Timestamp) -> Result<Option<Claim>, TableError> {
        let request = self.make_one(&alert, now).condition_expression("#pending = :watched");
        let request = request.expression_attribute_values(":watched", text(watched_in(alert.month())));
        Ok(self.carry_out(request).await?.then_some(Claim(alert)))
    }
}

/// The key of a user's alert that the quota of a month will run out, and of what becomes it.
pub(super) fn key(user_email: &Email, month: Month) -> (String, String) {
    (partition(user_email), format!("{month}{NOTICE}{RUN_OUT}"))
}

/// Whether an item is no alert yet.
pub(super) fn is_watched(item: &Item) -> bool {
    string(item, SK).ends_with(RUN_OUT) && present(item, RUNS_OUT_AT).is_none()
}

fn watched_in(month: Month) -> String {
    format!("{WATCHED}{month}")
}
