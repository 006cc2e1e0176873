//! What makes two records one event.
//!
//! Invariant: nothing is kept, compared or counted under less than this: two users never share an event, and neither do
//! two minutes.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::event::{Event, EventType};
use crate::hash::{self, Hash};
use crate::hex;
use crate::window::Minute;

/// Bytes of an identity's hash.
pub(crate) const ID_BYTES: usize = 6;

/// The user or nobody, the call's id and the type, within their minute. Sorted by time first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity<'a> {
    minute: Minute,
    user: Option<Cow<'a, str>>,
    request_id: Cow<'a, str>,
    event_type: EventType,
}

impl<'a> Identity<'a> {
    /// The identity of an event.
    pub fn of(event: &'a Event) -> Self {
        Self {
            minute: Minute::of(event.timestamp),
            user: event.person().map(|email| email.as_str().into()),
            request_id: event.request_id.as_str().into(),
            event_type: event.event_type,
        }
    }

    /// The same, for as long as it is wanted.
    pub fn into_owned(self) -> Identity<'static> {
        Identity {
            minute: self.minute,
            user: self.user.map(|user| user.into_owned().into()),
            request_id: self.request_id.into_owned().into(),
            event_type: self.event_type,
        }
    }
}

impl Identity<'_> {
    /// The minute in which it is one event.
    pub const fn minute(&self) -> Minute {
        self.minute
    }

    /// Forty-eight bits that stand for it within its minute.
    pub fn hash(&self) -> Hash {
        let event_type = match self.event_type {
            EventType::Call => "call",
            EventType::AuthFailed => "failed",
            EventType::RateLimited => "limited",
            EventType::Threshold => "threshold",
            EventType::AuthError => "error",
        };
        hash::of(ID_BYTES, &[event_type, self.user.as_deref().unwrap_or_default(), &self.request_id])
    }

    /// Thirty-two characters that stand for it.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let Self { minute, user, request_id, event_type } = self;
        // The lengths keep apart what would read the same in a row.
        hash.update(format!("{minute} {event_type:?} {:?} {}", user.as_ref().map(|user| user.len()), request_id.len()));
        hash.update(user.as_deref().unwrap_or_default());
        hash.update(request_id.as_bytes());
        hex::encode(&hash.finalize()[..16])
    }
}

impl Event {
    /// What makes two records the same event.
    pub fn identity(&self) -> Identity<'_> {
        Identity::of(self)
    }
}
