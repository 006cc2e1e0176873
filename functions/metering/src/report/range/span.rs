//! A time to the minute, of which no points are asked for.
//!
//! Invariant: it is what was asked for or refused; nothing is rounded.

use jiff::Timestamp;

use super::{BadParameter, Duration, Granularity, question};
use crate::window::Minute;

/// Minutes that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub first: Minute,
    /// The one after the last.
    pub end: Minute,
}

impl Span {
    /// Reads a time from the parameters of a request; where none says how long it is, so long. Parameters with other
    /// names are ignored.
    ///
    /// # Errors
    /// When a value is not one that its parameter can have, or they do not fit together.
    pub fn parse<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        default: Duration,
        now: Timestamp,
    ) -> Result<Self, BadParameter> {
        let parameters = parameters.into_iter().filter(|(name, _)| !matches!(*name, "granularity" | "tz"));
        question::parse(parameters, Granularity::Minute, default)?.span(now)
    }
}
