//! API keys and the users they belong to, as the keys table holds them.
//!
//! Invariant: a key is found by its hash alone, with one read; an item that cannot be read opens nothing. Every key
//! leaves the table [`KEPT_DAYS`] after it was revoked or has expired.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use contract::table::{CREATED_AT, KEY, KEYS_BY_USER, PK, SK, TTL, USER_EMAIL};
use jiff::Timestamp;
use metering::email::Email;
use metering::key::{self, ApiKey};
use metering::window::iso_millis;
use subtle::ConstantTimeEq;

use crate::blocks::after_days;
use crate::reads::all;
use crate::table::{
    Consistency, Item, Table, TableError, integer, number, present, string, text, unless_condition_failed,
};

/// How long a key stays in the table after its end, in days: as long as the history of its calls.
pub const KEPT_DAYS: u32 = contract::limit::HISTORY_DAYS;

/// The sort key of every key.
const SORT: &str = "KEY";
const ID: &str = "apiKeyId";
const NAME: &str = "apiKeyName";
const PREFIX: &str = "prefix";
pub(crate) const COMPANY: &str = "companyName";
pub(crate) const EXPIRES_AT: &str = "expiresAt";
pub(crate) const REVOKED_AT: &str = "revokedAt";

/// The keys table.
#[derive(Clone, Debug)]
pub struct Keys {
    pub(crate) table: Table,
}

/// A key to be stored, of which the table gets the hash.
#[derive(Clone, Copy)]
pub struct NewKey<'a> {
    /// The key itself.
    pub key: &'a str,
    /// Its public id, `k_…`.
    pub id: &'a str,
    /// What it is for.
    pub name: &'a str,
    /// Whose it is.
    pub user_email: &'a Email,
    /// The company its calls are counted for; none for that of the user.
    pub company_name: Option<&'a str>,
    /// When it is made.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// A key as the table holds it, for people: nothing is judged by its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    hash: String,
    /// Its public id, `k_…`.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// The first characters of the key.
    pub prefix: String,
    /// The company its calls are counted for, if it is not that of the user.
    pub company_name: Option<String>,
    /// When it was made, ISO 8601.
    pub created_at: String,
    /// From when on it is refused, ISO 8601; empty where it never expires.
    pub expires_at: String,
    /// Since when it is refused for good, ISO 8601.
    pub revoked_at: Option<String>,
}

impl Keys {
    /// The keys and users of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// The key of that hash, good or not.
    ///
    /// # Errors
    /// When the request fails or the item cannot be read.
    pub async fn find(&self, hash: &str) -> Result<Option<ApiKey>, TableError> {
        let expected = format!("{KEY}{hash}");
        let Some(item) = self.table.get(&expected, SORT, Consistency::Strong).await? else { return Ok(None) };
        // Whatever stands between here and the table: only the item of this very hash is the caller's key.
        if !bool::from(string(&item, PK).as_bytes().ct_eq(expected.as_bytes())) {
            return Ok(None);
        }
        self.key(&item).map(Some)
    }

    fn key(&self, item: &Item) -> Result<ApiKey, TableError> {
        let required = |name| present(item, name).ok_or_else(|| self.table.malformed(item, name));
        // DynamoDB removes an item some days after its time; until then the key is refused all the same.
        let ends = [self.instant(item, EXPIRES_AT)?, self.time_to_live(item)?];
        Ok(ApiKey {
            id: required(ID)?,
            name: string(item, NAME),
            user_email: Email::named(&required(USER_EMAIL)?).map_err(|_| self.table.malformed(item, USER_EMAIL))?,
            company_name: present(item, COMPANY),
            expires_at: ends.into_iter().flatten().min(),
            revoked_at: self.instant(item, REVOKED_AT)?,
        })
    }

    /// An instant that cannot be read is an error: taken for absent, it would make a key last for ever.
    pub(crate) fn instant(&self, item: &Item, name: &'static str) -> Result<Option<Timestamp>, TableError> {
        if !item.contains_key(name) {
            return Ok(None);
        }
        string(item, name).parse().map(Some).map_err(|_| self.table.malformed(item, name))
    }

    fn time_to_live(&self, item: &Item) -> Result<Option<Timestamp>, TableError> {
        if !item.contains_key(TTL) {
            return Ok(None);
        }
        let instant = integer(item, TTL).and_then(|second| Timestamp::from_second(second).ok());
        instant.map(Some).ok_or_else(|| self.table.malformed(item, TTL))
    }

    /// Stores a key.
    ///
    /// # Errors
    /// When the request fails, or the very same key is stored already.
    pub async fn create_key(&self, new: &NewKey<'_>) -> Result<StoredKey, TableError> {
        let hash = key::hash(new.key);
        let texts = [
            (PK, format!("{KEY}{hash}")),
            (SK, SORT.into()),
            (ID, new.id.into()),
            (NAME, new.name.into()),
            (USER_EMAIL, new.user_email.as_str().into()),
            (PREFIX, key::prefix(new.key)),
            (CREATED_AT, iso_millis(new.created_at)),
            (EXPIRES_AT, iso_millis(new.expires_at)),
        ];
        let company = new.company_name.map(|company| (COMPANY, company.to_owned()));
        let texts = texts.into_iter().chain(company);
        let mut item: Item = texts.map(|(name, value)| (name.to_owned(), text(value))).collect();
        item.insert(TTL.into(), number(after_days(new.expires_at, KEPT_DAYS)));
        let stored = StoredKey::of(&item).ok_or_else(|| self.table.malformed(&item, ID))?;
        let put = self.table.client().put_item().table_name(self.table.name()).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK);
        put.send().await.map_err(|error| self.table.failed("PutItem", &error))?;
        Ok(stored)
    }

    /// The keys of a user, good or not, oldest first. An item that is not a key of theirs is left out, with an error in
    /// the log.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn keys_of(&self, user_email: &Email) -> Result<Vec<StoredKey>, TableError> {
        let found: Result<Vec<_>, _> = self.by_user(user_email).into_paginator().items().send().try_collect().await;
        let found = found.map_err(|error| self.table.failed("Query", &error))?;
        // The index may lag and may still know a key that is gone: the table itself says what is true now.
        let reads = found.iter().map(|item| string(item, PK));
        let reads = reads.map(|pk| async move { self.table.get(&pk, SORT, Consistency::Strong).await });
        let items = all(reads).await?;
        let mut keys: Vec<_> = items.iter().flatten().filter_map(StoredKey::of).collect();
        keys.sort_by(|one, other| (&one.created_at, &one.id).cmp(&(&other.created_at, &other.id)));
        Ok(keys)
    }

    /// Whether a user has a key, good or not. Reads one item.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn has_key(&self, user_email: &Email) -> Result<bool, TableError> {
        let answer = self.by_user(user_email).limit(1).send().await;
        Ok(!answer.map_err(|error| self.table.failed("Query", &error))?.items().is_empty())
    }

    fn by_user(&self, user_email: &Email) -> QueryFluentBuilder {
        let query = self.table.client().query().table_name(self.table.name()).index_name(KEYS_BY_USER);
        query
            .key_condition_expression("#user = :user")
            .expression_attribute_names("#user", USER_EMAIL)
            .expression_attribute_values(":user", text(user_email.as_str()))
    }

    /// Revokes a key for good. One that was revoked before stays as it was.
    ///
    /// # Errors
    /// When the request fails. `None` is not an error: the key is gone.
    pub async fn revoke(&self, key: &StoredKey, now: Timestamp) -> Result<Option<StoredKey>, TableError> {
        let end = key.expires_at.parse().map_or(now, |expires_at: Timestamp| expires_at.min(now));
        let request = self
            .table
            .client()
            .update_item()
            .table_name(self.table.name())
            .key(PK, text(format!("{KEY}{}", key.hash)))
            .key(SK, text(SORT))
            .update_expression("SET #revoked = :now, #ttl = :ttl")
            .condition_expression("attribute_exists(#pk) AND attribute_not_exists(#revoked)")
            .expression_attribute_names("#revoked", REVOKED_AT)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":now", text(iso_millis(now)))
            .expression_attribute_values(":ttl", number(after_days(end, KEPT_DAYS)))
            .return_values(ReturnValue::AllNew);
        let revoked = unless_condition_failed(request.send().await);
        match revoked.map_err(|error| self.table.failed("UpdateItem", &error))? {
            Some(answer) => Ok(answer.attributes().and_then(StoredKey::of)),
            None => {
                let item = self.table.get(&format!("{KEY}{}", key.hash), SORT, Consistency::Strong).await?;
                Ok(item.as_ref().and_then(StoredKey::of))
            }
        }
    }
}

impl StoredKey {
    fn of(item: &Item) -> Option<Self> {
        let key = string(item, PK).strip_prefix(KEY).zip(present(item, ID)).map(|(hash, id)| Self {
            hash: hash.to_owned(),
            id,
            name: string(item, NAME),
            prefix: string(item, PREFIX),
            company_name: present(item, COMPANY),
            created_at: string(item, CREATED_AT),
            expires_at: string(item, EXPIRES_AT),
            revoked_at: present(item, REVOKED_AT),
        });
        if key.is_none() {
            tracing::error!("an item of the keys table is not a key and is left out");
        }
        key
    }
}

/// As text, without the key itself.
impl std::fmt::Debug for NewKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("id", &self.id).field("user_email", &self.user_email).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
