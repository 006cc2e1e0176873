//! Whether the calls of a load are counted as they were answered.
//!
//! Invariant: users are made for one load alone, so all that is counted for them is of it; they are judged once windows
//! are set past the last call, or the time for that is over.

use std::time::{Duration, Instant};

use anyhow::Result;
use contract::{Environment, name};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use metering::email::Email;
use metering::fold::DistinctEvents;
use metering::subject::Subject;
use metering::usage::Usage;
use metering::window::Minute;
use serde_json::{Value, json};
use store::blocks::Blocks;
use store::history::{Freshness, Histories};
use store::journal::entry_of;
use store::live::Live;
use store::table::CONCURRENCY;
use store::watermark::Watermark;
use store::windows::Windows;

use super::outcomes::Answers;
use cloud::Connection;
use cloud::aws::dynamodb::table;
use cloud::aws::error::table_failed_to;
use cloud::console::observer::{Lines, Observer};
use cloud::stack::read;
use cloud::system::counting::watermark;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What was answered and what is counted of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The user.
    pub email: Email,
    /// What the answers say.
    pub answers: Answers,
    /// What is counted.
    pub counted: u64,
}

impl Row {
    /// Calls that are missing.
    pub fn lacks(&self) -> u64 {
        self.answers.succeeded.saturating_sub(self.counted)
    }

    /// Calls that are counted beyond all that were made.
    pub fn exceeds(&self) -> u64 {
        self.counted.saturating_sub(self.answers.succeeded + self.answers.uncertain)
    }

    /// Whether calls are missing or counted twice.
    pub fn differs(&self) -> bool {
        self.lacks() > 0 || self.exceeds() > 0
    }

    /// For people.
    pub fn text(&self) -> String {
        let Self { email, answers: Answers { succeeded, uncertain }, counted } = self;
        let difference = match (self.lacks(), self.exceeds()) {
            (0, 0) => String::new(),
            (0, exceeds) => format!(": {exceeds} too many"),
            (lacks, _) => format!(": {lacks} missing"),
        };
        format!("{email}: {succeeded} succeeded, {uncertain} uncertain, {counted} counted{difference}")
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let Self { email, answers: Answers { succeeded, uncertain }, counted } = self;
        json!({"userEmail": email, "succeeded": succeeded, "uncertain": uncertain, "counted": counted})
    }
}

/// Where counts of an environment are.
#[derive(Clone, Debug)]
pub struct Counts<'a> {
    connection: &'a Connection,
    env: &'a Environment,
    windows: Windows,
    /// With the stream; in synchronous mode the journal has every call, and perhaps no other table is there.
    histories: Option<Histories>,
}

impl<'a> Counts<'a> {
    /// Those of a deployment.
    ///
    /// # Errors
    /// When it cannot be asked how it counts.
    pub async fn find(connection: &'a Connection, env: &'a Environment) -> Result<Self> {
        let has_stream = read::describe(connection, &name::kinesis_stack(env)).await?.is_some();
        let analytics = table(connection, name::analytics_table(env));
        let windows = Windows::new(analytics.clone(), table(connection, name::usage_table(env)));
        let live = Live::new(Blocks::new(analytics.clone()));
        let histories = || Histories::new(live, windows.clone(), Watermark::new(analytics));
        let histories = has_stream.then(histories);
        Ok(Self { connection, env, windows, histories })
    }

    /// What is counted of each user, compared with the answers to calls up to an instant. It looks again while calls are
    /// missing, until `limit` is over.
    ///
    /// # Errors
    /// When counts cannot be read.
    pub async fn reconcile(
        &self,
        answers: &[(Email, Answers)],
        last: Timestamp,
        limit: Duration,
        observer: &dyn Observer,
    ) -> Result<Vec<Row>> {
        let (live, began, last) = (Lines::new(observer, "load"), Instant::now(), Minute::of(last));
        observer.note(&format!("waiting until calls up to {last} are counted (at most {} s)", limit.as_secs()));
        loop {
            let is_late = began.elapsed() >= limit;
            let behind = self.behind(last).await?;
            if behind.is_none() || is_late {
                let rows = self.rows(answers).await?;
                let lacking: u64 = rows.iter().map(Row::lacks).sum();
                if lacking == 0 || is_late {
                    return Ok(rows);
                }
                live.show(vec![format!("{} s: {lacking} calls are not counted yet", began.elapsed().as_secs())]);
            } else if let Some(behind) = behind {
                live.show(vec![format!("{} s: {behind}", began.elapsed().as_secs())]);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How far windows are set, in words, unless that is past a minute; without the stream nothing lags behind.
    async fn behind(&self, last: Minute) -> Result<Option<String>> {
        if self.histories.is_none() {
            return Ok(None);
        }
        Ok(match watermark(self.connection, self.env).await? {
            Some(watermark) if watermark >= last => None,
            Some(watermark) => Some(format!("windows are set up to {watermark}")),
            None => Some("no window is set yet".to_owned()),
        })
    }

    async fn rows(&self, answers: &[(Email, Answers)]) -> Result<Vec<Row>> {
        let rows = answers.iter().map(|(email, answers)| async move {
            anyhow::Ok(Row { email: email.clone(), answers: *answers, counted: self.calls(email).await? })
        });
        let rows: Vec<_> = rows.collect();
        futures::stream::iter(rows).buffered(CONCURRENCY).try_collect().await
    }

    /// All calls that are counted for a user.
    async fn calls(&self, email: &Email) -> Result<u64> {
        let subject = Subject::User(email.clone());
        let failed = || table_failed_to(format!("read what is counted for {email}"));
        if let Some(histories) = &self.histories {
            let history = histories.read(&subject, None, Timestamp::now(), Freshness::Blocks).await;
            return Ok(history.map_err(failed())?.sum().calls);
        }
        let items = self.windows.usage_items(&subject, None).await.map_err(failed())?;
        let mut events = DistinctEvents::default();
        events.extend(items.iter().filter_map(entry_of));
        let mut usage = Usage::default();
        events.events().for_each(|event| usage.add(event));
        Ok(usage.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(succeeded: u64, uncertain: u64, counted: u64) -> Row {
        let email = "load-1@example.invalid".parse().unwrap();
        Row { email, answers: Answers { succeeded, uncertain }, counted }
    }

    #[test]
    fn what_succeeded_is_counted_once_and_what_is_uncertain_at_most_once() {
        for counted in 10..=12 {
            assert!(!row(10, 2, counted).differs(), "{counted}");
        }
        assert!(row(10, 2, 9).differs() && row(10, 2, 13).differs());
        assert!(row(10, 0, 11).differs(), "a call that is counted twice");
    }

    #[test]
    fn a_difference_is_said_in_words() {
        assert!(row(10, 2, 9).text().ends_with("10 succeeded, 2 uncertain, 9 counted: 1 missing"));
        assert!(row(10, 2, 15).text().ends_with("15 counted: 3 too many"));
        assert!(row(10, 2, 12).text().ends_with("12 counted"));
    }
}
