//! API keys of the deployed system: made, listed and revoked.
//!
//! Invariant: a key is known once, when it is made; what is stored is its hash and eight characters.

use anyhow::Result;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::{Environment, name, table};
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use metering::window::iso_millis;
use serde_json::{Value, json};
use xtask::Failure;

use super::users;
use crate::Connection;
use crate::aws::dynamodb::Item;
use crate::aws::error::failed_to;
use crate::random::random_text;

/// Characters of a key behind `ck_`: 40 of 62 kinds are 238 bits.
const KEY_CHARS: usize = 40;

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose it is.
    pub email: String,
    /// What it is for.
    pub name: String,
    /// The company it is counted for; none for that of the user.
    pub company: Option<String>,
    /// In how many days it expires.
    pub expires_days: u32,
}

/// A key as it was made: the only place where the key itself is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    /// The key.
    pub key: String,
    /// Its public id, `k_…`.
    pub id: String,
    /// When it expires, ISO 8601.
    pub expires_at: String,
}

/// A key as the table holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    hash: String,
    id: String,
    name: String,
    prefix: String,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
}

/// Makes a key for a user.
///
/// # Errors
/// When the address is none, or the table cannot be written.
pub async fn create(connection: &Connection, env: &Environment, new: &NewKey) -> Result<MadeKey> {
    let email = users::address(&new.email)?;
    let company = match &new.company {
        Some(company) => Some(company.clone()),
        None => users::company(connection, env, email).await?,
    };
    let key = format!("ck_{}", random_text(KEY_CHARS)?);
    let id = format!("k_{}", random_text(16)?);
    let now = Timestamp::now();
    let expires_at = iso_millis(now + SignedDuration::from_hours(24 * i64::from(new.expires_days)));
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = connection
        .dynamodb()
        .put_item()
        .table_name(name::keys_table(env))
        .item(table::PK, text(&format!("KEY#{}", metering::key::hash(&key))))
        .item(table::SK, text("KEY"))
        .item("apiKeyId", text(&id))
        .item("apiKeyName", text(&new.name))
        .item(table::USER_EMAIL, text(email))
        .item("prefix", text(&metering::key::prefix(&key)))
        .item(table::CREATED_AT, text(&iso_millis(now)))
        .item("expiresAt", text(&expires_at))
        .condition_expression("attribute_not_exists(PK)");
    let put = match company {
        Some(company) => put.item("companyName", text(&company)),
        None => put,
    };
    put.send().await.map_err(failed_to("store the key"))?;
    Ok(MadeKey { key, id, expires_at })
}

/// The keys of a user, oldest first.
///
/// # Errors
/// When the table cannot be read.
pub async fn list(connection: &Connection, env: &Environment, email: &str) -> Result<Vec<StoredKey>> {
    let email = users::address(email)?;
    let client = connection.dynamodb();
    let query = client
        .query()
        .table_name(name::keys_table(env))
        .index_name(table::KEYS_BY_USER)
        .key_condition_expression("#owner = :owner")
        .expression_attribute_names("#owner", table::USER_EMAIL)
        .expression_attribute_values(":owner", AttributeValue::S(email.to_owned()));
    let found: Result<Vec<_>, _> = query.into_paginator().items().send().collect().await;
    let found = found.map_err(failed_to(format!("list the keys of {email}")))?;
    // The index may lag and need not hold everything: the table itself says what is true now.
    let items = found.iter().filter_map(|item| item.get(table::PK)).map(async |pk| {
        let get = client.get_item().table_name(name::keys_table(env)).consistent_read(true);
        let get = get.key(table::PK, pk.clone()).key(table::SK, AttributeValue::S("KEY".into()));
        get.send().await.map_err(failed_to("read a key"))
    });
    let items = try_join_all(items).await?;
    let mut keys: Vec<StoredKey> = items.iter().filter_map(|answer| StoredKey::read(answer.item()?)).collect();
    keys.sort_by(|one, other| one.created_at.cmp(&other.created_at));
    Ok(keys)
}

/// Revokes a user's key, named by its id or its first eight characters.
///
/// # Errors
/// When there is no such key, more than one, or the table cannot be written.
pub async fn revoke(connection: &Connection, env: &Environment, email: &str, named: &str) -> Result<StoredKey> {
    let keys = list(connection, env, email).await?;
    let mut matching = keys.into_iter().filter(|key| key.id == named || key.prefix == metering::key::prefix(named));
    let hint = format!("`cargo xtask keys list --email {email}` shows them");
    let Some(mut key) = matching.next() else {
        return Err(Failure::new(format!("{email} has no key `{named}`")).hint(hint).into());
    };
    if matching.next().is_some() {
        return Err(Failure::new(format!("`{named}` is more than one key: name it by its id")).hint(hint).into());
    }
    let update = connection
        .dynamodb()
        .update_item()
        .table_name(name::keys_table(env))
        .key(table::PK, AttributeValue::S(format!("KEY#{}", key.hash)))
        .key(table::SK, AttributeValue::S("KEY".into()))
        .update_expression("SET revokedAt = if_not_exists(revokedAt, :now)")
        .condition_expression("attribute_exists(PK)")
        .expression_attribute_values(":now", AttributeValue::S(iso_millis(Timestamp::now())))
        .return_values(aws_sdk_dynamodb::types::ReturnValue::AllNew);
    let updated = update.send().await.map_err(failed_to("revoke the key"))?;
    key.revoked_at = updated.attributes().and_then(|item| text(item, "revokedAt"));
    Ok(key)
}

impl StoredKey {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            hash: text(item, table::PK)?.strip_prefix("KEY#")?.to_owned(),
            id: text(item, "apiKeyId")?,
            name: text(item, "apiKeyName").unwrap_or_default(),
            prefix: text(item, "prefix").unwrap_or_default(),
            created_at: text(item, table::CREATED_AT).unwrap_or_default(),
            expires_at: text(item, "expiresAt").unwrap_or_default(),
            revoked_at: text(item, "revokedAt"),
        })
    }

    /// The key on one line.
    pub fn line(&self) -> String {
        let Self { hash: _, id, name, prefix, created_at, expires_at, revoked_at } = self;
        let state = revoked_at.as_ref().map_or_else(String::new, |at| format!(", revoked {at}"));
        format!("{id} {prefix}… {name}: made {created_at}, expires {expires_at}{state}")
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let Self { hash: _, id, name, prefix, created_at, expires_at, revoked_at } = self;
        json!({"apiKeyId": id, "apiKeyName": name, "prefix": prefix, "createdAt": created_at, "expiresAt": expires_at, "revokedAt": revoked_at})
    }
}

fn text(item: &Item, attribute: &str) -> Option<String> {
    item.get(attribute)?.as_s().ok().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_key_never_shows_its_hash() {
        let key = StoredKey {
            hash: "secret-hash".into(),
            id: "k_1".into(),
            name: "production".into(),
            prefix: "ck_abcde".into(),
            created_at: "2026-11-24T10:00:00.000Z".into(),
            expires_at: "2027-02-22T10:00:00.000Z".into(),
            revoked_at: None,
        };
        assert!(!key.line().contains("secret-hash") && !key.to_json().to_string().contains("secret-hash"));
    }
}
