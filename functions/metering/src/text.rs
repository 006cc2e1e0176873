//! A text that somebody else chose, as long as what is made of it can bear.
//!
//! Invariant: it takes at most `MAX` bytes as it is stored, which is in JSON and escaped, and ends with a whole
//! character. Every other text of a caller is an identity, which is refused where it is too long, never cut.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A text of at most `MAX` bytes as it is stored, without its quotes. A longer one is cut.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// The longest beginning of a text that takes at most `max` bytes as it is stored.
pub fn cut(text: &str, max: usize) -> &str {
    let mut bytes = 0;
    let end = text.bytes().position(|byte| {
        bytes += stored(byte);
        bytes > max
    });
    match end {
        None => text,
        Some(end) => &text[..text.floor_char_boundary(end)],
    }
}

/// How many bytes a text takes as it is stored, without its quotes.
pub fn stored_bytes(text: &str) -> usize {
    text.bytes().map(stored).sum()
}

/// How many bytes a byte of a text takes in JSON, as serde writes it (RFC 8259, 7).
const fn stored(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\x08' | b'\t' | b'\n' | b'\x0c' | b'\r' => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

impl<const MAX: usize> Text<MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> From<&str> for Text<MAX> {
    fn from(text: &str) -> Self {
        Self(cut(text, MAX).to_owned())
    }
}

impl<const MAX: usize> From<String> for Text<MAX> {
    fn from(mut text: String) -> Self {
        text.truncate(cut(&text, MAX).len());
        Self(text)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(text: Text<MAX>) -> Self {
        text.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Half of a surrogate pair is JSON and no text: asked for bytes, serde hands it over instead of an error.
        deserializer.deserialize_bytes(Beginning)
    }
}

/// Takes the beginning of a text, so that what is cut is never copied.
struct Beginning<const MAX: usize>;

impl<const MAX: usize> Visitor<'_> for Beginning<MAX> {
    type Value = Text<MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_where_its_bytes_in_json_end_and_never_within_a_character() {
        for (text, max, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("\u{1}\u{1}", 11, "\u{1}"),
            ("a\"\\b", 4, "a\""),
            ("😀😀", 7, "😀"),
            ("é", 1, ""),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, max), expected, "{text:?} in {max}");
        }
    }

    #[test]
    fn half_of_a_surrogate_pair_is_replaced_and_every_other_type_refused() {
        let read = serde_json::from_str::<Text<32>>;
        assert_eq!(read(r#""a\ud800b""#).unwrap().as_str(), "a\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(read(r#""\ud83d\ude00\u0000""#).unwrap().as_str(), "😀\0");
        for other in ["3", "null", "true", "[97]", "{}", "[[[["] {
            assert!(read(other).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_a_text_takes_is_what_serde_writes(text in any::<String>()) {
            prop_assert_eq!(stored_bytes(&text), serde_json::to_string(&text).unwrap().len() - 2);
            let short = Text::<16>::from(text.as_str());
            prop_assert!(stored_bytes(&short) <= 16 && text.starts_with(&*short));
            prop_assert_eq!(Text::<16>::from(text.clone()), short.clone());
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<Text<16>>(&json).unwrap(), short);
        }
    }
}
