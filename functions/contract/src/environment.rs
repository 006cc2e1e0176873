//! Which deployment of the system: `test`, `prod`, …
//!
//! Invariant: the name fits into every physical name built from it.

use std::fmt;
use std::str::FromStr;

/// The name of a deployment: 1 to 16 characters of `a-z`, `0-9` and `-`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Environment(String);

/// A name that cannot be an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidEnvironment(String);

impl Environment {
    /// The name, as it appears in every physical name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Environment {
    /// `test`, the environment of a command without `--env`.
    fn default() -> Self {
        Self("test".into())
    }
}

impl FromStr for Environment {
    type Err = InvalidEnvironment;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if is_part_of_names(name, 16) { Ok(Self(name.into())) } else { Err(InvalidEnvironment(name.into())) }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an environment: 1 to 16 of a-z, 0-9 and `-`, beginning with a letter, such as `test`",
            self.0
        )
    }
}

impl std::error::Error for InvalidEnvironment {}

/// Whether a text can be a part of physical names: up to so many characters of `a-z`, `0-9` and `-`, beginning with a
/// letter.
pub(crate) fn is_part_of_names(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_break_a_physical_name_is_refused() {
        for bad in ["", "Test", "1st", "a_b", "a-", "seventeen-letters", "tést", "a b"] {
            assert!(bad.parse::<Environment>().is_err(), "{bad:?} was accepted");
        }
        assert_eq!("eu-prod2".parse::<Environment>().unwrap().as_str(), "eu-prod2");
    }
}
