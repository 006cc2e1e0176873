//! Usage reports: what was called on the day before, in the week before, in the month before.
//!
//! Invariant: the overall report of a period is written last, so that where it stands with the figures of now, every
//! report of the period does. A run that ends early is finished by the next.

mod announcement;
mod due;
mod edition;

use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use metering::subject::Bucket as Users;
use report::{Period, Report, Whose, corrections, csv, html};
use serde::Serialize;
use store::table::TableError;

pub use self::announcement::ReportsTopic;
use self::due::due;
use self::edition::{begun, key};
use crate::analytics_api::AnalyticsApi;
use crate::bucket::Bucket;
use crate::http::Failure;
use crate::signed_request::RequestError;

/// Reports made at the same time.
const AT_ONCE: usize = 16;

/// Makes reports and keeps them.
#[derive(Clone, Debug)]
pub struct UsageReports {
    /// Where figures come from.
    pub api: AnalyticsApi,
    /// Where reports are kept.
    pub bucket: Bucket,
    /// Where they are announced, if anywhere.
    pub topic: Option<ReportsTopic>,
}

/// What a run has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Reports that were written, corrected ones among them.
    pub written: usize,
    /// Reports that say what an earlier edition said otherwise.
    pub corrected: usize,
    /// Reports that could not be written. The next run tries again.
    pub failed: usize,
}

/// Why a report is not written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Its figures cannot be had.
    #[error(transparent)]
    Figures(#[from] Failure),
    /// Nobody knows whom to write one for.
    #[error(transparent)]
    Table(#[from] TableError),
    /// It cannot be kept or announced.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// What is kept cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Some were written, and some were not.
    #[error(
        "{failed} of the reports are not written, and {written} are: the log says why, and the next run tries again"
    )]
    Incomplete {
        /// How many are.
        written: usize,
        /// How many are not.
        failed: usize,
    },
}

/// A run over the reports of one period.
struct Round<'a> {
    of: &'a UsageReports,
    period: Period,
    now: Timestamp,
    /// Reports made since are as good as they can be.
    since: Timestamp,
    is_heard: bool,
}

impl UsageReports {
    /// Writes what is due at an instant, and again what late events have changed.
    ///
    /// # Errors
    /// When something is not written. All else is, and the next run tries again.
    pub async fn run(&self, at: Timestamp, clock: impl Fn() -> Timestamp) -> Result<Outcome, ReportError> {
        let is_heard = self.is_heard().await;
        let mut whole = Outcome::default();
        for period in due(at) {
            // Boxed, because the future of so many requests at once is too deep for the compiler to lay out inside others.
            match self.write(period, clock(), is_heard).boxed_local().await {
                Ok(Outcome { written, corrected, failed }) => {
                    whole.written += written;
                    whole.corrected += corrected;
                    whole.failed += failed;
                }
                Err(cause) => {
                    tracing::error!(%cause, %period, "a period has not all of its reports");
                    whole.failed += 1;
                }
            }
        }
        let Outcome { written, failed, .. } = whole;
        if failed == 0 { Ok(whole) } else { Err(ReportError::Incomplete { written, failed }) }
    }

    /// Whether a report is announced: where nobody knows, it is.
    async fn is_heard(&self) -> bool {
        let Some(topic) = &self.topic else { return false };
        topic.has_subscribers().await.unwrap_or_else(|cause| {
            tracing::warn!(%cause, "nobody knows whether anybody has subscribed to reports");
            true
        })
    }

    async fn write(&self, period: Period, now: Timestamp, is_heard: bool) -> Result<Outcome, ReportError> {
        let overall = self.api.report(&Whose::Everybody, period, now).await?;
        let earlier = self.stored(&key(&Whose::Everybody, period)).await?;
        if earlier.as_ref().is_some_and(|earlier| earlier.agrees_with(&overall)) {
            return Ok(Outcome::default());
        }
        let since = self.begin(&overall).await?;
        let round = Round { of: self, period, now, since, is_heard };
        let mut outcome = Outcome::default();
        let companies = self.api.companies(period).await?.into_iter().map(Whose::Company);
        round.write_all(companies, &mut outcome).await;
        for bucket in Users::all() {
            let users = self.api.callers(period, bucket).await?.into_iter();
            round.write_all(users.map(|email| Whose::User(email.into())), &mut outcome).await;
        }
        if outcome.failed == 0 {
            outcome.note(round.keep(overall, earlier).await?);
        }
        Ok(outcome)
    }

    /// Takes note of the figures with which a round begins; returns since when they are these.
    async fn begin(&self, overall: &Report) -> Result<Timestamp, ReportError> {
        let key = begun(overall.period);
        match self.stored(&key).await? {
            Some(begun) if begun.agrees_with(overall) => Ok(begun.as_of),
            _ => {
                self.store(&key, overall).await?;
                Ok(overall.as_of)
            }
        }
    }

    /// An edition that is kept. One that cannot be read is made anew.
    async fn stored(&self, key: &str) -> Result<Option<Report>, RequestError> {
        let stored = self.bucket.get(&format!("{key}.json")).await?;
        let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes);
        Ok(stored.and_then(|bytes| {
            read(bytes).inspect_err(|cause| tracing::warn!(%cause, key, "a report cannot be read")).ok()
        }))
    }

    async fn store(&self, key: &str, report: &Report) -> Result<(), ReportError> {
        let json = serde_json::to_vec(report)?;
        self.bucket.put(&format!("{key}.json"), "application/json", &json).await?;
        Ok(())
    }
}

impl Round<'_> {
    /// Writes the reports of some, a few at a time; one that fails holds up no other.
    async fn write_all(&self, whose: impl Iterator<Item = Whose>, outcome: &mut Outcome) {
        let mut written = futures::stream::iter(whose.map(|whose| self.write(whose))).buffer_unordered(AT_ONCE);
        while let Some(written) = written.next().await {
            match written {
                Ok(report) => outcome.note(report),
                Err(cause) => {
                    tracing::error!(%cause, period = %self.period, "a report is not written; the next run tries again");
                    outcome.failed += 1;
                }
            }
        }
    }

    async fn write(&self, whose: Whose) -> Result<Option<Report>, ReportError> {
        let earlier = self.of.stored(&key(&whose, self.period)).await?;
        if earlier.as_ref().is_some_and(|earlier| earlier.as_of >= self.since) {
            return Ok(None);
        }
        let report = self.of.api.report(&whose, self.period, self.now).await?;
        self.keep(report, earlier).await
    }

    /// Keeps a report that says something else than the earlier edition; returns it. Its figures come last: where they
    /// are, all of it is, and it was announced. Of one that says the same it is kept as of when.
    async fn keep(&self, report: Report, earlier: Option<Report>) -> Result<Option<Report>, ReportError> {
        let (key, bucket) = (key(&report.whose, report.period), &self.of.bucket);
        let corrections = match earlier {
            Some(earlier) if earlier.agrees_with(&report) => {
                self.of.store(&key, &Report { as_of: report.as_of, ..earlier }).await?;
                return Ok(None);
            }
            Some(earlier) => corrections(&earlier, &report),
            None => Vec::new(),
        };
        let report = Report { corrections, ..report };
        bucket.put(&format!("{key}.html"), "text/html; charset=utf-8", html(&report).as_bytes()).await?;
        bucket.put(&format!("{key}.csv"), "text/csv; charset=utf-8", csv(&report).as_bytes()).await?;
        if let Some(topic) = self.of.topic.as_ref().filter(|_| self.is_heard) {
            topic.announce(&report, &key, bucket).await?;
        }
        self.of.store(&key, &report).await?;
        Ok(Some(report))
    }
}

impl Outcome {
    fn note(&mut self, written: Option<Report>) {
        let Some(report) = written else { return };
        self.written += 1;
        self.corrected += usize::from(!report.corrections.is_empty());
    }
}

#[cfg(test)]
mod tests;
