//! Usage reports as people read them: one page of HTML, and its figures as CSV, of a day, a week or a month.
//!
//! Invariant: nothing here reads a clock or a network. The same figures make the same bytes, and every figure on a page
//! is one that it was given or a share of two of them.

mod chart;
mod correction;
mod csv;
mod document;
mod figure;
mod markup;
mod period;
mod report;
#[cfg(test)]
mod tests;

pub use self::correction::corrections;
pub use self::csv::csv;
pub use self::document::html;
pub use self::period::{BadPeriod, Period};
pub use self::report::{Correction, Figures, Point, Quota, Report, Row, Table, Whose};
