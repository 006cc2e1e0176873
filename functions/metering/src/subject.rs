//! Whose windows an event belongs to, and which bucket they lie in.
//!
//! Invariant: a subject's bucket never changes; readers compute it again.

use std::fmt;

use contract::limit::BUCKETS;
use sha2::{Digest, Sha256};

use crate::email::Email;
use crate::event::Event;

/// Whom windows are kept for: a user, to whom failures with their keys belong too, or a key of which an event says no
/// more than its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A user, by e-mail address.
    User(Email),
    /// A known key, by its id.
    Key(String),
}

/// One of the [`BUCKETS`] over which the events of a minute are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u8);

/// Some of a bucket's subjects, by hash: all of them at level 0, and a quarter of those before at each further level.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// As many digits from 0 to 3 as its level.
    digits: String,
}

impl Subject {
    /// The subject of an event, if it has one.
    pub fn of(event: &Event) -> Option<Self> {
        match (event.person(), &event.api_key_id) {
            (Some(email), _) if !email.as_str().is_empty() => Some(Self::User(email.clone())),
            (_, Some(key)) if !key.is_empty() => Some(Self::Key(key.clone().into())),
            _ => None,
        }
    }

    /// The bucket of all its events.
    pub fn bucket(&self) -> Bucket {
        Bucket::of(&self.to_string())
    }

    /// The range of a level, at most [`Range::LEVELS`], that it is in.
    pub fn range(&self, level: u8) -> Range {
        let hash = Sha256::digest(self.to_string().as_bytes());
        // The first byte chooses the bucket.
        let digits = hash[1..].iter().flat_map(|byte| [byte >> 6, byte >> 4 & 3, byte >> 2 & 3, byte & 3]);
        Range { digits: digits.take(level.min(Range::LEVELS).into()).map(|digit| char::from(b'0' + digit)).collect() }
    }

    /// The subject that [`Display`](fmt::Display) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("user", email) => Some(Self::User(Email::as_stored(email))),
            ("key", id) => Some(Self::Key(id.into())),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(email) => write!(f, "user:{email}"),
            Self::Key(id) => write!(f, "key:{id}"),
        }
    }
}

impl Range {
    /// The finest level: 65,536 ranges in each bucket.
    pub const LEVELS: u8 = 8;
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits)
    }
}

impl Bucket {
    /// Every bucket.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..BUCKETS).map(Self)
    }

    /// The bucket of an event: its subject's, else one chosen by the request id, so that failures spread.
    pub fn of_event(event: &Event) -> Self {
        match Subject::of(event) {
            Some(subject) => subject.bucket(),
            None => Self::of(&event.request_id),
        }
    }

    fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes())[0] % BUCKETS)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_back_whatever_its_address_holds() {
        for email in ["a#b@example.com", "a:b@example.com", "émile@example.com", "😀@example.com"] {
            let subject = Subject::User(Email::named(email).unwrap());
            assert_eq!(Subject::parse(&subject.to_string()), Some(subject));
        }
    }

    #[test]
    fn a_failure_with_a_known_key_is_its_owners_and_any_other_the_keys() {
        let event = |fields: &str| -> Event {
            let json = format!(
                r#"{{"eventType":"API_AUTH_FAILED","requestId":"r","timestamp":"2026-11-24T10:15:30Z"{fields}}}"#
            );
            Event::parse(json.as_bytes(), "2026-11-24T10:15:31Z".parse().unwrap()).unwrap()
        };
        let owner = Subject::User(Email::named("a@example.com").unwrap());
        assert_eq!(Subject::of(&event(r#","apiKeyId":"k","keyOwner":"A@Example.com""#)), Some(owner));
        assert_eq!(Subject::of(&event(r#","apiKeyId":"k","keyOwner":" ""#)), Some(Subject::Key("k".into())));
        assert_eq!(Subject::of(&event(r#","apiKeyId":"k""#)), Some(Subject::Key("k".into())));
        let [one, other] =
            ["1", "2"].map(|id| Event { request_id: id.into(), ..event(r#","keyOwner":"a@example.com""#) });
        assert_ne!(one.partition_key(), other.partition_key(), "failures with one key share a shard");
    }

    #[test]
    fn subjects_spread_over_every_bucket() {
        let used: std::collections::BTreeSet<_> =
            (0..200).map(|n| Subject::User(Email::as_stored(format!("user{n}@example.com"))).bucket()).collect();
        assert_eq!(used.len(), usize::from(BUCKETS));
    }
}
