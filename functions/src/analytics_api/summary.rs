//! `summary`: six figures of today and of the same span a week before.
//!
//! Invariant: each span is read from windows up to the watermark and from blocks behind it, as everywhere; the month's
//! calls are what `user-stats` says.

use jiff::Timestamp;
use metering::email::Email;
use metering::quota::Quota;
use metering::report::breakdown::usage_of;
use metering::report::range::Range;
use metering::report::series::Series;
use metering::report::summary::{Happened, Spans, Summary};
use metering::report::zone::Zone;
use metering::sketch::Sketch;
use metering::usage::Usage;
use metering::window::{Hour, Minute, Month};

use super::AnalyticsApi;
use super::figures::{Figures, Scope};
use super::forecast::Whose;
use crate::http::viewer::Viewer;
use crate::http::{Answer, Failure};
use store::table::TableError;

/// What is asked for.
pub(super) struct Question {
    /// Whose figures; everybody's where it is nobody's.
    pub(super) whose: Option<Email>,
    pub(super) zone: Zone,
}

impl AnalyticsApi {
    pub(super) async fn summary(
        &self,
        Question { whose, zone }: Question,
        viewer: &Viewer,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        self.check_known(whose.as_ref(), viewer, now).await?;
        let (figures, set) = self.figures(whose.as_ref(), now).await?;
        let spans = Spans::of(&zone, now);
        // One after the other: what is left of the budget for users is the earlier day's.
        let today = figures.happened(&spans.today, &spans.pace, set, now).await?;
        let before = figures.happened(&spans.before, &spans.pace_before, set, now).await?;
        let summary = Summary::new(now, set, &spans, &today, &before);
        let Some(email) = whose else {
            let stream = self.stream_health(set, now).await?;
            return Answer::json(&summary.of_everybody([&today, &before], stream));
        };
        let summary = summary.of_one([&today, &before]);
        let known = self.keys.known_user(&email).await?;
        let month = Range::between(Minute::of(Month::of(now).start()), Minute::of(now).plus(1), Zone::UTC, now);
        let used = figures.usage(&month, set, now).await?.calls;
        let quota = Quota { used, limit: known.unwrap_or_default().monthly_quota.calls() };
        let outlook = self.outlook(&Whose::User(email), Hour::of(now), now).await?;
        Answer::json(&summary.with_quota(now, quota, outlook.run_out(quota.limit).into()))
    }
}

impl Figures<'_> {
    async fn happened(&self, day: &Range, pace: &Range, set: Minute, now: Timestamp) -> Result<Happened, Failure> {
        let of_day = async {
            match &self.scope {
                Scope::Everybody => {
                    let (series, _) = self.read(day, &day.plan(set, 0), now).await?;
                    Ok((usage_of_series(&series), series.users()))
                }
                Scope::Own(_) => Ok((self.usage(day, set, now).await?, None)),
            }
        };
        let plan = pace.plan(set, 0);
        let ((usage, users), (pace, _)) = tokio::try_join!(of_day, self.read(pace, &plan, now))?;
        Ok(Happened { usage, pace: pace.totals().map(|(_, total)| total.calls).sum(), users })
    }

    /// What is known of the calls of a range.
    pub(super) async fn usage(&self, range: &Range, set: Minute, now: Timestamp) -> Result<Usage, Failure> {
        let mut whole = Usage::default();
        match &self.scope {
            Scope::Everybody => {
                let (series, _) = self.read(range, &range.plan(set, 0), now).await?;
                whole = usage_of_series(&series);
            }
            Scope::Own(_) => {
                let usages = self.usages(&range.plan(set, 0), now).await?;
                usages.iter().for_each(|(_, usage)| whole.merge(usage));
            }
        }
        Ok(whole)
    }

    /// How many users called in some hours; nothing where it is asked of one.
    pub(super) async fn users(&self, hours: Option<(Hour, Hour)>) -> Result<Option<u64>, TableError> {
        match (&self.scope, hours) {
            (Scope::Own(_), _) => Ok(None),
            (Scope::Everybody, None) => Ok(Some(0)),
            (Scope::Everybody, Some((first, last))) => {
                let mut users = Sketch::default();
                self.windows.users(first, last).await?.0.iter().for_each(|part| users.merge(part));
                Ok(Some(users.users()))
            }
        }
    }
}

fn usage_of_series(series: &Series) -> Usage {
    let mut whole = Usage::default();
    series.totals().for_each(|(_, total)| whole.merge(&usage_of(total)));
    whole
}
