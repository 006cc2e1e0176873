//! `breakdown`: calls by what they have in common, from the windows of the hours that are asked for.
//!
//! Invariant: each minute comes from one window or from blocks, as everywhere; who is not an administrator is told of
//! nobody else.

use contract::Route;
use jiff::Timestamp;
use metering::email::Email;
use metering::leader::Outcome;
use metering::report::breakdown::{self, Breakdown, By, Dimension, Frame, usage_of};
use metering::report::range::{Duration, Plan, Range};
use metering::report::tops::Tops;
use metering::report::{BadParameter, user};
use metering::subject::Subject;
use metering::total::Total;
use metering::traffic::Traffic;
use metering::usage::{KeyCalls, Usage};
use metering::window::Minute;

use super::AnalyticsApi;
use super::figures::{Figures, Scope, ranges};
use crate::http::parameters::Parameters;
use crate::http::viewer::Viewer;
use crate::http::{Answer, Failure};
use store::reads::all;
use store::table::TableError;

/// Longest range whose hours are read one by one, in hours: a week.
const MAX_HOURS: usize = 7 * 24;

/// What is asked for.
pub(super) struct Question {
    pub(super) by: By,
    pub(super) range: Range,
    /// Most rows.
    pub(super) limit: usize,
    /// Whose calls; everybody's where it is nobody's.
    pub(super) whose: Option<Email>,
}

/// What a window came to, by its first minute.
type Part = (Minute, Usage);

impl Question {
    /// Reads and checks what is asked for; of several parameters that are bad the first by name is told.
    pub(super) fn parse(viewer: &Viewer, parameters: &Parameters, now: Timestamp) -> Result<Self, Failure> {
        let all = || parameters.iter();
        let by = By::find(all())?;
        let (whose, limit) = (user::email(all()), breakdown::limit(all()));
        let range = Range::of_hours(Duration::by_default(Route::Breakdown), all(), now);
        let bad = [range.as_ref().err(), whose.as_ref().err(), limit.as_ref().err()].into_iter().flatten();
        if let Some(first) = bad.min_by_key(|bad| bad.field) {
            return Err(first.clone().into());
        }
        let (range, whose, limit) = (range?, whose?, limit?);
        Self { by, range, limit, whose }.check(viewer)
    }

    /// The question, if it is one that the viewer may ask and that can be answered.
    fn check(self, viewer: &Viewer) -> Result<Self, Failure> {
        let Self { by, range, limit, whose } = self;
        let of_people = by.people().is_some();
        if whose.as_ref().is_some_and(|email| !viewer.may_see(email)) || (of_people && !viewer.is_admin()) {
            return Err(Failure::Forbidden);
        }
        let must = |field, be: &str| Err(BadParameter::must(field, be).into());
        if is_by_hour_and_name(by) && range.windows().count() > MAX_HOURS {
            return must(
                "by",
                "not name the hour and something else but `status` where the range is longer than 7 days",
            );
        }
        let whose = match whose {
            Some(_) if of_people => return must("email", "be left out where `by` tells people apart"),
            None if by.has(Dimension::Key) && viewer.is_admin() => return must("email", "name a user for this `by`"),
            None => viewer.whose().cloned(),
            email => email,
        };
        Ok(Self { by, range, limit, whose })
    }
}

impl AnalyticsApi {
    pub(super) async fn breakdown(
        &self,
        question: Question,
        viewer: &Viewer,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let Question { by, range, limit, whose } = question;
        self.check_known(whose.as_ref(), viewer, now).await?;
        let (figures, set) = self.figures(whose.as_ref(), now).await?;
        let frame = Frame { as_of: now, set, range: &range, by, limit };
        let answer = if let Some(people) = by.people() {
            let (whole, tops) = figures.tops(people, &range.whole().plan(set, 0), now).await?;
            Breakdown::of_tops(frame, &whole, tops)
        } else if is_by_hour_and_name(by) {
            Breakdown::of_usages(frame, figures.usages(&range.plan(set, 0), now).await?)
        } else if by.has(Dimension::Hour) {
            let (series, _) = figures.read(&range, &range.plan(set, 0), now).await?;
            Breakdown::of_usages(frame, series.totals().map(|(first, total)| (first, usage_of(total))))
        } else {
            Breakdown::of_usages(frame, figures.usages(&range.whole().plan(set, 0), now).await?)
        };
        Answer::json(&answer)
    }
}

/// Whether each hour has to be read for its names: how hours came about does not say these.
fn is_by_hour_and_name(by: By) -> bool {
    let has_name = by.dimensions().any(|dimension| !matches!(dimension, Dimension::Hour | Dimension::Status));
    by.has(Dimension::Hour) && has_name
}

impl Figures<'_> {
    /// What happened in the scope in each window of a plan.
    pub(super) async fn usages(&self, plan: &Plan, now: Timestamp) -> Result<Vec<Part>, TableError> {
        match &self.scope {
            Scope::Everybody => self.everybodys_usages(plan, now).await,
            Scope::Own(subjects) => Ok(all(subjects.iter().map(|subject| self.own_usages(subject, plan, now)))
                .await?
                .into_iter()
                .flatten()
                .collect()),
        }
    }

    /// Totals tell paths and statuses apart. Live minutes do so only when they are set.
    async fn everybodys_usages(&self, plan: &Plan, now: Timestamp) -> Result<Vec<Part>, TableError> {
        let totals = self.totals(plan, now).await?.into_iter();
        Ok(totals.map(|(first, total)| (first, usage_of(&total))).collect())
    }

    /// Everybody's totals of the windows of a plan, each with its first minute.
    pub(super) async fn totals(&self, plan: &Plan, now: Timestamp) -> Result<Vec<(Minute, Total)>, TableError> {
        let totals = all(ranges(plan).into_iter().map(|(first, last)| self.windows.readable_totals(first, last)));
        let (totals, live) = tokio::try_join!(totals, self.live(&plan.live, now))?;
        let set = totals.into_iter().flatten().map(|(span, total)| (span.first_minute(), total));
        Ok(set.chain(live.into_iter().map(|(minute, live)| (minute, live.total))).collect())
    }

    async fn own_usages(&self, subject: &Subject, plan: &Plan, now: Timestamp) -> Result<Vec<Part>, TableError> {
        let parts = self.parts(subject, plan).await?.into_iter();
        let mut usages: Vec<Part> = parts.map(|(first, _, usage)| (first, usage)).collect();
        for (minute, mut traffic) in self.live.own(subject, plan.live.iter().copied(), now).await? {
            self.live.keep(subject, minute, &mut traffic, Traffic::unread_of_names).await?;
            usages.push((minute, used_in(minute, traffic.usage())));
        }
        Ok(usages)
    }

    /// The names in the top lists of a plan's windows, and what these came to. Of a live minute's it is known that they
    /// were called for in it, and no more.
    pub(super) async fn tops(
        &self,
        people: Dimension,
        plan: &Plan,
        now: Timestamp,
    ) -> Result<(Total, Tops), TableError> {
        let (mut whole, mut tops) = (Total::default(), Tops::default());
        for (first, mut total) in self.totals(plan, now).await? {
            let list = if people == Dimension::Company { &mut total.top_companies } else { &mut total.top_users };
            if first > plan.set {
                list.iter_mut().for_each(|leader| leader.outcome = Some(Outcome::in_minute(first.start())));
            }
            tops.add(total.calls, list);
            whole.add_sums(&total);
        }
        Ok((whole, tops))
    }
}

/// A live minute's usage, of whose keys it is known in which minute they were used, but not when.
fn used_in(minute: Minute, mut usage: Usage) -> Usage {
    let keys: Vec<String> = usage.keys.iter().map(|(id, _)| id.to_owned()).collect();
    let used = KeyCalls { last: Some(minute.start()), ..KeyCalls::default() };
    keys.iter().for_each(|id| usage.keys.add(id, &used));
    usage
}
