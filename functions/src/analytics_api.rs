//! `GET /v1/analytics/…`: figures over time, by what calls have in common, and of a user, with their calls; and the
//! description of the API.
//!
//! Invariant: a viewer who is not an admin is answered from their own subjects alone; what the stores hold of others is
//! not even read, except the blocks of a bucket that they share.

mod account;
mod alerts;
mod anomalies;
mod breakdown;
mod company;
mod dashboard;
mod export;
mod figures;
mod forecast;
mod listed;
mod lists;
mod longer;
mod open_windows;
mod openapi;
mod question;
mod recent;
mod report;
mod security;
mod stream_health;
mod summary;
mod users_of_days;
mod whose;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use contract::Route;
use contract::limit::MAX_EVENT_AGE_DAYS;
use contract::plan::Plans;
use jiff::{SignedDuration, Timestamp};
use metering::email::Email;
use metering::report::comparison::Comparison;
use metering::report::heatmap::Heatmap;
use metering::report::range::Range;
use metering::report::realtime::{Names, Realtime};
use metering::window::Minute;

use self::figures::{Figures, Scope};
use self::lists::Budget;
use self::question::Question;
use self::stream_health::Stream;
use crate::http::parameters::Parameters;
use crate::http::viewer::{Viewer, authenticated};
use crate::http::{self, Answer, ETag, Failure, Freshness};
use store::anomalies::Anomalies;
use store::blocks::Blocks;
use store::failures::Failures;
use store::history::{Histories, open_minutes};
use store::keys::Keys;
use store::live::Live;
use store::notices::Notices;
use store::signing_keys::SigningKeys;
use store::table::{Table, TableError};
use store::uncounted::UncountedSpans;
use store::watermark::Watermark;
use store::windows::Windows;

/// Answers requests from the analytics, usage and keys tables.
#[derive(Clone, Debug)]
pub struct AnalyticsApi {
    blocks: Blocks,
    live: Live,
    windows: Windows,
    watermark: Watermark,
    histories: Histories,
    keys: Keys,
    notices: Notices,
    signing_keys: SigningKeys,
    uncounted: UncountedSpans,
    anomalies: Anomalies,
    plans: Plans,
    failures: Failures,
    stream: Option<Stream>,
}

impl AnalyticsApi {
    /// Answers from those tables.
    pub fn new(analytics: Table, usage: Table, keys: Table) -> Self {
        let blocks = Blocks::new(analytics.clone());
        let (live, signing_keys) = (Live::new(blocks.clone()), SigningKeys::new(analytics.clone()));
        let (notices, windows) = (Notices::new(usage.clone()), Windows::new(analytics.clone(), usage));
        let (watermark, uncounted) = (Watermark::new(analytics.clone()), UncountedSpans::new(analytics.clone()));
        let (anomalies, failures) = (Anomalies::new(analytics.clone()), Failures::new(analytics));
        let histories = Histories::new(live.clone(), windows.clone(), watermark.clone());
        Self {
            blocks,
            live,
            windows,
            watermark,
            histories,
            keys: Keys::new(keys),
            notices,
            signing_keys,
            uncounted,
            anomalies,
            plans: Plans::default(),
            failures,
            stream: None,
        }
    }

    /// The same, where users may have plans with thresholds of their own.
    #[must_use]
    pub fn with_plans(self, plans: Plans) -> Self {
        Self { plans, ..self }
    }

    /// The answer to a request at a time.
    pub async fn answer(&self, request: &ApiGatewayProxyRequest, now: Timestamp) -> ApiGatewayProxyResponse {
        let route = http::route(request);
        if route == Some(Route::OpenApi) {
            return http::respond(request, Ok(openapi::answer(request)));
        }
        if route == Some(Route::Dashboard) {
            return http::respond(request, dashboard::answer(request));
        }
        // Boxed, because the future of so many requests at once is too deep for the compiler to lay out inside others.
        authenticated(request, |viewer| Box::pin(self.page(request, route, viewer, now))).await
    }

    async fn page(
        &self,
        request: &ApiGatewayProxyRequest,
        route: Option<Route>,
        viewer: Viewer,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let route = route.ok_or(Failure::NotFound)?;
        let parameters = Parameters::of(request)?;
        let question = Question::parse(route, &viewer, &parameters, now)?;
        let (etag, freshness) = self.version(route, &question, &viewer, &parameters, now).await?;
        if let Some(known) = http::known(request, &etag, freshness) {
            return Ok(known);
        }
        let answer = match question {
            Question::Realtime => self.realtime(&viewer, now).await,
            Question::TimeSeries(whose, range, earlier) => self.time_series(whose, &viewer, range, earlier, now).await,
            Question::UserStats(email) => self.user_stats(&viewer, &email, now).await,
            Question::Alerts(email) => self.alerts(&viewer, &email, now).await,
            Question::Heatmap(whose, range) => self.heatmap(whose, &viewer, range, now).await,
            Question::Breakdown(question) => self.breakdown(question, &viewer, now).await,
            Question::Summary(question) => self.summary(question, &viewer, now).await,
            Question::Company(company, range) => self.company_stats(company, range, now).await,
            Question::Security(range) => self.security(range, now).await,
            Question::Forecast(question) => self.forecast(&viewer, question, now).await,
            Question::Anomalies(question) => self.anomalies(&viewer, question, now).await,
            Question::Export(question) => self.export(&viewer, question, now).await,
        };
        Ok(match freshness {
            Freshness::Live => http::said(request, answer?, &etag),
            _ => answer?.kept(&etag, freshness),
        })
    }

    /// The tag of an answer and how long it may be kept. It is made of who asks, what for, up to where windows are set,
    /// and, where calls may still come, the second, within which a call need not be seen yet. In another second it takes
    /// a look to know whether the answer would say something else.
    async fn version(
        &self,
        route: Route,
        question: &Question,
        viewer: &Viewer,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<(ETag, Freshness), TableError> {
        let watermark = self.watermark.read().await?;
        let set = set_through(watermark, now);
        let freshness = question.freshness(set, now);
        let second = if freshness == Freshness::Live { now.as_second() } else { 0 };
        let [is_admin, set, second] = [viewer.is_admin().to_string(), set.to_string(), second.to_string()];
        let own = [route.path(), viewer.email().as_str(), &is_admin, &set, &second];
        let all = own.into_iter().chain(parameters.iter().flat_map(|(name, value)| [name, value]));
        Ok((ETag::of_parts(all), freshness))
    }

    /// The current and the last minute come from blocks: their percentiles need each call.
    async fn realtime(&self, viewer: &Viewer, now: Timestamp) -> Result<Answer, Failure> {
        let (figures, set) = self.figures(viewer.whose(), now).await?;
        let range = Range::realtime(now);
        let (series, mut live) = figures.read(&range, &range.plan(set, 1), now).await?;
        let current = Minute::of(now);
        let last = live.remove(&current.plus(-1)).unwrap_or_default();
        let current = live.remove(&current).unwrap_or_default();
        let names = if viewer.is_admin() { Names::Shown } else { Names::Hidden };
        Answer::json(&Realtime::new(now, current, last, &series, names))
    }

    async fn time_series(
        &self,
        whose: Option<Email>,
        viewer: &Viewer,
        range: Range,
        earlier: Option<Range>,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        self.check_known(whose.as_ref(), viewer, now).await?;
        let (figures, set) = self.figures(whose.as_ref(), now).await?;
        let (series, _) = figures.read(&range, &range.plan(set, 0), now).await?;
        let Some(earlier) = earlier else { return Answer::json(&series.into_answer(now, set)) };
        let (before, _) = figures.read(&earlier, &earlier.plan(set, 0), now).await?;
        let comparison = Comparison::new(&earlier, &series.sum(), &before.sum());
        Answer::json(&series.into_answer(now, set).compared(comparison))
    }

    async fn heatmap(
        &self,
        whose: Option<Email>,
        viewer: &Viewer,
        range: Range,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        self.check_known(whose.as_ref(), viewer, now).await?;
        let (figures, set) = self.figures(whose.as_ref(), now).await?;
        let (series, _) = figures.read(&range, &range.plan(set, 0), now).await?;
        Answer::json(&Heatmap::new(now, &series))
    }

    /// The figures of a user, or of everybody, and the minute up to which windows are set.
    async fn figures(&self, whose: Option<&Email>, now: Timestamp) -> Result<(Figures<'_>, Minute), TableError> {
        let scope = async {
            match whose {
                None => Ok(Scope::Everybody),
                Some(email) => Ok(Scope::Own(self.subjects(email).await?)),
            }
        };
        let (scope, watermark) = tokio::try_join!(scope, self.watermark.read())?;
        let figures = Figures { live: &self.live, windows: &self.windows, scope, budget: Budget::default() };
        Ok((figures, set_through(watermark, now)))
    }
}

/// The minute up to which windows are set.
fn set_through(watermark: Option<Minute>, now: Timestamp) -> Minute {
    // Without a watermark nothing is under way, and everything there is has been set.
    let first_open = watermark.and_then(|watermark| open_minutes(watermark, now).next());
    first_open.unwrap_or(Minute::of(now)).plus(-1)
}

/// How long an answer about a range may be kept.
fn freshness(range: &Range, set: Minute, now: Timestamp) -> Freshness {
    let late = SignedDuration::from_hours(24 * (i64::from(MAX_EVENT_AGE_DAYS) + 1));
    if range.last() > set || range.to() > now {
        Freshness::Live
    } else if now.duration_since(range.to()) < late {
        Freshness::Settled
    } else {
        Freshness::Final
    }
}

#[cfg(test)]
mod tests;
