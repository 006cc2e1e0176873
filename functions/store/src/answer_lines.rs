//! Lines of the gateway's access log, as a subscription delivers them: items of some lines, each under its minute.
//!
//! Invariant: a delivery that comes again, cut as it was or otherwise, adds no line: a line is known by the id that
//! CloudWatch Logs gave it. Lines are kept as long as events of their minute may still come.

use std::collections::BTreeMap;

use contract::limit::MINUTES_DAYS;
use contract::table::{ANSWERS, PK, SK, TTL};
use metering::answer::{self, Answers};
use metering::window::Minute;

use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, Table, TableError, compact_json, number, readable, text};

/// Attribute that holds lines, each with its id.
const LINES: &str = "lines";
/// Lines of an item at most: a line has less than a kilobyte, and an item 400.
const LINES_OF_AN_ITEM: usize = 300;

/// The analytics table's lines.
#[derive(Clone, Debug)]
pub struct AnswerLines {
    table: Table,
}

/// A line with the id that CloudWatch Logs gave it.
pub type Line = (String, String);

impl AnswerLines {
    /// The lines of a table.
    pub const fn new(table: Table) -> Self {
        Self { table }
    }

    /// Keeps what was delivered; lines that tell of no time are of no use and left out.
    ///
    /// # Errors
    /// When a write fails; keeping all of it again is right then.
    pub async fn keep(&self, lines: impl IntoIterator<Item = Line>) -> Result<(), TableError> {
        let mut minutes = BTreeMap::<Minute, Vec<Line>>::new();
        for (id, line) in lines {
            if let Some(minute) = answer::minute(&line) {
                minutes.entry(minute).or_default().push((id, line));
            }
        }
        let items = minutes
            .iter()
            .flat_map(|(minute, lines)| lines.chunks(LINES_OF_AN_ITEM).filter_map(|lines| item_of(*minute, lines)));
        self.table.put_all(items).await
    }

    /// What the lines of a minute say that were delivered so far.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn answers(&self, minute: Minute) -> Result<Answers, TableError> {
        let items = self.table.query(&partition(minute), Sort::All, Consistency::Strong).await?;
        let mut lines = BTreeMap::<String, String>::new();
        for item in &items {
            lines.extend(readable(self.table.json::<Vec<Line>>(item, LINES))?.into_iter().flatten());
        }
        let mut answers = Answers::default();
        lines.values().for_each(|line| answers.add_line(minute, line));
        Ok(answers)
    }
}

/// An item under the id of its first line and their number, which are what a delivery that comes again has too.
fn item_of(minute: Minute, lines: &[Line]) -> Option<Item> {
    let (first, _) = lines.first()?;
    Some(Item::from([
        (PK.into(), text(partition(minute))),
        (SK.into(), text(format!("{first}#{}", lines.len()))),
        (LINES.into(), compact_json(&lines)),
        (TTL.into(), number(after_days(minute.start(), MINUTES_DAYS))),
    ]))
}

fn partition(minute: Minute) -> String {
    format!("{ANSWERS}{minute}")
}
