//! Whether calls go through the stream or are counted synchronously.
//!
//! Invariant: a value that is neither yes nor no is an error, never a guess.

use std::fmt;
use std::str::FromStr;

use crate::variable;

/// The value of `ENABLE_KINESIS_ANALYTICS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Toggle {
    /// The stream, its consumers and the dashboard are deployed.
    On,
    /// The API stack alone; the authorizer counts.
    Off,
}

/// A value that is neither on nor off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidToggle(String);

impl Toggle {
    /// The toggle as the environment of this process has it; unset is off.
    ///
    /// # Errors
    /// When the variable is set to something that is neither on nor off, or to no Unicode.
    pub fn from_process() -> Result<Self, InvalidToggle> {
        match std::env::var(variable::TOGGLE) {
            Ok(value) => value.parse(),
            Err(std::env::VarError::NotPresent) => Ok(Self::Off),
            Err(std::env::VarError::NotUnicode(raw)) => Err(InvalidToggle(raw.to_string_lossy().into_owned())),
        }
    }

    /// Whether the stream is there.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }

    /// `on` or `off`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl FromStr for Toggle {
    type Err = InvalidToggle;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        match value.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Self::On),
            "false" | "0" | "no" | "off" | "" => Ok(Self::Off),
            _ => Err(InvalidToggle(value.into())),
        }
    }
}

impl fmt::Display for InvalidToggle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is `{}`: use true, 1, yes or on; false, 0, no, off, empty or unset", variable::TOGGLE, self.0)
    }
}

impl std::error::Error for InvalidToggle {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_contract_is_understood_in_any_case() {
        for on in ["true", "1", "yes", "on", "TRUE", "Yes", "oN"] {
            assert_eq!(on.parse(), Ok(Toggle::On), "{on}");
        }
        for off in ["false", "0", "no", "off", "", "FALSE", "No", "oFF"] {
            assert_eq!(off.parse(), Ok(Toggle::Off), "{off}");
        }
    }

    #[test]
    fn anything_else_is_an_error_that_names_the_value() {
        for bad in ["enabled", "2", "y", "truee", "on off"] {
            let error = bad.parse::<Toggle>().unwrap_err().to_string();
            assert!(error.contains(bad), "{error}");
        }
    }
}
