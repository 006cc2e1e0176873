//! `GET /v1/analytics/…`: realtime, time series, and the statistics of a user.
//!
//! Invariant: a viewer who is no admin is answered from their own subjects alone; what the stores hold of others is
//! not even read, except the blocks of a bucket that they share.

mod account;
mod figures;
mod longer;
mod recent;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::http::Method;
use jiff::Timestamp;
use metering::report::range::Range;
use metering::report::realtime::{Names, Realtime};
use metering::report::{BadParameter, user};
use metering::window::Minute;

use self::figures::{Figures, Scope};
use crate::http::parameters::Parameters;
use crate::http::viewer::{Viewer, authenticated};
use crate::http::{self, Failure, Json};
use store::blocks::Blocks;
use store::history::{Histories, open_minutes};
use store::keys::Keys;
use store::table::{Table, TableError};
use store::watermark::Watermark;
use store::windows::Windows;

const REALTIME: &str = "/v1/analytics/realtime";
const TIMESERIES: &str = "/v1/analytics/timeseries";
const USER_STATS: &str = "/v1/analytics/user-stats";

/// Answers requests from the analytics, usage and keys tables.
#[derive(Clone, Debug)]
pub struct AnalyticsApi {
    blocks: Blocks,
    windows: Windows,
    watermark: Watermark,
    histories: Histories,
    keys: Keys,
}

impl AnalyticsApi {
    /// Answers from those tables.
    pub fn new(analytics: Table, usage: Table, keys: Table) -> Self {
        let blocks = Blocks::new(analytics.clone());
        let windows = Windows::new(analytics.clone(), usage);
        let watermark = Watermark::new(analytics);
        let histories = Histories::new(blocks.clone(), windows.clone(), watermark.clone());
        Self { blocks, windows, watermark, histories, keys: Keys::new(keys) }
    }

    /// The answer to a request at a time.
    pub async fn answer(&self, request: &ApiGatewayProxyRequest, now: Timestamp) -> ApiGatewayProxyResponse {
        // Boxed, because the future of so many requests at once is too deep for the compiler to lay out inside others.
        authenticated(request, |viewer| Box::pin(self.page(request, viewer, now))).await
    }

    async fn page(&self, request: &ApiGatewayProxyRequest, viewer: Viewer, now: Timestamp) -> Result<Json, Failure> {
        if request.http_method != Method::GET {
            return Err(Failure::NotFound);
        }
        let route = http::route(request).trim_end_matches('/');
        if ![REALTIME, TIMESERIES, USER_STATS].contains(&route) {
            return Err(Failure::NotFound);
        }
        let parameters = Parameters::of(request)?;
        let parameters = parameters.iter();
        match route {
            REALTIME => self.realtime(&viewer, now).await,
            TIMESERIES => self.time_series(&viewer, Range::parse(parameters, now).map_err(refused)?, now).await,
            _ => {
                let email = user::email(parameters).map_err(refused)?.unwrap_or_else(|| viewer.email().clone());
                if !viewer.may_see(&email) {
                    return Err(Failure::Forbidden);
                }
                self.user_stats(&viewer, &email, now).await
            }
        }
    }

    /// The current and the last minute come from blocks: their percentiles need each call.
    async fn realtime(&self, viewer: &Viewer, now: Timestamp) -> Result<Json, Failure> {
        let (scope, set_through) = self.scope(viewer, now).await.map_err(Failure::internal)?;
        let range = Range::realtime(now);
        let figures = Figures { blocks: &self.blocks, windows: &self.windows, scope };
        let (series, mut live) = figures.read(range, &range.plan(set_through, 1)).await?;
        let current = Minute::of(now);
        let last = live.remove(&current.plus(-1)).unwrap_or_default();
        let current = live.remove(&current).unwrap_or_default();
        let names = if viewer.is_admin() { Names::Shown } else { Names::Hidden };
        Json::of(&Realtime::new(now, &current, &last, &series, names))
    }

    async fn time_series(&self, viewer: &Viewer, range: Range, now: Timestamp) -> Result<Json, Failure> {
        let (scope, set_through) = self.scope(viewer, now).await.map_err(Failure::internal)?;
        let figures = Figures { blocks: &self.blocks, windows: &self.windows, scope };
        let (series, _) = figures.read(range, &range.plan(set_through, 0)).await?;
        Json::of(&series.into_answer(now))
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

fn refused(bad: BadParameter) -> Failure {
    Failure::BadRequest(bad.message)
}

#[cfg(test)]
mod tests;
