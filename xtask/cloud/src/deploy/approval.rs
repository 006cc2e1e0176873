//! Who says yes to a change.
//!
//! Invariant: without a terminal and without `--yes` nothing happens, and the command fails.

use anyhow::Result;
use xtask::{Failure, Printer};

/// Whether a change may be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// Somebody is asked.
    Ask,
    /// `--yes`.
    Given,
}

impl Approval {
    /// The approval that a command line with or without `--yes` carries.
    pub fn of(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }

    /// Asks, unless the answer is given.
    ///
    /// # Errors
    /// When the answer is not yes, or there is nobody to ask.
    pub fn obtain(self, question: &str, printer: &Printer) -> Result<()> {
        if self == Self::Given {
            return Ok(());
        }
        if !printer.can_ask() {
            return Err(Failure::new("not approved: there is no terminal to ask on")
                .hint("read what would change above, then run the same command with --yes")
                .into());
        }
        let answer = printer.ask(&format!("{question} [y/N]"))?.unwrap_or_default();
        if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Failure::new("not approved: nothing was changed").into())
        }
    }
}

/// Has somebody type a name before something that cannot be undone.
///
/// # Errors
/// When something else is typed, or there is nobody to type.
pub fn typed_name(name: &str, given: Option<&str>, what: &str, printer: &Printer) -> Result<()> {
    let answer = match given {
        Some(given) => given.to_owned(),
        None if printer.can_ask() => printer.ask(&format!("{what} Type `{name}` to go on:"))?.unwrap_or_default(),
        None => {
            return Err(Failure::new("not approved: there is no terminal to ask on")
                .hint(format!("add --confirm {name} if the data is really to go"))
                .into());
        }
    };
    if answer.trim() == name {
        Ok(())
    } else {
        Err(Failure::new(format!("not approved: `{}` is not `{name}`, nothing was changed", answer.trim())).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_and_without_yes_it_is_refused_with_status_1() {
        // Under `cargo test` standard input may be a terminal; the refusal itself is tested end to end.
        assert!(Approval::Given.obtain("?", &Printer).is_ok());
        assert!(typed_name("test", Some("test"), "All data goes.", &Printer).is_ok());
        let error = typed_name("prod", Some("test"), "All data goes.", &Printer).unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 1);
    }
}
