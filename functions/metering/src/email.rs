//! A person's name: their e-mail address, in the one form that every command, table, event, token and parameter uses.
//!
//! Invariant: two spellings of one person are one [`Email`]: trimmed, in Unicode NFC and in lower case.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// Longest name, in bytes: 64 before the `@` and 255 behind it (RFC 5321, 4.5.3.1); a key of DynamoDB takes 1,024.
pub const MAX_BYTES: usize = 320;

/// A person's name. It is read back from what was stored as it is: a table may hold the spelling of a deployment that
/// knew no one form, and its windows lie under that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Email(String);

/// A text that names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Nothing but white space.
    #[error("an e-mail address is missing or empty")]
    Empty,
    /// More than any address has.
    #[error("an e-mail address of {0} bytes is longer than {MAX_BYTES}")]
    TooLong(usize),
    /// Not `name@domain`.
    #[error("`{0}` is not an e-mail address: it must be name@domain, without spaces")]
    NotAnAddress(String),
}

impl Email {
    /// The name that an event or a stored item gives, whatever it looks like.
    ///
    /// # Errors
    /// When it is empty or longer than [`MAX_BYTES`].
    pub fn named(text: &str) -> Result<Self, InvalidEmail> {
        let name: String = text.trim().nfc().flat_map(char::to_lowercase).nfc().collect();
        match name.len() {
            0 => Err(InvalidEmail::Empty),
            bytes if bytes > MAX_BYTES => Err(InvalidEmail::TooLong(bytes)),
            _ => Ok(Self(name)),
        }
    }

    /// A name under which an earlier deployment stored a person, as it spelled it.
    pub fn as_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_address(&self) -> bool {
        let is_word = |text: &str| !text.is_empty() && !text.contains(is_unseen);
        self.0.rsplit_once('@').is_some_and(|(name, domain)| is_word(name) && is_word(domain) && !name.contains('@'))
    }
}

/// Whether a character leaves no mark of its own, so that two people would look like one: white space, control characters,
/// and those that join, part or turn what is beside them (Unicode 17, `Default_Ignorable_Code_Point` without variation
/// selectors and joiners, which emoji and scripts need).
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}')
}

/// An address as a person types it, in a command or a parameter.
impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let email = Self::named(text)?;
        if email.is_address() { Ok(email) } else { Err(InvalidEmail::NotAnAddress(email.0)) }
    }
}

impl AsRef<str> for Email {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_person_is_one_name() {
        let expected = Email::named("émile@example.com").unwrap();
        for spelling in
            ["Émile@Example.COM", " émile@example.com\n", "e\u{301}mile@example.com", "E\u{301}MILE@EXAMPLE.COM"]
        {
            assert_eq!(Email::named(spelling).unwrap(), expected, "{spelling}");
            assert_eq!(spelling.parse::<Email>().unwrap(), expected, "{spelling}");
        }
    }

    #[test]
    fn the_form_of_a_form_is_itself() {
        // Letters whose lower case is longer, or whose parts compose only once they are small.
        for text in
            ["İ@example.com", "K@example.com", "ǅ@example.com", "\u{1e9e}@x.de", "A\u{30a}\u{327}@x.se", "ΑΣ@x.gr"]
        {
            let email = Email::named(text).unwrap();
            assert_eq!(Email::named(email.as_str()).unwrap(), email, "{text}");
        }
    }

    #[test]
    fn an_address_that_a_person_types_is_checked() {
        for text in ["a#b@example.com", "a+b@example.com", "a@b", "😀@example.com"] {
            assert!(text.parse::<Email>().is_ok(), "{text}");
        }
        for text in ["x", "a@", "@b", "a@b@c", "user tag@example.com", "a@exa mple.com", "a@b\0", "\0"] {
            assert!(matches!(text.parse::<Email>(), Err(InvalidEmail::NotAnAddress(_))), "{text}");
        }
        // Each looks like `a@example.com`, or like what it is not.
        for unseen in ['\u{ad}', '\u{200b}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{feff}', '\u{3164}', '\u{e0041}'] {
            for text in [format!("a{unseen}@example.com"), format!("a@{unseen}example.com")] {
                assert!(matches!(text.parse::<Email>(), Err(InvalidEmail::NotAnAddress(_))), "{unseen:?}");
            }
        }
        assert_eq!(" \t".parse::<Email>(), Err(InvalidEmail::Empty));
        assert_eq!("x".repeat(321).parse::<Email>(), Err(InvalidEmail::TooLong(321)));
    }
}
