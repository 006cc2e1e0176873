//! Where an export goes on: what was asked for, as of when, and the place of the next row, signed.
//!
//! Invariant: a cursor is taken from nobody but whom it was given to, and says again what it said when it was made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract::limit::CURSOR_DAYS;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use metering::email::Email;
use metering::report::export::Format;
use metering::window::{Minute, Month};
use sha2::Sha256;
use store::signing_keys::SigningKey;

/// How long a cursor is good: its rows are kept for longer.
const LIFETIME: SignedDuration = SignedDuration::from_hours(CURSOR_DAYS as i64 * 24);
/// The layout of a body, which a cursor begins with.
const LAYOUT: u8 = 1;
/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 32;

/// A place in an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::analytics_api) struct Cursor {
    pub(super) format: Format,
    /// What was committed later is no part of the export.
    pub(super) as_of: Timestamp,
    /// The range's first minute.
    pub(super) first: Minute,
    /// The minute after its last.
    pub(super) end: Minute,
    /// How many calls the range has.
    pub(super) total: u64,
    /// The minute of the next row.
    pub(super) minute: Minute,
    /// How many calls of it are on earlier pages.
    pub(super) skip: u32,
}

/// A cursor as a request brought it: its month says by which key it may be believed.
#[derive(Clone, Debug)]
pub(in crate::analytics_api) struct Unverified {
    cursor: Cursor,
    body: Vec<u8>,
    signature: Vec<u8>,
}

impl Cursor {
    /// Its text, of use to one person alone.
    pub(super) fn seal(&self, whose: &Email, key: &SigningKey) -> String {
        let mut bytes = self.body();
        let signature = signature(&bytes, whose, key).finalize().into_bytes();
        bytes.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn body(&self) -> Vec<u8> {
        let Self { format, as_of, first, end, total, minute, skip } = *self;
        let format = match format {
            Format::Csv => 0,
            Format::JsonLines => 1,
        };
        let seconds = |minute: Minute| minute.start().as_second().to_be_bytes();
        let mut body = vec![LAYOUT, format];
        body.extend(as_of.as_millisecond().to_be_bytes());
        [first, end, minute].into_iter().for_each(|minute| body.extend(seconds(minute)));
        body.extend(total.to_be_bytes());
        body.extend(skip.to_be_bytes());
        body
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = Bytes(body);
        let [LAYOUT, format] = rest.take()? else { return None };
        let format = match format {
            0 => Format::Csv,
            1 => Format::JsonLines,
            _ => return None,
        };
        let as_of = Timestamp::from_millisecond(i64::from_be_bytes(rest.take()?)).ok()?;
        let (first, end, minute) = (rest.minute()?, rest.minute()?, rest.minute()?);
        let (total, skip) = (u64::from_be_bytes(rest.take()?), u32::from_be_bytes(rest.take()?));
        rest.0.is_empty().then_some(Self { format, as_of, first, end, total, minute, skip })
    }
}

impl Unverified {
    /// A cursor's text, of which nothing is believed yet; nothing where it cannot be one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut body = URL_SAFE_NO_PAD.decode(text).ok()?;
        let signature = body.split_off(body.len().checked_sub(SIGNATURE_BYTES)?);
        Some(Self { cursor: Cursor::parse(&body)?, body, signature })
    }

    /// Whether it is of an export in a format; of any where none is named.
    pub(super) fn is_of(&self, format: Option<Format>) -> bool {
        format.is_none_or(|format| format == self.cursor.format)
    }

    /// The month whose key it claims to be signed with.
    pub(super) fn month(&self) -> Month {
        Month::of(self.cursor.as_of)
    }

    /// The cursor, if it was given to that person and not too long ago.
    pub(super) fn verify(self, whose: &Email, key: &SigningKey, now: Timestamp) -> Option<Cursor> {
        // Compared in constant time.
        signature(&self.body, whose, key).verify_slice(&self.signature).ok()?;
        (now.duration_since(self.cursor.as_of) <= LIFETIME).then_some(self.cursor)
    }
}

/// The body's length is fixed, so that no address reads like a part of it.
fn signature(body: &[u8], whose: &Email, key: &SigningKey) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    let mac = mac.unwrap_or_else(|error| unreachable!("HMAC takes a key of any length: {error}"));
    mac.chain_update(body).chain_update(whose.as_str())
}

/// What is left of a body.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn minute(&mut self) -> Option<Minute> {
        let second = i64::from_be_bytes(self.take()?);
        Timestamp::from_second(second).ok().map(Minute::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T10:15:30.123Z";

    fn cursor(format: Format) -> Cursor {
        let minute = |text: &str| text.parse().unwrap();
        Cursor {
            format,
            as_of: NOW.parse().unwrap(),
            first: minute("2026-09-01T00:00"),
            end: minute("2026-11-24T10:16"),
            total: 1 << 40,
            minute: minute("2026-10-05T07:31"),
            skip: 7,
        }
    }

    fn after(days: i64) -> Timestamp {
        NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * days)
    }

    #[test]
    fn a_cursor_says_again_what_it_said_to_whom_it_was_given_for_a_week() {
        let (key, whose) = (SigningKey::from([7; 32]), "a@example.com".parse().unwrap());
        for format in [Format::Csv, Format::JsonLines] {
            let sealed = cursor(format).seal(&whose, &key);
            let open = |now| Unverified::parse(&sealed).unwrap().verify(&whose, &key, now);
            assert_eq!(open(after(7)), Some(cursor(format)));
            assert_eq!(open(after(7) + SignedDuration::from_millis(1)), None);
        }
    }

    #[test]
    fn a_cursor_of_another_person_or_another_key_or_with_any_bit_changed_is_none() {
        let (key, whose) = (SigningKey::from([7; 32]), "a@example.com".parse().unwrap());
        let sealed = cursor(Format::Csv).seal(&whose, &key);
        let unverified = Unverified::parse(&sealed).unwrap();
        let other: Email = "b@example.com".parse().unwrap();
        assert_eq!(unverified.clone().verify(&other, &key, after(0)), None);
        assert_eq!(unverified.verify(&whose, &SigningKey::from([8; 32]), after(0)), None);
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = Unverified::parse(&URL_SAFE_NO_PAD.encode(changed));
            assert_eq!(changed.and_then(|cursor| cursor.verify(&whose, &key, after(0))), None, "bit {bit}");
        }
        for text in ["", "AQ", "%", &sealed[..sealed.len() - 4], &format!("{sealed}AAAA")] {
            let cursor = Unverified::parse(text);
            assert_eq!(cursor.and_then(|cursor| cursor.verify(&whose, &key, after(0))), None, "{text}");
        }
    }
}
