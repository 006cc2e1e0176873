//! What a window comes to for everybody together.
//!
//! Invariant: what is published of a minute is claimed by one run, so that nothing is published twice.

use metering::course::Course;
use metering::figures::{Ages, Figures};
use metering::fold::UsageBySubject;
use metering::total::{Tally, Total};
use metering::window::Minute;
use store::table::TableError;
use store::windows::{Published, Span};

use super::Aggregator;
use crate::metrics::News;

impl Aggregator {
    /// Lists the users of a minute and sets its total; returns what of its figures is this run's to publish.
    pub(super) async fn set_total_of_minute(
        &self,
        minute: Minute,
        tally: Tally,
        committed_ms: i64,
        ages: &Ages,
        failures: u64,
        before: Option<Published>,
    ) -> Result<Option<Figures>, TableError> {
        let (windows, plans) = (&self.windows, tally.plans().clone());
        // Before the total, which says that they are listed.
        let listed = windows.list_callers(minute, tally.users()).await?;
        let total = Total { listed, ..tally.total() };
        if !total.is_empty() {
            windows.set_total(Span::Minute(minute), &total, None).await?;
        }
        let known = before.as_ref().map_or_else(Figures::default, |before| before.figures.clone());
        let figures = Figures::of(&total, plans, committed_ms, failures).aged(ages, &known);
        let new = figures.since(&known);
        Ok(windows.claim(minute, before, &figures).await?.then_some(new))
    }

    /// Publishes what is new of some minutes.
    pub(super) async fn publish(&self, news: &[News]) {
        if let Err(cause) = self.metrics.publish(news, &self.plans).await {
            tracing::error!(cause, minutes = news.len(), "metrics not published");
        }
    }

    /// Sets a total from what its subjects come to, and what belongs to none from the totals of its parts. The users of a
    /// window that is over are listed before.
    pub(super) async fn set_total(
        &self,
        span: Span,
        mut tally: Tally,
        (first, last): (Span, Span),
    ) -> Result<Total, TableError> {
        if last.is_last_of(span) {
            self.windows.list_ends(span, tally.ends()).await?;
        }
        let (mut nobodys, mut course) = (UsageBySubject::default(), Course::default());
        let parts = self.windows.totals(first, last).await?;
        for (part, total) in &parts {
            nobodys.unattributed.merge(&total.unattributed);
            course.add_total(part.place(), total);
            tally.add_gateway(&total.gateway);
        }
        tally.add(&nobodys);
        let total = Total { listed: Total::listed_in(parts.iter().map(|(_, part)| part)), ..tally.total() };
        if !total.is_empty() {
            self.windows.set_total(span, &total, Some(&course)).await?;
        }
        Ok(total)
    }
}
