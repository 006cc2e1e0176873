//! Tax and compliance deadlines of Australia and New Zealand: which there are, and which answer a question.
//!
//! Invariant: every date follows from a rule and a calendar in `data/`; nothing here knows AWS or the clock.

mod calendar;
mod deadline;
mod query;
mod rule;

pub use deadline::{Agency, Country, Deadline, Incomplete, Kind, partition};
pub use query::{BadParameter, DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET, Page, Query};
pub use rule::all;

/// The first year that the data set covers.
pub const FIRST_YEAR: i16 = 2026;
/// The last year that the data set covers.
pub const LAST_YEAR: i16 = 2027;
