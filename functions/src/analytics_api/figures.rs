//! The figures of a range: windows where they are set, blocks behind them.
//!
//! Invariant: sums come from exactly one source for each minute; users may be named by several, since a name counts
//! once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use metering::callers::Callers;
use metering::fold::UsageBySubject;
use metering::live::LiveMinute;
use metering::report::range::{Granularity, Plan, Range};
use metering::report::series::Series;
use metering::subject::Subject;
use metering::total::Total;
use metering::traffic::Traffic;
use metering::usage::Usage;
use metering::window::{Day, Hour, Minute};

use super::lists::{Budget, Told};
use super::longer::Longer;
use crate::http::Failure;
use store::live::Live;
use store::reads::all;
use store::table::{Consistency, TableError, readable};
use store::windows::{Past, Span, Windows};

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
    /// What may still be read of lists of users.
    pub(super) budget: Budget,
}

/// What a subject did in a window, by the window's first minute.
pub(super) type Part = (Minute, Subject, Usage);

impl Figures<'_> {
    /// A range as its plan says, and its live minutes.
    ///
    /// # Errors
    /// When a request fails or an item cannot be read.
    pub(super) async fn read(
        &self,
        range: &Range,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<(Series, BTreeMap<Minute, LiveMinute>), Failure> {
        let mut series = match &self.scope {
            Scope::Everybody => Series::new(range.clone()),
            Scope::Own(_) => Series::of_one(range.clone()),
        };
        let set = async {
            match &self.scope {
                Scope::Everybody => self.add_everybodys(&mut series, plan).await,
                Scope::Own(subjects) => self.add_own(&mut series, subjects, plan).await,
            }
        };
        let ((), live) = tokio::try_join!(set, self.live(&plan.live, now)).map_err(Failure::internal)?;
        live.iter().for_each(|(minute, live)| series.add_live(*minute, live));
        Ok((series, live))
    }

    /// A total knows how many users its window has, but not who they are: a point made from several asks for names.
    async fn add_everybodys(&self, series: &mut Series, plan: &Plan) -> Result<(), TableError> {
        let mut longer = Longer::of(plan);
        let spans = ranges(&Plan { days: longer.days.clone(), hours: longer.hours.clone(), ..Plan::default() });
        let past = all(spans.into_iter().map(|(first, last)| self.windows.past(first, last))).await?;
        for Past { span, course, listed, .. } in past.iter().flatten() {
            longer.add(*span, course.as_ref(), *listed);
        }
        longer.points.iter().for_each(|(span, total)| add_total(series, *span, total));
        let left = &longer.left();
        let totals = ranges(left).into_iter().map(|(first, last)| self.windows.readable_totals(first, last));
        let totals: Vec<_> = all(totals).await?.into_iter().flatten().collect();
        totals.iter().for_each(|(span, total)| add_total(series, *span, total));
        let told = Told::new(totals.iter().chain(&longer.points), past.iter().flatten(), plan.set);
        self.name_users_of_days(series, &told).await?;
        self.count_users_of_days(series, &told).await?;
        self.add_users_of_open_windows(series, left, &totals, &told).await?;
        Ok(())
    }

    async fn add_own(&self, series: &mut Series, subjects: &[Subject], plan: &Plan) -> Result<(), TableError> {
        let longer = all(subjects.iter().map(async |subject| {
            let mut longer = Longer::of(plan);
            self.add_courses(&mut longer, subject).await?;
            Ok((subject, longer))
        }));
        for (subject, longer) in longer.await? {
            longer.points.iter().for_each(|(span, total)| series.add_part(span.first_minute(), total));
            let plan = longer.left();
            for (first, subject, usage) in self.parts(subject, &plan).await? {
                let mut fold = UsageBySubject::default();
                fold.add(subject, &usage);
                series.add(first, &fold);
            }
        }
        Ok(())
    }

    /// Adds what a subject's days say of their hours, and hours of their minutes: those in which something happened, as
    /// far as days tell.
    async fn add_courses(&self, longer: &mut Longer<'_>, subject: &Subject) -> Result<(), TableError> {
        let months = by(&longer.days, |day| day.month());
        let months =
            all(months.iter().map(|(first, _)| self.windows.usage_items(subject, Some(first.month())))).await?;
        let mut days = BTreeMap::new();
        for item in months.iter().flatten() {
            if let Some(Some(day)) = readable(self.windows.user_day(item))? {
                longer.add(Span::Day(day.day), day.course.as_ref(), None);
                days.insert(day.day, day);
            }
        }
        let is_silent = |hour: &Hour| days.get(&hour.day()).is_some_and(|day| day.is_silent(*hour));
        let hours: Vec<Hour> = longer.hours.iter().filter(|hour| !is_silent(hour)).copied().collect();
        for hour in self.windows.hours(subject, &by(&hours, |hour| hour.day())).await? {
            longer.add(Span::Hour(hour.hour), hour.course.as_ref(), None);
        }
        Ok(())
    }

    /// A subject's windows of a plan, but the live ones.
    pub(super) async fn parts(&self, subject: &Subject, plan: &Plan) -> Result<Vec<Part>, TableError> {
        let days = plan.days.chunk_by(|one, next| one.month() == next.month());
        let minutes = plan.minutes.chunk_by(|one, next| one.hour() == next.hour());
        let days = all(days.map(|days| self.days(subject, days)));
        let hours = self.hours(subject, &plan.hours);
        let minutes = all(minutes.map(|minutes| self.minutes(subject, minutes)));
        let (days, hours, minutes) = tokio::try_join!(days, hours, minutes)?;
        Ok(days.into_iter().flatten().chain(hours).chain(minutes.into_iter().flatten()).collect())
    }

    /// A subject's days, all of one month.
    async fn days(&self, subject: &Subject, wanted: &[Day]) -> Result<Vec<Part>, TableError> {
        let Some(first) = wanted.first() else { return Ok(Vec::new()) };
        let mut parts = Vec::new();
        for item in self.windows.usage_items(subject, Some(first.month())).await? {
            let day = readable(self.windows.user_day(&item))?.flatten();
            let day = day.filter(|day| wanted.binary_search(&day.day).is_ok());
            parts.extend(day.map(|day| (day.day.first_hour().first_minute(), subject.clone(), day.usage)));
        }
        Ok(parts)
    }

    /// A subject's hours.
    async fn hours(&self, subject: &Subject, wanted: &[Hour]) -> Result<Vec<Part>, TableError> {
        let hours = self.windows.hours(subject, &by(wanted, |hour| hour.day())).await?.into_iter();
        let wanted = hours.filter(|hour| wanted.binary_search(&hour.hour).is_ok());
        Ok(wanted.map(|hour| (hour.hour.first_minute(), subject.clone(), hour.usage)).collect())
    }

    /// A subject's minutes, all of one hour.
    async fn minutes(&self, subject: &Subject, wanted: &[Minute]) -> Result<Vec<Part>, TableError> {
        let Some(first) = wanted.first() else { return Ok(Vec::new()) };
        let minutes = self.windows.minutes(subject, first.hour(), Consistency::Strong).await?.into_iter();
        let wanted = minutes.filter(|(minute, _)| wanted.binary_search(minute).is_ok());
        Ok(wanted.map(|(minute, usage)| (minute, subject.clone(), usage)).collect())
    }

    /// What some minutes come to in the scope.
    pub(super) async fn live(
        &self,
        minutes: &[Minute],
        now: Timestamp,
    ) -> Result<BTreeMap<Minute, LiveMinute>, TableError> {
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
        let minute = |traffics: Vec<Arc<Traffic>>| {
            LiveMinute::of(&Callers::of(&traffics.iter().map(Arc::as_ref).collect::<Vec<_>>()))
        };
        Ok(traffics.into_iter().map(|(first, traffics)| (first, minute(traffics))).collect())
    }
}

/// The first and last of each run of windows within a larger one.
pub(super) fn by<T: Copy, L: PartialEq>(windows: &[T], larger: impl Fn(T) -> L) -> Vec<(T, T)> {
    runs(windows, |one, next| larger(one) == larger(next))
}

/// The first and last of each run of windows.
fn runs<T: Copy>(windows: &[T], is_one_run: impl Fn(T, T) -> bool) -> Vec<(T, T)> {
    let runs = windows.chunk_by(|one, next| is_one_run(*one, *next));
    runs.filter_map(|run| Some((*run.first()?, *run.last()?))).collect()
}

/// The windows in those days of UTC that are points of a range, whose users are told by name.
pub(super) fn within<T: Copy>(windows: &[T], day: impl Fn(T) -> Day, range: &Range) -> Vec<T> {
    let days: BTreeSet<Day> = range.days().collect();
    windows.iter().copied().filter(|window| days.contains(&day(*window))).collect()
}

fn add_total(series: &mut Series, span: Span, total: &Total) {
    let first = span.first_minute();
    if length(span) == series.range().granularity() {
        series.add_whole(first, total)
    } else {
        series.add_part(first, total)
    }
}

/// The ranges of totals that hold a plan's windows; each lies in one partition.
pub(super) fn ranges(plan: &Plan) -> Vec<(Span, Span)> {
    let days = runs(&plan.days, |one, next| one.plus(1) == next)
        .into_iter()
        .map(|(first, last)| (Span::Day(first), Span::Day(last)));
    let hours = runs(&plan.hours, |one, next| one.plus(1) == next && one.day().month() == next.day().month());
    let minutes = runs(&plan.minutes, |one, next| one.plus(1) == next && one.day() == next.day());
    days.chain(hours.into_iter().map(|(first, last)| (Span::Hour(first), Span::Hour(last))))
        .chain(minutes.into_iter().map(|(first, last)| (Span::Minute(first), Span::Minute(last))))
        .collect()
}

/// How long the windows are of which a span is one.
const fn length(span: Span) -> Granularity {
    match span {
        Span::Minute(_) => Granularity::Minute,
        Span::Hour(_) => Granularity::Hour,
        Span::Day(_) => Granularity::Day,
    }
}
