//! The figures of a range: windows where they are set, blocks behind them.
//!
//! Invariant: sums come from exactly one source for each minute; users may be named by several, since a name counts
//! once.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use metering::fold::UsageBySubject;
use metering::live::LiveMinute;
use metering::report::range::{Granularity, Plan, Range};
use metering::report::series::Series;
use metering::subject::{Bucket, Subject};
use metering::traffic::Traffic;
use metering::usage::Usage;
use metering::window::{Day, Hour, Minute};

use super::longer::Longer;
use crate::http::Failure;
use store::live::Live;
use store::table::{CONCURRENCY, Consistency, TableError, readable};
use store::windows::{Span, Windows};

/// Whose figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of all users.
    Everybody,
    /// Those of some subjects: the spellings of one user's name.
    Own(Vec<Subject>),
}

/// Reads the figures of a scope.
#[derive(Debug)]
pub(super) struct Figures<'a> {
    pub(super) live: &'a Live,
    pub(super) windows: &'a Windows,
    pub(super) scope: Scope,
}

/// What a subject did in a window, by the window's first minute.
type Part = (Minute, Subject, Usage);

/// Users of a window that is not whole yet, by its first minute.
type Users = (Minute, UsageBySubject);

impl Figures<'_> {
    /// A range as its plan says, and its live minutes.
    ///
    /// # Errors
    /// When a request fails or an item cannot be read.
    pub(super) async fn read(
        &self,
        range: Range,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<(Series, BTreeMap<Minute, LiveMinute>), Failure> {
        let mut series = Series::new(range);
        let set = async {
            match &self.scope {
                Scope::Everybody => self.add_everybodys(&mut series, range.granularity(), plan).await,
                Scope::Own(subjects) => self.add_own(&mut series, range.granularity(), subjects, plan).await,
            }
        };
        let ((), live) = tokio::try_join!(set, self.live(&plan.live, now)).map_err(Failure::internal)?;
        live.iter().for_each(|(minute, live)| series.add_live(*minute, live));
        Ok((series, live))
    }

    /// A total knows how many users its window has, but not who they are: a point made from several asks for names.
    async fn add_everybodys(
        &self,
        series: &mut Series,
        granularity: Granularity,
        plan: &Plan,
    ) -> Result<(), TableError> {
        let mut longer = Longer::of(plan, granularity);
        let spans = ranges(&Plan { days: longer.days.clone(), hours: longer.hours.clone(), ..Plan::default() });
        let courses = all(spans.into_iter().map(|(first, last)| self.windows.courses(first, last))).await?;
        courses.iter().flatten().for_each(|(span, course)| longer.add(*span, course.as_ref()));
        longer.points.iter().for_each(|(first, total)| series.add_whole(*first, total));
        let plan = &longer.left();
        let totals = all(ranges(plan).into_iter().map(|(first, last)| self.windows.readable_totals(first, last)));
        let open_days = match granularity {
            Granularity::Day => by(&plan.hours, |hour| hour.day()),
            Granularity::Hour | Granularity::Minute => Vec::new(),
        };
        let open_hours = match granularity {
            Granularity::Day | Granularity::Hour => by(&plan.minutes, |minute| minute.hour()),
            Granularity::Minute => Vec::new(),
        };
        let of_days = all(buckets(open_days).map(async |((first, last), bucket): ((Hour, Hour), Bucket)| {
            let users = readable(self.windows.day_of_hours(last, bucket).await)?;
            Ok((first.first_minute(), users.unwrap_or_default()))
        }));
        let of_hours = all(buckets(open_hours).map(async |((first, last), bucket): ((Minute, Minute), Bucket)| {
            Ok((first, readable(self.windows.hour_of_minutes(last, bucket).await)?.unwrap_or_default()))
        }));
        let read = async { tokio::try_join!(totals, of_days, of_hours) };
        let (totals, of_days, of_hours): (Vec<_>, Vec<Users>, Vec<Users>) = read.await?;
        for (span, total) in totals.into_iter().flatten() {
            let first = span.first_minute();
            if length(span) == granularity { series.add_whole(first, &total) } else { series.add_part(first, &total) }
        }
        of_days.iter().chain(&of_hours).for_each(|(first, users)| series.add_users(*first, users));
        Ok(())
    }

    async fn add_own(
        &self,
        series: &mut Series,
        granularity: Granularity,
        subjects: &[Subject],
        plan: &Plan,
    ) -> Result<(), TableError> {
        let longer = all(subjects.iter().map(async |subject| {
            let mut longer = Longer::of(plan, granularity);
            self.add_courses(&mut longer, subject).await?;
            Ok((subject, longer))
        }));
        for (subject, longer) in longer.await? {
            longer.points.iter().for_each(|(first, total)| series.add_whole(*first, total));
            let plan = longer.left();
            let days = all(by(&plan.days, |day| day.month()).into_iter().map(|ends| self.days(subject, ends)));
            let hours = all(by(&plan.hours, |hour| hour.day()).into_iter().map(|ends| self.hours(subject, ends)));
            let minutes =
                all(by(&plan.minutes, |minute| minute.hour()).into_iter().map(|ends| self.minutes(subject, ends)));
            let (days, hours, minutes) = tokio::try_join!(days, hours, minutes)?;
            for (first, subject, usage) in [days, hours, minutes].into_iter().flatten().flatten() {
                let mut fold = UsageBySubject::default();
                fold.add(subject, &usage);
                series.add(first, &fold);
            }
        }
        Ok(())
    }

    /// Adds what a subject's hours say of their minutes, and days of their hours.
    async fn add_courses(&self, longer: &mut Longer<'_>, subject: &Subject) -> Result<(), TableError> {
        let days = by(&longer.hours, |hour| hour.day());
        let days = all(days.iter().map(|(first, _)| self.windows.hours(subject, first.day()))).await?;
        for hour in days.iter().flatten() {
            longer.add(Span::Hour(hour.hour), hour.course.as_ref());
        }
        let months = by(&longer.days, |day| day.month());
        let months =
            all(months.iter().map(|(first, _)| self.windows.usage_items(subject, Some(first.month())))).await?;
        for item in months.iter().flatten() {
            if let Some(Some(day)) = readable(self.windows.user_day(item))? {
                longer.add(Span::Day(day.day), day.course.as_ref());
            }
        }
        Ok(())
    }

    /// A subject's days of one month.
    async fn days(&self, subject: &Subject, (first, last): (Day, Day)) -> Result<Vec<Part>, TableError> {
        let mut parts = Vec::new();
        for item in self.windows.usage_items(subject, Some(first.month())).await? {
            let day = readable(self.windows.user_day(&item))?.flatten();
            parts.extend(
                day.filter(|day| (first..=last).contains(&day.day))
                    .map(|day| (day.day.first_hour().first_minute(), subject.clone(), day.usage)),
            );
        }
        Ok(parts)
    }

    /// A subject's hours of one day.
    async fn hours(&self, subject: &Subject, (first, last): (Hour, Hour)) -> Result<Vec<Part>, TableError> {
        let hours = self.windows.hours(subject, first.day()).await?.into_iter();
        let wanted = hours.filter(|hour| (first..=last).contains(&hour.hour));
        Ok(wanted.map(|hour| (hour.hour.first_minute(), subject.clone(), hour.usage)).collect())
    }

    /// A subject's minutes of one hour.
    async fn minutes(&self, subject: &Subject, (first, last): (Minute, Minute)) -> Result<Vec<Part>, TableError> {
        let minutes = self.windows.minutes(subject, first.hour(), Consistency::Strong).await?.into_iter();
        let wanted = minutes.filter(|(minute, _)| (first..=last).contains(minute));
        Ok(wanted.map(|(minute, usage)| (minute, subject.clone(), usage)).collect())
    }

    /// What some minutes come to in the scope.
    async fn live(&self, minutes: &[Minute], now: Timestamp) -> Result<BTreeMap<Minute, LiveMinute>, TableError> {
        let subjects = match &self.scope {
            Scope::Everybody => return self.live.everybody(minutes, now).await,
            Scope::Own(subjects) => subjects,
        };
        let mut traffics = BTreeMap::<Minute, Vec<_>>::new();
        for subject in subjects {
            for (minute, traffic) in self.live.own(subject, minutes.iter().copied(), now).await? {
                traffics.entry(minute).or_default().push(traffic);
            }
        }
        let minute =
            |traffics: Vec<Arc<Traffic>>| LiveMinute::of(&traffics.iter().map(Arc::as_ref).collect::<Vec<_>>());
        Ok(traffics.into_iter().map(|(first, traffics)| (first, minute(traffics))).collect())
    }
}

/// The results of some reads, in order, with a bounded number under way at once.
pub(super) async fn all<T, F>(reads: impl IntoIterator<Item = F>) -> Result<Vec<T>, TableError>
where
    F: Future<Output = Result<T, TableError>>,
{
    futures::stream::iter(reads).buffered(CONCURRENCY).try_collect().await
}

/// The first and last of each run of windows within a larger one.
fn by<T: Copy, L: PartialEq>(windows: &[T], larger: impl Fn(T) -> L) -> Vec<(T, T)> {
    let runs = windows.chunk_by(|one, next| larger(*one) == larger(*next));
    runs.filter_map(|run| Some((*run.first()?, *run.last()?))).collect()
}

/// The ranges of totals that hold a plan's windows; each lies in one partition.
fn ranges(plan: &Plan) -> Vec<(Span, Span)> {
    let days = by(&plan.days, |_| ()).into_iter().map(|(first, last)| (Span::Day(first), Span::Day(last)));
    let hours = by(&plan.hours, |hour| hour.day().month()).into_iter();
    let minutes = by(&plan.minutes, |minute| minute.day()).into_iter();
    days.chain(hours.map(|(first, last)| (Span::Hour(first), Span::Hour(last))))
        .chain(minutes.map(|(first, last)| (Span::Minute(first), Span::Minute(last))))
        .collect()
}

fn buckets<T: Copy>(windows: Vec<T>) -> impl Iterator<Item = (T, Bucket)> {
    windows.into_iter().flat_map(|window| Bucket::all().map(move |bucket| (window, bucket)))
}

/// How long the windows are of which a span is one.
const fn length(span: Span) -> Granularity {
    match span {
        Span::Minute(_) => Granularity::Minute,
        Span::Hour(_) => Granularity::Hour,
        Span::Day(_) => Granularity::Day,
    }
}
