//! The work of one run: minutes from blocks, hours from minutes, days from hours, bucket after bucket.
//!
//! Invariant: no more than one bucket's subjects are held at once, and a part that cannot be written is recorded and
//! holds up no other.

use std::collections::{BTreeMap, BTreeSet};

use contract::plan::Plans;
use futures::StreamExt;
use jiff::Timestamp;
use metering::active_users::ActiveUsers;
use metering::alert::Alerts;
use metering::answer::Answers;
use metering::answered::Answered;
use metering::company::Companies;
use metering::figures::{Ages, Commits, Figures};
use metering::fold::{DistinctEvents, UsageBySubject};
use metering::plan::ByPlan;
use metering::subject::{Bucket, Subject};
use metering::total::Tally;
use metering::window::Minute;
use store::blocks::OpenBlocks;
use store::failed_windows::Part;
use store::notices::Claim;
use store::table::{CONCURRENCY, TableError};
use store::windows::Span;

use super::Aggregator;
use super::due::{DueDays, DueHours, Whose};
use crate::access_log::Budget;
use crate::metrics::News;

/// After how many minutes one is folded again whose answers are not all known. A line of the access log is there within
/// seconds as a rule; what is not after an hour is not waited for.
const AGAIN_AFTER: [i64; 2] = [5, 60];

/// A run under way.
pub(super) struct Run<'a> {
    of: &'a Aggregator,
    now: Timestamp,
    /// To where days were once closed within an hour.
    closed: Option<Minute>,
    /// What this run could not write.
    failed: BTreeSet<Part>,
    /// What it may still ask the access log.
    budget: Budget,
    /// Alerts that this run has made, to be sent.
    alerts: Vec<Claim>,
}

/// What the blocks of a minute and bucket come to.
struct Folded {
    fold: UsageBySubject,
    commits: Commits,
    alerts: Alerts,
    answered: Answered,
}

impl<'a> Run<'a> {
    pub(super) fn new(of: &'a Aggregator, now: Timestamp, closed: Option<Minute>) -> Self {
        Self { of, now, closed, failed: BTreeSet::new(), budget: Budget::default(), alerts: Vec::new() }
    }

    /// Minutes to be folded again, because some answers to their calls were not in the access log yet: those that were
    /// folded a while before the minutes behind `watermark`, up to `target`, are.
    pub(super) async fn partly_known(&self, watermark: Minute, target: Minute) -> Result<Vec<Minute>, TableError> {
        let mut found = Vec::new();
        if self.of.status_source.is_none() {
            return Ok(found);
        }
        for ago in AGAIN_AFTER {
            let (first, last) = (watermark.plus(1 - ago), target.plus(-ago).min(watermark));
            if first > last {
                continue;
            }
            for day in first.day().through(last.day()) {
                let midnight = day.first_hour().first_minute();
                let (first, last) = (first.max(midnight), last.min(day.last_hour().last_minute()));
                let totals = self.of.windows.readable_totals(Span::Minute(first), Span::Minute(last)).await?;
                found.extend(
                    totals.iter().filter(|(_, total)| total.unknown() > 0).map(|(span, _)| span.first_minute()),
                );
            }
        }
        Ok(found)
    }

    /// What was answered to the calls of a minute, as far as it is known.
    async fn answers(&mut self, minute: Minute) -> Answers {
        match &self.of.status_source {
            Some(source) => source.answers(minute, &mut self.budget).await,
            None => Answers::default(),
        }
    }

    /// How many parts could not be written.
    pub(super) fn failures(&self) -> usize {
        self.failed.len()
    }

    /// The alerts that this run has made.
    pub(super) fn into_alerts(self) -> Vec<Claim> {
        self.alerts
    }

    /// Folds some minutes, then the hours and days that these changed or that are over between two watermarks.
    pub(super) async fn step(&mut self, minutes: &[Minute], before: Minute, after: Minute) -> Result<(), TableError> {
        let through = self.through(after);
        let mut due = self.fold(minutes, through).await?;
        for hour in before.plus(1).hour().through(after.plus(1).hour().plus(-1)) {
            due.insert(hour, Whose::Everybody);
        }
        self.set_hours(due, through).await
    }

    /// Tries again what earlier runs could not write, and forgets what is written now.
    pub(super) async fn retry(&mut self, waiting: &[Part], watermark: Minute) -> Result<(), TableError> {
        let spans: BTreeSet<Span> = waiting.iter().map(|part| part.span).collect();
        let minutes: Vec<Minute> = spans.iter().filter_map(|span| span.minute()).collect();
        let through = self.through(watermark);
        let mut hours = self.fold(&minutes, through).await?;
        let mut days = DueDays::new();
        for span in spans {
            match span {
                Span::Minute(_) => {}
                Span::Hour(hour) => _ = hours.insert(hour, Whose::Everybody),
                Span::Day(day) => _ = days.insert(day, Whose::Everybody),
            }
        }
        self.set_hours(hours, through).await?;
        self.set_days(days, through).await?;
        for part in waiting.iter().filter(|part| !self.failed.contains(part)) {
            self.of.failed.forget(*part).await?;
        }
        Ok(())
    }

    /// Days go as far as the last hour that is over, or to where they were closed within an hour.
    fn through(&self, watermark: Minute) -> Minute {
        let last_over = watermark.plus(1).hour().first_minute().plus(-1);
        self.closed.map_or(last_over, |closed| closed.max(last_over))
    }

    /// What work on a part comes to, or nothing where it failed: that is recorded then.
    async fn attempt<T>(
        &mut self,
        part: Part,
        work: impl Future<Output = Result<T, TableError>>,
    ) -> Result<Option<T>, TableError> {
        match work.await {
            Ok(done) => Ok(Some(done)),
            Err(cause) => {
                tracing::error!(window = %part.span, bucket = ?part.bucket, %cause, "a window cannot be written");
                self.of.failed.record(part, &cause, self.now).await?;
                self.failed.insert(part);
                Ok(None)
            }
        }
    }

    /// Sets minutes, and publishes what is new of them. Returns the hours that have to be set for it.
    async fn fold(&mut self, minutes: &[Minute], through: Minute) -> Result<DueHours, TableError> {
        let of = self.of;
        let places = minutes.iter().flat_map(|minute| Bucket::all().map(move |bucket| (*minute, bucket)));
        let opened = places.map(|(minute, bucket)| of.blocks.open(minute, bucket));
        let mut opened = futures::stream::iter(opened).buffered(CONCURRENCY);
        let mut failures = BTreeMap::new();
        for minutes in minutes.chunk_by(|one, next| next.since(*one) == 1) {
            if let [first, .., last] | [first @ last] = minutes {
                failures.extend(of.blocks.failures(*first, *last).await?);
            }
        }
        let (mut due, mut news) = (DueHours::new(), Vec::new());
        for minute in minutes {
            let buckets: Vec<_> = opened.by_ref().take(Bucket::all().count()).collect().await;
            let failures = failures.get(minute).copied().unwrap_or_default();
            let (subjects, new) = self.fold_minute(*minute, buckets, failures).await?;
            news.extend(new);
            if *minute <= through && !subjects.is_empty() {
                due.entry(minute.hour()).or_insert_with(Whose::nobody).extend(subjects);
            }
        }
        of.publish(&news).await;
        Ok(due)
    }

    /// Sets the rows of a minute from the blocks of each bucket, one after the other; returns whose they are, and what
    /// is new to be published.
    async fn fold_minute(
        &mut self,
        minute: Minute,
        buckets: Vec<Result<OpenBlocks, TableError>>,
        failures: u64,
    ) -> Result<(BTreeSet<Subject>, Option<News>), TableError> {
        let of = self.of;
        let total = Part::total(Span::Minute(minute));
        let answers = self.answers(minute).await;
        // Nothing that was there is ever gone, so nothing but zeros can have been published.
        let has_no_blocks = buckets.iter().all(|blocks| blocks.as_ref().is_ok_and(OpenBlocks::is_empty));
        if failures == 0 && answers.gateway.is_empty() && has_no_blocks {
            return Ok((BTreeSet::new(), Some(News { minute, figures: Figures::default(), ages: Ages::new() })));
        }
        let published = self.attempt(total, of.windows.published(minute)).await?;
        let before_ms = published.iter().flatten().map(|before| before.figures.committed_ms).max().unwrap_or_default();
        let (mut tally, mut ages, mut committed_ms, mut subjects) = (Tally::default(), Ages::new(), 0, BTreeSet::new());
        for (bucket, blocks) in Bucket::all().zip(buckets) {
            let part = Part::of(Span::Minute(minute), bucket);
            let folded = self.attempt(part, async { Folded::read(blocks?, &answers, &of.plans).await }).await?;
            let Some(Folded { fold, commits, alerts, answered }) = folded else { continue };
            tally.add(&fold);
            committed_ms = commits.last_ms().max(committed_ms);
            for (age, events) in commits.ages_after(before_ms) {
                *ages.entry(age).or_default() += events;
            }
            self.attempt(part, of.windows.set_minute(minute, &fold)).await?;
            self.attempt(part, of.windows.set_answered(minute, bucket, &answered)).await?;
            if !alerts.is_empty() {
                let made = self.attempt(part, of.notices.make(alerts.by_user(), self.now)).await?;
                self.alerts.extend(made.unwrap_or_default());
            }
            subjects.extend(fold.usages.into_keys());
        }
        tally.add_gateway(&answers.gateway);
        let Some(before) = published else { return Ok((subjects, None)) };
        let figures = of.set_total_of_minute(minute, tally, committed_ms, &ages, failures, before);
        let figures = self.attempt(total, figures).await?.flatten();
        Ok((subjects, figures.map(|figures| News { minute, figures, ages })))
    }

    /// Sets hours from their minutes, then their days from their hours, each as far as `through`.
    pub(super) async fn set_hours(&mut self, due: DueHours, through: Minute) -> Result<(), TableError> {
        let of = self.of;
        let windows = &of.windows;
        let mut days = DueDays::new();
        for (hour, whose) in due {
            let (span, last) = (Span::Hour(hour), hour.last_minute().min(through));
            let mut tally = Tally::default();
            for bucket in Bucket::all() {
                let part = Part::of(span, bucket);
                let Some(mut fold) = self.attempt(part, windows.hour_of_minutes(last, bucket)).await? else { continue };
                tally.add(&fold);
                self.attempt(part, windows.set_hour(hour, &fold, |subject| whose.holds(subject))).await?;
                whose.retain(&mut fold);
                days.entry(hour.day()).or_insert_with(Whose::nobody).extend(fold.usages.into_keys());
            }
            let parts = (Span::Minute(hour.first_minute()), Span::Minute(last));
            let users = tally.users().sketch();
            let set = async {
                let total = of.set_total(span, tally, parts).await?;
                if total.users > 0 { windows.set_users(hour, &total, &users).await } else { Ok(()) }
            };
            self.attempt(Part::total(span), set).await?;
        }
        self.set_days(days, through).await
    }

    async fn set_days(&mut self, due: DueDays, through: Minute) -> Result<(), TableError> {
        let of = self.of;
        let windows = &of.windows;
        for (day, whose) in due {
            let (span, through) = (Span::Day(day), through.min(day.last_hour().last_minute()));
            let (mut tally, mut companies, mut active) =
                (Tally::default(), Companies::default(), ActiveUsers::default());
            for bucket in Bucket::all() {
                let part = Part::of(span, bucket);
                let fold = self.attempt(part, windows.day_of_hours(through.hour(), bucket)).await?;
                let Some(mut fold) = fold else { continue };
                tally.add(&fold);
                companies.add(&fold);
                active.add(&fold);
                whose.retain(&mut fold);
                self.attempt(part, windows.set_day(day, through, &fold)).await?;
            }
            let parts = (Span::Hour(day.first_hour()), Span::Hour(through.hour()));
            let set = async {
                let total = of.set_total(span, tally, parts).await?;
                windows.set_companies(day, &total, &companies).await?;
                let is_over = through == day.last_hour().last_minute() && total.calls > 0;
                if is_over { windows.set_active_users(day, &total, &active).await } else { Ok(()) }
            };
            self.attempt(Part::total(span), set).await?;
        }
        Ok(())
    }
}

impl Folded {
    async fn read(mut blocks: OpenBlocks, answers: &Answers, plans: &Plans) -> Result<Self, TableError> {
        let (mut distinct, mut commits) = (DistinctEvents::default(), Commits::default());
        while let Some(block) = blocks.next().await? {
            block.events.iter().for_each(|event| commits.note(event, block.committed_at));
            distinct.extend(block.events);
        }
        let mut alerts = Alerts::default();
        distinct.events().for_each(|event| alerts.note(event, plans));
        let answered = Answered::of(distinct.events(), answers);
        let fold = UsageBySubject { plans: ByPlan::of(distinct.events(), plans), ..distinct.fold_with(answers) };
        Ok(Self { fold, commits, alerts, answered })
    }
}
