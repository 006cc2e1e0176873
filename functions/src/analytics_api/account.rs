//! The statistics of a user: days, open minutes and blocks of the user and of each of the user's keys.
//!
//! Invariant: a key whose use failed is the user's only where a call of the user or the keys table says so.

use std::collections::BTreeSet;

use contract::table::{KEYS_BY_USER, USER_EMAIL};
use jiff::Timestamp;
use metering::breakdown::OTHER;
use metering::email::Email;
use metering::report::user::{Account, Activity};
use metering::subject::Subject;

use super::AnalyticsApi;
use super::figures::all;
use crate::http::{Failure, Json};
use store::history::Reach;
use store::table::{Item, Table, TableError, string, text};

impl AnalyticsApi {
    /// The answer of `user-stats`; of a user nobody knows it is all zeros.
    pub(super) async fn user_stats(&self, email: &Email, now: Timestamp) -> Result<Json, Failure> {
        let subject = Subject::User(email.clone());
        let (history, user, mut keys) = tokio::try_join!(
            self.histories.read(&subject, None, now, Reach::Blocks),
            self.keys.user(email),
            ids_of_keys(&self.keys_table, email),
        )
        .map_err(Failure::internal)?;
        let mut activity = Activity::default();
        history.days.iter().for_each(|(day, cell)| activity.add(*day, cell));
        history.minutes.iter().for_each(|(minute, cell)| activity.add(minute.day(), cell));
        activity.add_events(&history.live);
        keys.extend(activity.sum().keys.into_iter().map(|(id, _)| id).filter(|id| id != OTHER));
        let (auth_failures, recent) = tokio::try_join!(self.failures(keys, now), self.recent(&subject, history, now))
            .map_err(Failure::internal)?;
        let account = Account { user_email: email, limit: user.monthly_quota.calls(), auth_failures, recent: &recent };
        Json::of(&activity.answer(&account, now))
    }

    /// Failed authentications with some keys, of all time.
    async fn failures(&self, keys: BTreeSet<String>, now: Timestamp) -> Result<u64, TableError> {
        let subjects: Vec<_> = keys.into_iter().map(Subject::Key).collect();
        let histories = all(subjects.iter().map(|key| self.histories.read(key, None, now, Reach::Blocks))).await?;
        Ok(histories.iter().map(|history| history.sum().auth_failures).sum())
    }
}

/// The ids of a user's keys, good or not.
pub(super) async fn ids_of_keys(keys: &Table, email: &Email) -> Result<BTreeSet<String>, TableError> {
    let request = keys.client().query().table_name(keys.name()).index_name(KEYS_BY_USER);
    let request = request
        .key_condition_expression("#user = :user")
        .expression_attribute_names("#user", USER_EMAIL)
        .expression_attribute_values(":user", text(email.as_str()));
    let items: Result<Vec<Item>, _> = request.into_paginator().items().send().try_collect().await;
    let items = items.map_err(|error| keys.failed("Query", &error))?;
    Ok(items.iter().map(|item| string(item, "apiKeyId")).filter(|id| !id.is_empty()).collect())
}
