//! API keys and the users they belong to, as the keys table holds them.
//!
//! Invariant: a key is found by its hash alone, with one read; an item that cannot be read opens nothing.

use contract::limit::DEFAULT_MONTHLY_QUOTA;
use contract::table::{PK, USER_EMAIL};
use jiff::Timestamp;
use metering::email::Email;
use metering::key::ApiKey;
use subtle::ConstantTimeEq;

use crate::table::{Consistency, Item, Table, TableError, integer, string};

/// The keys table.
#[derive(Clone, Debug)]
pub struct Keys {
    table: Table,
}

/// What the table knows of a user beside their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The company they belong to.
    pub company_name: Option<String>,
    /// Most calls in a calendar month.
    pub monthly_quota: u64,
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
        let expected = format!("KEY#{hash}");
        let Some(item) = self.table.get(&expected, "KEY", Consistency::Strong).await? else { return Ok(None) };
        // Whatever stands between here and the table: only the item of this very hash is the caller's key.
        if !bool::from(string(&item, PK).as_bytes().ct_eq(expected.as_bytes())) {
            return Ok(None);
        }
        self.key(&item).map(Some)
    }

    fn key(&self, item: &Item) -> Result<ApiKey, TableError> {
        let required = |name| present(item, name).ok_or_else(|| self.table.malformed(item, name));
        Ok(ApiKey {
            id: required("apiKeyId")?,
            name: string(item, "apiKeyName"),
            user_email: Email::named(&required(USER_EMAIL)?).map_err(|_| self.table.malformed(item, USER_EMAIL))?,
            company_name: present(item, "companyName"),
            expires_at: self.instant(item, "expiresAt")?,
            revoked_at: self.instant(item, "revokedAt")?,
        })
    }

    /// An instant that cannot be read is an error: taken for absent, it would make a key last for ever.
    fn instant(&self, item: &Item, name: &'static str) -> Result<Option<Timestamp>, TableError> {
        if !item.contains_key(name) {
            return Ok(None);
        }
        string(item, name).parse().map(Some).map_err(|_| self.table.malformed(item, name))
    }

    /// The user of that address; one without an item of their own has the default quota.
    ///
    /// # Errors
    /// When the request fails or the quota cannot be read.
    pub async fn user(&self, email: &Email) -> Result<User, TableError> {
        let item = self.table.get(&format!("USER#{email}"), "USER", Consistency::Eventual).await?.unwrap_or_default();
        let monthly_quota = match item.get("monthlyQuota") {
            None => DEFAULT_MONTHLY_QUOTA,
            Some(_) => integer(&item, "monthlyQuota")
                .and_then(|quota| u64::try_from(quota).ok())
                .ok_or_else(|| self.table.malformed(&item, "monthlyQuota"))?,
        };
        Ok(User { company_name: present(&item, "companyName"), monthly_quota })
    }
}

fn present(item: &Item, name: &str) -> Option<String> {
    Some(string(item, name)).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use contract::table::SK;
    use dynamodb_fixture::Fixture;

    use super::*;
    use crate::table::{number, text};

    async fn stored(pk: &str, sk: &str, attributes: &[(&str, &str)]) -> (Fixture, Keys) {
        let fixture = Fixture::start().await;
        let table = Table::new(fixture.client.clone(), fixture.keys_table());
        let keys = [(PK, pk), (SK, sk)];
        let item = keys.iter().chain(attributes).map(|(name, value)| ((*name).to_owned(), text(*value))).collect();
        table.put_all([item]).await.unwrap();
        (fixture, Keys::new(table))
    }

    const KEY: [(&str, &str); 3] = [("apiKeyId", "k_1"), (USER_EMAIL, "a@example.com"), ("createdAt", "2026-11-24")];

    #[tokio::test]
    async fn a_key_is_found_by_its_hash_and_by_no_other() {
        let (_fixture, keys) = stored("KEY#abc", "KEY", &KEY).await;
        let key = keys.find("abc").await.unwrap().unwrap();
        assert_eq!((key.id.as_str(), key.user_email.as_str(), key.company_name), ("k_1", "a@example.com", None));
        assert_eq!(keys.find("abd").await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_expiry_that_cannot_be_read_opens_nothing() {
        let attributes = [KEY[0], KEY[1], KEY[2], ("expiresAt", "soon")];
        let (_fixture, keys) = stored("KEY#abc", "KEY", &attributes).await;
        assert!(matches!(keys.find("abc").await, Err(TableError::Malformed { attribute: "expiresAt", .. })));
    }

    #[tokio::test]
    async fn a_user_has_the_quota_of_their_item_or_the_default() {
        let (_fixture, keys) = stored("USER#a@example.com", "USER", &[("companyName", "Example")]).await;
        let [a, b] = ["a@example.com", "b@example.com"].map(|email| email.parse().unwrap());
        let user = keys.user(&a).await.unwrap();
        assert_eq!(user, User { company_name: Some("Example".into()), monthly_quota: DEFAULT_MONTHLY_QUOTA });
        let mut item = keys.table.get("USER#a@example.com", "USER", Consistency::Strong).await.unwrap().unwrap();
        item.insert("monthlyQuota".into(), number(5));
        keys.table.put_all([item]).await.unwrap();
        assert_eq!(keys.user(&a).await.unwrap().monthly_quota, 5);
        assert_eq!(keys.user(&b).await.unwrap().monthly_quota, DEFAULT_MONTHLY_QUOTA);
    }
}
