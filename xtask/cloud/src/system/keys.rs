//! API keys of the deployed system: made, listed and revoked.
//!
//! Invariant: a key is known once, when it is made; what is stored is its hash and eight characters.

use anyhow::Result;
use contract::{Environment, name};
use jiff::{SignedDuration, Timestamp};
use metering::email::Email;
use serde_json::{Value, json};
use store::keys::{Keys, StoredKey};
use store::table::Table;
use xtask::Failure;

use crate::Connection;
use crate::aws::error::table_failed_to;
use crate::random::random_text;

/// Characters of a key behind `ck_`: 40 of 62 kinds are 238 bits.
const KEY_CHARS: usize = 40;

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose it is.
    pub email: Email,
    /// What it is for.
    pub name: String,
    /// The company it is counted for; none for that of the user.
    pub company: Option<String>,
    /// In how many days it expires.
    pub expires_days: u32,
}

/// A key as it was made: the only place where the key itself is.
#[derive(Clone, PartialEq, Eq)]
pub struct MadeKey {
    pub key: String,
    /// What the table holds of it.
    pub stored: StoredKey,
}

/// The table of keys and users.
pub fn table(connection: &Connection, env: &Environment) -> Keys {
    Keys::new(Table::new(connection.dynamodb(), name::keys_table(env)))
}

/// Makes a key for a user.
///
/// # Errors
/// When the table cannot be written.
pub async fn create(connection: &Connection, env: &Environment, new: &NewKey) -> Result<MadeKey> {
    let key = format!("ck_{}", random_text(KEY_CHARS)?);
    let now = Timestamp::now();
    let item = store::keys::NewKey {
        key: &key,
        id: &format!("k_{}", random_text(16)?),
        name: &new.name,
        user_email: &new.email,
        company_name: new.company.as_deref(),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * i64::from(new.expires_days)),
    };
    let stored = table(connection, env).create_key(&item).await.map_err(table_failed_to("store the key"))?;
    Ok(MadeKey { key, stored })
}

/// Revokes a key that was just made, because nobody has seen it.
///
/// # Errors
/// When the table cannot be written: then the key lives.
pub async fn withdraw(connection: &Connection, env: &Environment, made: &MadeKey) -> Result<()> {
    let id = &made.stored.id;
    let revoked = table(connection, env).revoke(&made.stored, Timestamp::now()).await;
    revoked.map_err(table_failed_to(format!("revoke {id}, which nobody has seen")))?;
    Ok(())
}

/// The keys of a user, oldest first.
///
/// # Errors
/// When the table cannot be read.
pub async fn list(connection: &Connection, env: &Environment, email: &Email) -> Result<Vec<StoredKey>> {
    let keys = table(connection, env).keys_of(email).await;
    keys.map_err(table_failed_to(format!("list the keys of {email}")))
}

/// Revokes a user's key, named by its id or its first eight characters.
///
/// # Errors
/// When there is no such key, more than one, or the table cannot be written.
pub async fn revoke(connection: &Connection, env: &Environment, email: &Email, named: &str) -> Result<StoredKey> {
    let keys = list(connection, env, email).await?;
    let mut matching = keys.into_iter().filter(|key| key.id == named || key.prefix == metering::key::prefix(named));
    let hint = format!("`cargo xtask keys list --email {email}` shows them");
    let unknown = || Failure::new(format!("{email} has no key `{named}`")).hint(hint.clone());
    let key = matching.next().ok_or_else(unknown)?;
    if matching.next().is_some() {
        return Err(Failure::new(format!("`{named}` is more than one key: name it by its id")).hint(hint).into());
    }
    let revoked = table(connection, env).revoke(&key, Timestamp::now()).await;
    Ok(revoked.map_err(table_failed_to("revoke the key"))?.ok_or_else(unknown)?)
}

/// A key on one line.
pub fn line(key: &StoredKey) -> String {
    let StoredKey { id, name, prefix, created_at, expires_at, revoked_at, .. } = key;
    let state = revoked_at.as_ref().map_or_else(String::new, |at| format!(", revoked {at}"));
    format!("{id} {prefix}… {name}: made {created_at}, expires {expires_at}{state}")
}

/// A key for `--json`.
pub fn to_json(key: &StoredKey) -> Value {
    let StoredKey { id, name, prefix, created_at, expires_at, revoked_at, .. } = key;
    json!({"apiKeyId": id, "apiKeyName": name, "prefix": prefix, "createdAt": created_at, "expiresAt": expires_at, "revokedAt": revoked_at})
}
