//! Who says yes to a change.
//!
//! Invariant: without a terminal and without `--yes` nothing happens, and the command fails.

use anyhow::Result;
use tokio::sync::oneshot;
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
    pub fn from_flag(yes: bool) -> Self {
        if yes { Self::Given } else { Self::Ask }
    }

    /// Asks, unless the answer is given.
    ///
    /// # Errors
    /// When the answer is not yes, or there is nobody to ask.
    pub async fn obtain(self, question: &str) -> Result<()> {
        if self == Self::Given {
            return Ok(());
        }
        if !Printer.can_ask() {
            return Err(Failure::new("not approved: there is no terminal to ask on")
                .hint("read what would change above, then run the same command with --yes")
                .into());
        }
        let answer = ask(format!("{question} [y/N]")).await?;
        if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Failure::new("not approved: nothing of this was changed").into())
        }
    }
}

/// Has somebody type a name before something that cannot be undone.
///
/// # Errors
/// When something else is typed, or there is nobody to type.
pub async fn typed_name(name: &str, given: Option<&str>, what: &str) -> Result<()> {
    let answer = match given {
        Some(given) => given.to_owned(),
        None if Printer.can_ask() => ask(format!("{what} Type `{name}` to go on:")).await?,
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

/// The answer, read by a thread of its own, so that Ctrl-C is heard while nobody types.
async fn ask(question: String) -> Result<String> {
    let (give, take) = oneshot::channel();
    std::thread::spawn(move || give.send(Printer.ask(&question)));
    Ok(take.await??.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_given_approval_asks_nobody_and_another_name_is_refused_with_status_1() {
        // Under `cargo test` standard input may be a terminal; the refusal without one is tested end to end.
        assert!(Approval::Given.obtain("?").await.is_ok());
        assert!(typed_name("test", Some("test"), "All data goes.").await.is_ok());
        let error = typed_name("prod", Some("test"), "All data goes.").await.unwrap_err();
        assert_eq!(xtask::failure::exit_status(&error), 1);
    }
}
