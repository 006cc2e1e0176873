//! Errors for people: what happened, what to do about it, and the exit status.
//!
//! Invariant: 0 done, 1 failed, 2 wrong usage; only `diff` has statuses of its own.

use std::fmt;

/// Exit status of a command that failed.
pub const FAILED: u8 = 1;
/// Exit status of a command that was not understood.
pub const WRONG_USAGE: u8 = 2;

/// A failure with the way out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    hints: Vec<String>,
    status: u8,
}

impl Failure {
    /// Something went wrong: exit status 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), status: FAILED }
    }

    /// The command line or its environment asks for something that cannot be: exit status 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { status: WRONG_USAGE, ..Self::new(message) }
    }

    /// What to do about it, printed on a line that begins with `hint:`.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With another exit status.
    #[must_use]
    pub fn status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// The ways out, in the order they were given.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The failures of an error, outermost first. One that was put around another error as its context hides from the
/// chain and only the error itself finds it.
pub fn failures(error: &anyhow::Error) -> Vec<&Failure> {
    let mut failures: Vec<&Failure> = error.downcast_ref::<Failure>().into_iter().collect();
    for failure in error.chain().filter_map(|cause| cause.downcast_ref::<Failure>()) {
        if !failures.contains(&failure) {
            failures.push(failure);
        }
    }
    failures
}

/// The exit status that an error asks for: that of its outermost [`Failure`], else 1.
pub fn exit_status(error: &anyhow::Error) -> u8 {
    failures(error).first().map_or(FAILED, |failure| failure.status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn the_exit_status_survives_the_context_put_around_it() {
        let error = Err::<(), _>(Failure::usage("no such stack").hint("see synth")).context("while deploying");
        assert_eq!(exit_status(&error.unwrap_err()), WRONG_USAGE);
        assert_eq!(exit_status(&anyhow::anyhow!("anything")), FAILED);
    }

    #[test]
    fn a_failure_put_around_another_keeps_its_hints_and_its_status() {
        let inner: anyhow::Error = Failure::new("exit status 1").hint("inner").into();
        let error = inner.context(Failure::usage("cannot install").hint("outer"));
        let hints: Vec<_> = failures(&error).iter().flat_map(|failure| failure.hints()).collect();
        assert_eq!(hints, ["outer", "inner"]);
        assert_eq!(exit_status(&error), WRONG_USAGE);
    }
}
