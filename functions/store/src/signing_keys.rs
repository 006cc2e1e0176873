//! Keys that the cursors of exports are signed with: a random one for each month, made when the first cursor needs it.
//!
//! Invariant: a month has one key for good, whoever makes it, so that what one process signs every other knows; and a
//! key is gone some weeks after its month, so that nobody has to remember to change it.

use aws_sdk_dynamodb::types::ReturnValue;
use contract::table::{PK, SIGNING_KEYS, SK, TTL};
use jiff::Timestamp;
use metering::window::Month;

use crate::blocks::after_days;
use crate::table::{Consistency, Item, Table, TableError, binary, number, text};

/// Bytes of a key: as many as HMAC-SHA-256 gives (RFC 2104, 3).
const KEY_BYTES: usize = 32;
/// How long a key is kept, in days: its month, and as long as a cursor of its last day is taken, and a few more.
const KEPT_DAYS: u32 = 45;
/// Attribute that holds a key.
const SECRET: &str = "secret";

/// The analytics table's signing keys.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    table: Table,
}

/// A key. It is never printed.
pub struct SigningKey(Vec<u8>);

impl From<[u8; KEY_BYTES]> for SigningKey {
    fn from(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes.to_vec())
    }
}

impl SigningKey {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl SigningKeys {
    /// The keys of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// The key of a month, if one was made.
    ///
    /// # Errors
    /// When the request fails or the item cannot be read.
    pub async fn find(&self, month: Month) -> Result<Option<SigningKey>, TableError> {
        let item = self.table.get(SIGNING_KEYS, &month.to_string(), Consistency::Strong).await?;
        item.map(|item| self.key(&item)).transpose()
    }

    /// The key of the present month, made if there is none.
    ///
    /// # Errors
    /// When a request fails, the item cannot be read, or the system has no random bytes.
    pub async fn current(&self, now: Timestamp) -> Result<SigningKey, TableError> {
        let month = Month::of(now);
        if let Some(key) = self.find(month).await? {
            return Ok(key);
        }
        let mut secret = vec![0; KEY_BYTES];
        getrandom::fill(&mut secret).map_err(|error| self.table.not_asked("UpdateItem", &error))?;
        let request = self.table.client().update_item().table_name(self.table.name());
        let request = request
            .key(PK, text(SIGNING_KEYS))
            .key(SK, text(month.to_string()))
            .update_expression("SET #secret = if_not_exists(#secret, :secret), #ttl = if_not_exists(#ttl, :ttl)")
            .expression_attribute_names("#secret", SECRET)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_values(":secret", binary(secret))
            .expression_attribute_values(":ttl", number(after_days(now, KEPT_DAYS)))
            .return_values(ReturnValue::AllNew);
        let answer = request.send().await.map_err(|error| self.table.failed("UpdateItem", &error))?;
        self.key(&answer.attributes.unwrap_or_default())
    }

    fn key(&self, item: &Item) -> Result<SigningKey, TableError> {
        self.table.bytes(item, SECRET).map(|bytes| SigningKey(bytes.to_vec()))
    }
}

/// As text, without the key itself.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

#[cfg(test)]
mod tests {
    use contract::{Environment, name};
    use dynamodb_fixture::Store;

    use super::*;

    #[tokio::test]
    async fn a_month_has_one_key_whoever_makes_it_and_the_next_month_another() {
        let store = Store::new().await;
        let keys = SigningKeys::new(Table::new(store.client(), name::analytics_table(&Environment::default())));
        let now: Timestamp = "2026-11-30T23:59:59Z".parse().unwrap();
        assert!(keys.find(Month::of(now)).await.unwrap().is_none());
        let made = futures::future::join_all((0..8).map(|_| keys.current(now))).await;
        let made: Vec<_> = made.into_iter().map(|key| key.unwrap().0).collect();
        let found = keys.find(Month::of(now)).await.unwrap().unwrap();
        assert!(made.iter().all(|key| *key == found.0) && found.0.len() == KEY_BYTES);
        let next = keys.current("2026-12-01T00:00:00Z".parse().unwrap()).await.unwrap();
        assert_ne!(next.0, found.0);
        assert_eq!(format!("{next:?}"), "SigningKey");
    }
}
