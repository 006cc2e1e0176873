//! Users, as the keys table holds them beside their keys: who there is, and what was set for each.
//!
//! Invariant: an item of which something cannot be read is a user all the same, with the default in its place.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use contract::plan::PlanName;
pub(crate) use contract::table::USER;
use contract::table::{PK, SK};
use metering::email::Email;
use metering::quota::MonthlyQuota;

use crate::keys::{COMPANY, Keys};
use crate::table::{Consistency, Item, TableError, number, present, string, text, unless_condition_failed};

/// The sort key of every user.
pub(crate) const SORT: &str = "USER";
pub(crate) const QUOTA: &str = "monthlyQuota";
const PLAN: &str = "plan";
/// Other spellings of the user's name, under which an earlier deployment stored some of their usage.
pub(crate) const FORMERLY: &str = "formerly";
/// Most other spellings that are read: each costs a reader as much as the user's own name.
pub const MAX_FORMERLY: usize = 4;

/// What the table knows of a user beside their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The company they belong to.
    pub company_name: Option<String>,
    /// Most calls in a calendar month.
    pub monthly_quota: MonthlyQuota,
    /// The plan they have, if any.
    pub plan: Option<PlanName>,
    /// Other spellings of their name under which an earlier deployment stored some of their usage, at most
    /// [`MAX_FORMERLY`]: part of what they have called.
    pub formerly: Vec<Email>,
}

/// What to set of a user; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSettings {
    /// The company they belong to.
    pub company_name: Option<String>,
    /// Most calls in a calendar month.
    pub monthly_quota: Option<MonthlyQuota>,
    /// Their plan.
    pub plan: Option<PlanChange>,
}

/// What becomes of a user's plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanChange {
    /// They have this one from now on.
    To(PlanName),
    /// They have none from now on.
    Off,
}

impl Keys {
    /// The user of that name; one without an item of their own has the defaults.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn user(&self, email: &Email) -> Result<User, TableError> {
        Ok(self.known_user(email).await?.unwrap_or_default())
    }

    /// The user of that name, if there is an item of them.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn known_user(&self, email: &Email) -> Result<Option<User>, TableError> {
        let item = self.table.get(&partition(email), SORT, Consistency::Eventual).await?;
        Ok(item.as_ref().map(User::of))
    }

    /// Makes a user. Whether there was none: an existing one stays as it is.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn create_user(&self, email: &Email, settings: &UserSettings) -> Result<bool, TableError> {
        let mut item = Item::from([(PK.into(), text(partition(email))), (SK.into(), text(SORT))]);
        item.extend(settings.attributes().map(|(name, value)| (name.to_owned(), value)));
        let put = self.table.client().put_item().table_name(self.table.name()).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK);
        let made = unless_condition_failed(put.send().await);
        Ok(made.map_err(|error| self.table.failed("PutItem", &error))?.is_some())
    }

    /// Changes what is given of a user, and makes the item of one who has none yet. The answer is the user as it is
    /// now.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn set_user(&self, email: &Email, settings: &UserSettings) -> Result<User, TableError> {
        let mut update = self.table.client().update_item().table_name(self.table.name());
        let mut sets = Vec::new();
        for (name, value) in settings.attributes() {
            sets.push(format!("#{name} = :{name}"));
            update = update.expression_attribute_names(format!("#{name}"), name);
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        let mut changes: Vec<_> = (!sets.is_empty()).then(|| format!("SET {}", sets.join(", "))).into_iter().collect();
        if settings.plan == Some(PlanChange::Off) {
            changes.push("REMOVE #removed".into());
            update = update.expression_attribute_names("#removed", PLAN);
        }
        let update = update.set_update_expression((!changes.is_empty()).then(|| changes.join(" ")));
        let update = update.key(PK, text(partition(email))).key(SK, text(SORT)).return_values(ReturnValue::AllNew);
        let answer = update.send().await.map_err(|error| self.table.failed("UpdateItem", &error))?;
        Ok(answer.attributes().map(User::of).unwrap_or_default())
    }

    /// Removes what is set for a user; keys stay. Removing nobody is no error.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn remove_user(&self, email: &Email) -> Result<(), TableError> {
        let delete = self.table.client().delete_item().table_name(self.table.name());
        let delete = delete.key(PK, text(partition(email))).key(SK, text(SORT));
        delete.send().await.map(|_| ()).map_err(|error| self.table.failed("DeleteItem", &error))
    }

    /// Every user who has an item, by name. Reads the whole table: for people, not for requests.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn users(&self) -> Result<Vec<(Email, User)>, TableError> {
        let scan = self.table.client().scan().table_name(self.table.name()).consistent_read(true);
        let scan = scan
            .filter_expression("#s = :user")
            .expression_attribute_names("#s", SK)
            .expression_attribute_values(":user", text(SORT));
        let items: Result<Vec<_>, _> = scan.into_paginator().items().send().try_collect().await;
        let items = items.map_err(|error| self.table.failed("Scan", &error))?;
        let mut users: Vec<_> = items.iter().filter_map(|item| Some((name_of(item)?, User::of(item)))).collect();
        users.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(users)
    }
}

impl User {
    /// An unreadable quota is the default one: neither is a user locked out for it, nor does the API stand open.
    pub(crate) fn of(item: &Item) -> Self {
        let monthly_quota = item.get(QUOTA).map_or_else(MonthlyQuota::default, |value| {
            let number = value.as_n().ok().and_then(|number| number.parse().ok());
            number.map(MonthlyQuota::stored).unwrap_or_else(|| {
                tracing::error!(user = string(item, PK), "the quota cannot be read; the default one holds");
                MonthlyQuota::default()
            })
        });
        let formerly = item.get(FORMERLY).and_then(|value| value.as_ss().ok()).into_iter().flatten();
        // DynamoDB gives a set in no order.
        let formerly: BTreeSet<_> = formerly.map(Email::as_stored).collect();
        let formerly = formerly.into_iter().take(MAX_FORMERLY).collect();
        let plan = present(item, PLAN).and_then(|name| {
            name.parse().inspect_err(|cause| tracing::error!(user = string(item, PK), %cause, "the plan is none")).ok()
        });
        Self { company_name: present(item, COMPANY), monthly_quota, plan, formerly }
    }
}

impl UserSettings {
    fn attributes(&self) -> impl Iterator<Item = (&'static str, AttributeValue)> {
        let company = self.company_name.as_ref().map(|company| (COMPANY, text(company)));
        let quota = self.monthly_quota.map(|quota| (QUOTA, number(quota)));
        let plan = match &self.plan {
            Some(PlanChange::To(plan)) => Some((PLAN, text(plan.as_str()))),
            Some(PlanChange::Off) | None => None,
        };
        company.into_iter().chain(quota).chain(plan)
    }
}

pub(crate) fn partition(email: &Email) -> String {
    format!("{USER}{email}")
}

/// The name of an item's user, if it is a user's.
fn name_of(item: &Item) -> Option<Email> {
    string(item, PK).strip_prefix(USER).map(Email::as_stored)
}

#[cfg(test)]
mod tests {
    use contract::limit::DEFAULT_MONTHLY_QUOTA;
    use dynamodb_fixture::Fixture;

    use super::*;
    use crate::table::Table;

    async fn empty() -> (Fixture, Keys, Email) {
        let fixture = Fixture::start().await;
        let keys = Keys::new(Table::new(fixture.client.clone(), fixture.keys_table()));
        (fixture, keys, "a@example.com".parse().unwrap())
    }

    fn settings(company: Option<&str>, quota: Option<u64>) -> UserSettings {
        UserSettings {
            company_name: company.map(Into::into),
            monthly_quota: quota.map(|calls| calls.try_into().unwrap()),
            plan: None,
        }
    }

    #[tokio::test]
    async fn a_user_is_made_once_and_without_settings_has_the_defaults() {
        let (_fixture, keys, a) = empty().await;
        assert_eq!((keys.known_user(&a).await.unwrap(), keys.user(&a).await.unwrap()), (None, User::default()));
        assert!(keys.create_user(&a, &settings(None, None)).await.unwrap());
        let user = keys.known_user(&a).await.unwrap().unwrap();
        assert_eq!((user.company_name, user.monthly_quota.calls()), (None, DEFAULT_MONTHLY_QUOTA));
        assert!(!keys.create_user(&a, &settings(Some("Other"), Some(5))).await.unwrap());
        assert_eq!(keys.user(&a).await.unwrap(), User::default());
    }

    #[tokio::test]
    async fn a_change_leaves_alone_what_it_does_not_name() {
        let (_fixture, keys, a) = empty().await;
        assert!(keys.create_user(&a, &settings(Some("Example"), Some(5))).await.unwrap());
        let changes = [(None, Some(7), "Example", 7), (Some("Other"), None, "Other", 7), (None, None, "Other", 7)];
        for (company, quota, company_now, quota_now) in changes {
            let user = keys.set_user(&a, &settings(company, quota)).await.unwrap();
            assert_eq!((user.company_name.as_deref(), user.monthly_quota.calls()), (Some(company_now), quota_now));
            assert_eq!(keys.user(&a).await.unwrap(), user);
        }
    }

    #[tokio::test]
    async fn a_plan_is_taken_changed_and_given_up_and_one_that_is_none_is_no_plan() {
        let (_fixture, keys, a) = empty().await;
        let to = |plan: &str| Some(PlanChange::To(plan.parse().unwrap()));
        let mut settings = UserSettings { plan: to("free"), ..settings(None, Some(5)) };
        assert!(keys.create_user(&a, &settings).await.unwrap());
        for (change, plan) in [(None, Some("free")), (to("pro-2"), Some("pro-2")), (Some(PlanChange::Off), None)] {
            settings = UserSettings { plan: change, ..UserSettings::default() };
            let user = keys.set_user(&a, &settings).await.unwrap();
            assert_eq!((user.plan.as_ref().map(PlanName::as_str), user.monthly_quota.calls()), (plan, 5));
            assert_eq!(keys.user(&a).await.unwrap(), user);
        }
        let both = UserSettings { plan: Some(PlanChange::Off), monthly_quota: Some(7.try_into().unwrap()), ..settings };
        assert_eq!(keys.set_user(&a, &both).await.unwrap().monthly_quota.calls(), 7);
        let item = [(PK, text(partition(&a))), (SK, text(SORT)), (PLAN, text("No Plan"))];
        keys.table.put_all([item.map(|(name, value)| (name.to_owned(), value)).into()]).await.unwrap();
        assert_eq!(keys.user(&a).await.unwrap().plan, None);
    }

    #[tokio::test]
    async fn every_user_is_listed_by_name_and_no_key_is() {
        let (_fixture, keys, a) = empty().await;
        let b = "b@example.com".parse().unwrap();
        keys.set_user(&b, &settings(None, None)).await.unwrap();
        keys.set_user(&a, &settings(Some("Example"), Some(5))).await.unwrap();
        keys.table.put_all([Item::from([(PK.into(), text("KEY#abc")), (SK.into(), text("KEY"))])]).await.unwrap();
        let users = keys.users().await.unwrap();
        let found: Vec<_> = users.iter().map(|(email, user)| (email.as_str(), user.monthly_quota.calls())).collect();
        assert_eq!(found, [("a@example.com", 5), ("b@example.com", DEFAULT_MONTHLY_QUOTA)]);
    }

    #[tokio::test]
    async fn a_quota_that_no_command_would_store_stops_nobody() {
        let (_fixture, keys, a) = empty().await;
        let quotas = [
            (AttributeValue::N("9223372036854775808".into()), MonthlyQuota::MAX),
            (AttributeValue::N("0".into()), 0),
            (AttributeValue::N("2.5".into()), DEFAULT_MONTHLY_QUOTA),
            (AttributeValue::N("-1".into()), DEFAULT_MONTHLY_QUOTA),
            (text("many"), DEFAULT_MONTHLY_QUOTA),
        ];
        for (stored, expected) in quotas {
            let item = [(PK, text(partition(&a))), (SK, text(SORT)), (QUOTA, stored.clone())];
            keys.table.put_all([item.map(|(name, value)| (name.to_owned(), value)).into()]).await.unwrap();
            assert_eq!(keys.user(&a).await.unwrap().monthly_quota.calls(), expected, "{stored:?}");
        }
    }
}
