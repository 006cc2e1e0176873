//! Keys and users, as a warm instance remembers them.
//!
//! Invariant: a key that was revoked is refused [`KEY_FRESH`] later at the latest, and one that expires at once,
//! because expiry is judged at each call.

use jiff::{SignedDuration, Timestamp};
use metering::email::Email;
use metering::key::ApiKey;

use super::bound::{Bounds, StepError, within};
use super::cache::Cache;
use store::keys::Keys;
use store::users::User;

/// How long a key, known or unknown, is not looked up again.
pub const KEY_FRESH: SignedDuration = SignedDuration::from_secs(5);
/// How long a user is not looked up again.
pub const USER_FRESH: SignedDuration = SignedDuration::from_secs(30);

/// The keys table behind caches.
#[derive(Debug)]
pub(super) struct Directory {
    bounds: Bounds,
    keys: Keys,
    known: Cache<ApiKey>,
    /// Apart from the known, so that a flood of guesses displaces no customer's key.
    unknown: Cache<()>,
    users: Cache<User>,
}

impl Directory {
    pub(super) const fn new(bounds: Bounds, keys: Keys) -> Self {
        Self {
            bounds,
            keys,
            known: Cache::new(KEY_FRESH),
            unknown: Cache::new(KEY_FRESH),
            users: Cache::new(USER_FRESH),
        }
    }

    /// The key of a hash, if there is one.
    pub(super) async fn key(&self, hash: &str, now: Timestamp) -> Result<Option<ApiKey>, StepError> {
        if let Some(key) = self.known.get(hash, now) {
            return Ok(Some(key));
        }
        if self.unknown.get(hash, now).is_some() {
            return Ok(None);
        }
        let key = within(self.bounds.key, self.keys.find(hash)).await?;
        match &key {
            Some(key) => self.known.insert(hash, key.clone(), now),
            None => self.unknown.insert(hash, (), now),
        }
        Ok(key)
    }

    /// The user of an address.
    pub(super) async fn user(&self, email: &Email, now: Timestamp) -> Result<User, StepError> {
        if let Some(user) = self.users.get(email.as_str(), now) {
            return Ok(user);
        }
        let user = within(self.bounds.usage, self.keys.user(email)).await?;
        self.users.insert(email.as_str(), user.clone(), now);
        Ok(user)
    }
}
