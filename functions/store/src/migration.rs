//! What an earlier deployment stored otherwise, brought to the present form: names of people in other spellings, keys
//! that would stay for ever, failed calls counted by key.
//!
//! Invariant: nothing is lost where it ends half-way, because what leads to an old item goes last; and a second run
//! changes nothing that the first one changed.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};
use contract::table::{PK, SK, TTL, USER_EMAIL};
use futures::{StreamExt, TryStreamExt};
use metering::email::Email;
use metering::subject::Subject;

use crate::blocks::after_days;
use crate::keys::{COMPANY, EXPIRES_AT, KEPT_DAYS, Keys, REVOKED_AT};
use crate::table::{
    CONCURRENCY, Item, Table, TableError, integer, number, present, string, text, unless_condition_failed,
};
use crate::users::{self, FORMERLY, QUOTA, USER, partition};
use crate::windows::{Windows, usage_partition};

/// Before a key's id in the sort key of the failed calls that an earlier deployment counted for it.
const FAILED: &str = "FAILED#";
/// Attribute that holds their number.
const FAILURES: &str = "authFailures";

/// What was brought to the present form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Keys that name their owner in the one spelling now.
    pub keys: u64,
    /// Users whose settings are under the one spelling now.
    pub users: u64,
    /// Keys that leave the table now some time after their end.
    pub expiring: u64,
    /// Keys whose failed calls their owner's statistics hold now.
    pub failures: u64,
}

impl Migrated {
    /// Whether everything was in the present form already.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn add(&mut self, other: &Self) {
        let Self { keys, users, expiring, failures } = other;
        self.keys += keys;
        self.users += users;
        self.expiring += expiring;
        self.failures += failures;
    }
}

/// Brings both tables to the present form. Reads the whole keys table, page by page, and the days of each key's
/// failures; calls may come in meanwhile.
///
/// # Errors
/// When a request fails. Run it again then.
pub async fn migrate(keys: &Keys, usage: &Table, windows: &Windows) -> Result<Migrated, TableError> {
    let migration = Migration { keys: &keys.table, usage, windows };
    let mut migrated = Migrated::default();
    let mut pages = keys.table.client().scan().table_name(keys.table.name()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| keys.table.failed("Scan", &error))?;
        let (users, keys): (Vec<_>, Vec<_>) =
            page.items.unwrap_or_default().into_iter().partition(|item| string(item, SK) == users::SORT);
        // One after the other, because two of them may be one person.
        for user in &users {
            migrated.users += u64::from(migration.user(user).await?);
        }
        let steps: Vec<_> = keys.iter().map(|key| migration.key(key)).collect();
        let steps: Vec<_> = futures::stream::iter(steps).buffer_unordered(CONCURRENCY).try_collect().await?;
        steps.iter().for_each(|step| migrated.add(step));
    }
    Ok(migrated)
}

/// Failed calls that an item of a user's partition holds, if it holds such.
pub(crate) fn failures_by_key(item: &Item) -> Option<u64> {
    string(item, SK).starts_with(FAILED).then(|| integer(item, FAILURES).and_then(|number| number.try_into().ok()))?
}

/// The tables that are brought to the present form.
struct Migration<'a> {
    keys: &'a Table,
    usage: &'a Table,
    windows: &'a Windows,
}

impl Migration<'_> {
    async fn key(&self, item: &Item) -> Result<Migrated, TableError> {
        let stored = string(item, USER_EMAIL);
        let (Some(id), Ok(owner)) = (present(item, "apiKeyId"), Email::named(&stored)) else {
            tracing::error!("an item of the keys table is not a key and stays as it is");
            return Ok(Migrated::default());
        };
        let mut migrated = Migrated::default();
        if stored != owner.as_str() {
            self.remember(&owner, [stored.clone()]).await?;
            let changed = self.set(item, USER_EMAIL, text(owner.as_str()), Some(text(stored))).await?;
            migrated.keys += u64::from(changed);
        }
        if let Some(second) = self.end(item).filter(|_| !item.contains_key(TTL)) {
            migrated.expiring += u64::from(self.set(item, TTL, number(second), None).await?);
        }
        migrated.failures += u64::from(self.failures(&id, &owner).await?);
        Ok(migrated)
    }

    /// When a key is to leave the table, if it has an end that can be read.
    fn end(&self, item: &Item) -> Option<i64> {
        let ends = [EXPIRES_AT, REVOKED_AT].map(|name| string(item, name).parse().ok());
        ends.into_iter().flatten().min().map(|end| after_days(end, KEPT_DAYS))
    }

    /// Adds spellings to those of a user, and makes the item of one who has none.
    async fn remember(&self, email: &Email, spellings: impl IntoIterator<Item = String>) -> Result<(), TableError> {
        let request = self.keys.client().update_item().table_name(self.keys.name());
        let request = request
            .key(PK, text(partition(email)))
            .key(SK, text(users::SORT))
            .update_expression("ADD #formerly :spellings")
            .expression_attribute_names("#formerly", FORMERLY)
            .expression_attribute_values(":spellings", AttributeValue::Ss(spellings.into_iter().collect()));
        request.send().await.map(drop).map_err(|error| self.keys.failed("UpdateItem", &error))
    }

    /// Sets an attribute of a key that has not changed meanwhile; whether it did.
    async fn set(
        &self,
        item: &Item,
        name: &str,
        value: AttributeValue,
        before: Option<AttributeValue>,
    ) -> Result<bool, TableError> {
        let request = self.keys.client().update_item().table_name(self.keys.name());
        let request = request
            .key(PK, text(string(item, PK)))
            .key(SK, text(string(item, SK)))
            .update_expression("SET #name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value);
        let request = match before {
            Some(before) => {
                request.condition_expression("#name = :before").expression_attribute_values(":before", before)
            }
            None => request
                .condition_expression("attribute_exists(#pk) AND attribute_not_exists(#name)")
                .expression_attribute_names("#pk", PK),
        };
        let answer = unless_condition_failed(request.send().await);
        Ok(answer.map_err(|error| self.keys.failed("UpdateItem", &error))?.is_some())
    }

    /// Copies the number of a key's failed calls to its owner; whether it was not known there.
    async fn failures(&self, id: &str, owner: &Email) -> Result<bool, TableError> {
        let mut failures = 0;
        for item in self.windows.usage_items(&Subject::Key(id.to_owned()), None).await? {
            match self.windows.user_day(&item) {
                Ok(day) => failures += day.map_or(0, |day| day.usage.auth_failures),
                Err(cause) => tracing::error!(%cause, "a day of failed calls cannot be read and is left out"),
            }
        }
        if failures == 0 {
            return Ok(false);
        }
        let request = self.usage.client().update_item().table_name(self.usage.name());
        let request = request
            .key(PK, text(usage_partition(&Subject::User(owner.clone()))))
            .key(SK, text(format!("{FAILED}{id}")))
            .update_expression("SET #failures = :failures")
            .condition_expression("attribute_not_exists(#failures) OR #failures < :failures")
            .expression_attribute_names("#failures", FAILURES)
            .expression_attribute_values(":failures", number(failures));
        let answer = unless_condition_failed(request.send().await);
        Ok(answer.map_err(|error| self.usage.failed("UpdateItem", &error))?.is_some())
    }

    /// Moves a user's settings to the one spelling of their name, where they do not replace what is set there; whether
    /// they were under another.
    async fn user(&self, item: &Item) -> Result<bool, TableError> {
        let pk = string(item, PK);
        let Some(stored) = pk.strip_prefix(USER) else { return Ok(false) };
        let Ok(email) = Email::named(stored) else {
            tracing::error!("an item of the keys table is not a user and stays as it is");
            return Ok(false);
        };
        if stored == email.as_str() {
            return Ok(false);
        }
        let mut spellings = vec![stored.to_owned()];
        spellings.extend(users::User::of(item).formerly.into_iter().map(String::from));
        let failed = |error| self.keys.not_asked("TransactWriteItems", &error);
        let mut update = Update::builder()
            .table_name(self.keys.name())
            .key(PK, text(partition(&email)))
            .key(SK, text(users::SORT))
            .expression_attribute_names("#formerly", FORMERLY)
            .expression_attribute_values(":spellings", AttributeValue::Ss(spellings));
        let mut sets = Vec::new();
        for name in [COMPANY, QUOTA] {
            if let Some(value) = item.get(name) {
                sets.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
                update = update.expression_attribute_names(format!("#{name}"), name);
                update = update.expression_attribute_values(format!(":{name}"), value.clone());
            }
        }
        let sets = if sets.is_empty() { String::new() } else { format!("SET {} ", sets.join(", ")) };
        let update = update.update_expression(format!("{sets}ADD #formerly :spellings")).build().map_err(failed)?;
        let delete = Delete::builder().table_name(self.keys.name()).key(PK, text(&pk)).key(SK, text(users::SORT));
        let delete = delete.build().map_err(failed)?;
        let request = self.keys.client().transact_write_items();
        let request = request.transact_items(TransactWriteItem::builder().update(update).build());
        let request = request.transact_items(TransactWriteItem::builder().delete(delete).build());
        request.send().await.map_err(|error| self.keys.failed("TransactWriteItems", &error))?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
