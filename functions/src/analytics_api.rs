//! `GET /v1/analytics/…`: realtime, time series, the statistics and the alerts of a user; and the description of the API.
//!
//! Invariant: a viewer who is not an admin is answered from their own subjects alone; what the stores hold of others is
//! not even read, except the blocks of a bucket that they share.

mod account;
mod alerts;
mod figures;
mod longer;
mod openapi;
mod recent;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use contract::Route;
use jiff::Timestamp;
use metering::email::Email;
use metering::report::range::Range;
use metering::report::realtime::{Names, Realtime};
use metering::report::{BadParameter, user};
use metering::window::Minute;

use self::figures::{Figures, Scope};
use crate::http::parameters::Parameters;
use crate::http::viewer::{Viewer, authenticated};
use crate::http::{self, Answer, ETag, Failure, Freshness};
use store::blocks::Blocks;
use store::history::{Histories, open_minutes};
use store::keys::Keys;
use store::live::Live;
use store::notices::Notices;
use store::table::{Table, TableError};
use store::watermark::Watermark;
use store::windows::Windows;

/// Answers requests from the analytics, usage and keys tables.
#[derive(Clone, Debug)]
pub struct AnalyticsApi {
    live: Live,
    windows: Windows,
    watermark: Watermark,
    histories: Histories,
    keys: Keys,
    notices: Notices,
}

impl AnalyticsApi {
    /// Answers from those tables.
    pub fn new(analytics: Table, usage: Table, keys: Table) -> Self {
        let live = Live::new(Blocks::new(analytics.clone()));
        let (notices, windows) = (Notices::new(usage.clone()), Windows::new(analytics.clone(), usage));
        let watermark = Watermark::new(analytics);
        let histories = Histories::new(live.clone(), windows.clone(), watermark.clone());
        Self { live, windows, watermark, histories, keys: Keys::new(keys), notices }
    }

    /// The answer to a request at a time.
    pub async fn answer(&self, request: &ApiGatewayProxyRequest, now: Timestamp) -> ApiGatewayProxyResponse {
        let route = http::route(request);
        if route == Some(Route::OpenApi) {
            return http::respond(request, Ok(openapi::answer(request)));
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
        let (etag, freshness) = (self.etag(route, &viewer, &parameters, now).await?, Freshness::Live);
        if let Some(known) = http::known(request, &etag, freshness) {
            return Ok(known);
        }
        let answer = match question {
            Question::Realtime => self.realtime(&viewer, now).await,
            Question::TimeSeries(range) => self.time_series(&viewer, range, now).await,
            Question::UserStats(email) => self.user_stats(&viewer, &email, now).await,
            Question::Alerts(email) => self.alerts(&viewer, &email, now).await,
        };
        Ok(answer?.kept(&etag, freshness))
    }

    /// The tag of an answer: who asks, what for, up to where windows are set, and the second, within which a call need
    /// not be seen yet.
    async fn etag(
        &self,
        route: Route,
        viewer: &Viewer,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<ETag, TableError> {
        let watermark = self.watermark.read().await?.map(|minute| minute.to_string()).unwrap_or_default();
        let (is_admin, second) = (viewer.is_admin().to_string(), now.as_second().to_string());
        let own = [route.path(), viewer.email().as_str(), &is_admin, &watermark, &second];
        Ok(ETag::of_parts(own.into_iter().chain(parameters.iter().flat_map(|(name, value)| [name, value]))))
    }

    /// The current and the last minute come from blocks: their percentiles need each call.
    async fn realtime(&self, viewer: &Viewer, now: Timestamp) -> Result<Answer, Failure> {
        let (scope, set_through) = self.scope(viewer, now).await.map_err(Failure::internal)?;
        let range = Range::realtime(now);
        let figures = Figures { live: &self.live, windows: &self.windows, scope };
        let (series, mut live) = figures.read(range, &range.plan(set_through, 1), now).await?;
        let current = Minute::of(now);
        let last = live.remove(&current.plus(-1)).unwrap_or_default();
        let current = live.remove(&current).unwrap_or_default();
        let names = if viewer.is_admin() { Names::Shown } else { Names::Hidden };
        Answer::json(&Realtime::new(now, current, last, &series, names))
    }

    async fn time_series(&self, viewer: &Viewer, range: Range, now: Timestamp) -> Result<Answer, Failure> {
        let (scope, set_through) = self.scope(viewer, now).await.map_err(Failure::internal)?;
        let figures = Figures { live: &self.live, windows: &self.windows, scope };
        let (series, _) = figures.read(range, &range.plan(set_through, 0), now).await?;
        Answer::json(&series.into_answer(now))
    }

    /// Whose figures a viewer is shown, and up to which minute windows are set.
    async fn scope(&self, viewer: &Viewer, now: Timestamp) -> Result<(Scope, Minute), TableError> {
        let scope = async {
            if viewer.is_admin() {
                return Ok(Scope::Everybody);
            }
            Ok(Scope::Own(self.subjects(viewer.email()).await?))
        };
        let (scope, watermark) = tokio::try_join!(scope, self.watermark.read())?;
        // Without a watermark nothing is under way, and everything there is has been set.
        let first_open = watermark.and_then(|watermark| open_minutes(watermark, now).next());
        Ok((scope, first_open.unwrap_or(Minute::of(now)).plus(-1)))
    }
}

/// What is asked for, once it is understood and allowed.
enum Question {
    Realtime,
    TimeSeries(Range),
    UserStats(Email),
    Alerts(Email),
}

impl Question {
    fn parse(route: Route, viewer: &Viewer, parameters: &Parameters, now: Timestamp) -> Result<Self, Failure> {
        match route {
            Route::Realtime => Ok(Self::Realtime),
            Route::TimeSeries => Range::parse(parameters.iter(), now).map(Self::TimeSeries).map_err(refused),
            Route::UserStats => whose(viewer, parameters).map(Self::UserStats),
            Route::Alerts => whose(viewer, parameters).map(Self::Alerts),
            Route::Deadlines | Route::OpenApi => Err(Failure::NotFound),
        }
    }
}

/// Who is asked about, if the viewer may.
fn whose(viewer: &Viewer, parameters: &Parameters) -> Result<Email, Failure> {
    let email = user::email(parameters.iter()).map_err(refused)?;
    let email = email.unwrap_or_else(|| viewer.email().clone());
    if viewer.may_see(&email) { Ok(email) } else { Err(Failure::Forbidden) }
}

fn refused(bad: BadParameter) -> Failure {
    Failure::BadRequest(bad.message)
}

#[cfg(test)]
mod tests;
