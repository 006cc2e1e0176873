//! API keys: how one is stored, found and judged.
//!
//! Invariant: the key itself exists only in the caller's hands; tables, logs and events hold its hash or prefix.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::email::Email;
use crate::hex;
use crate::text::Text;

/// Characters of a key that may be shown.
const PREFIX_CHARS: usize = 8;
/// Bytes that they take at most as they are stored.
const PREFIX_BYTES: usize = 6 * PREFIX_CHARS;

/// The part of a key that may be shown, as an event has it: never more of it, whoever wrote the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Text<PREFIX_BYTES>")]
pub struct Prefix(String);

/// Why a call had no valid key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No `x-api-key` header.
    MissingApiKey,
    /// No such key.
    InvalidApiKey,
    /// The key's time is over.
    ExpiredApiKey,
    /// The key was revoked.
    RevokedApiKey,
}

/// A key as the table holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public id, `k_…`.
    pub id: String,
    /// The name its owner gave it.
    pub name: String,
    /// Its owner.
    pub user_email: Email,
    /// Its owner's company.
    pub company_name: Option<String>,
    /// From when on it is refused; none lasts for ever.
    pub expires_at: Option<Timestamp>,
    /// Since when it is refused for good.
    pub revoked_at: Option<Timestamp>,
}

/// SHA-256 of a key, in hexadecimal: what the table is looked up by.
pub fn hash(key: &str) -> String {
    hex::encode(&Sha256::digest(key.as_bytes()))
}

/// The part of a key that may be shown.
pub fn prefix(key: &str) -> String {
    key.chars().take(PREFIX_CHARS).collect()
}

impl Prefix {
    /// The beginning of a key.
    pub fn of(key: &str) -> Self {
        Self(prefix(key))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Text<PREFIX_BYTES>> for Prefix {
    fn from(text: Text<PREFIX_BYTES>) -> Self {
        Self::of(&text)
    }
}

impl ApiKey {
    /// Whether the key opens the API at an instant.
    ///
    /// # Errors
    /// The reason why it does not.
    pub fn judge(&self, now: Timestamp) -> Result<(), Reason> {
        if self.revoked_at.is_some() {
            Err(Reason::RevokedApiKey)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Err(Reason::ExpiredApiKey)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_until_the_instant_it_expires_or_is_revoked() {
        let now: Timestamp = "2026-11-24T10:15:30Z".parse().unwrap();
        let key = |expires_at, revoked_at| ApiKey {
            id: "k_1".into(),
            name: "production".into(),
            user_email: "a@example.com".parse().unwrap(),
            company_name: None,
            expires_at,
            revoked_at,
        };
        assert_eq!(key(None, None).judge(now), Ok(()));
        assert_eq!(key(Some(now + jiff::SignedDuration::from_nanos(1)), None).judge(now), Ok(()));
        assert_eq!(key(Some(now), None).judge(now), Err(Reason::ExpiredApiKey));
        assert_eq!(key(Some(now), Some(now)).judge(now), Err(Reason::RevokedApiKey));
    }

    #[test]
    fn the_prefix_of_a_key_never_splits_a_character() {
        assert_eq!(Prefix::of("ck_émigré_secret").as_str(), "ck_émigr");
        assert_eq!(Prefix::of("short").as_str(), "short");
        let read = |json| serde_json::from_str::<Prefix>(json).unwrap().as_str().to_owned();
        assert_eq!((read(r#""ck_0123456789""#).as_str(), read(r#""\u0001😀""#).as_str()), ("ck_01234", "\u{1}😀"));
    }
}
