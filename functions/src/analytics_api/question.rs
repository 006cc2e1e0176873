//! What a request asks for, by its route and parameters.
//!
//! Invariant: a question that is made is one that the viewer may ask; of several bad parameters the alphabetically first is
//! told.

use contract::Route;
use jiff::Timestamp;
use metering::email::Email;
use metering::report::company as companies;
use metering::report::comparison::Earlier;
use metering::report::range::{Duration, Range};
use metering::report::zone::Zone;
use metering::window::Minute;

use super::whose::{whose, whose_in};
use super::{anomalies, breakdown, export, forecast, freshness, summary};
use crate::http::parameters::Parameters;
use crate::http::viewer::Viewer;
use crate::http::{Failure, Freshness};

/// What is asked for, once it is understood and allowed.
pub(super) enum Question {
    Realtime,
    TimeSeries(Option<Email>, Range, Option<Range>),
    UserStats(Email),
    Alerts(Email),
    Heatmap(Option<Email>, Range),
    Breakdown(breakdown::Question),
    Summary(summary::Question),
    Company(String, Range),
    Security(Range),
    Forecast(forecast::Question),
    Anomalies(anomalies::Question),
    Export(export::Question),
}

impl Question {
    /// The question of a request, if the viewer may ask it.
    pub(super) fn parse(
        route: Route,
        viewer: &Viewer,
        parameters: &Parameters,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let all = || parameters.iter();
        let default = Duration::by_default(route);
        match route {
            Route::Realtime => Ok(Self::Realtime),
            Route::TimeSeries => {
                let earlier = Earlier::find(all())?;
                let (whose, range) = whose_in(viewer, parameters, Range::parse(all(), now))?;
                let earlier = earlier.map(|earlier| earlier.span(&range, now)).transpose()?;
                Ok(Self::TimeSeries(whose, range, earlier))
            }
            Route::UserStats => whose(viewer, parameters).map(Self::UserStats),
            Route::Alerts => whose(viewer, parameters).map(Self::Alerts),
            Route::Heatmap => {
                let (whose, range) = whose_in(viewer, parameters, Range::of_hours(default, all(), now))?;
                Ok(Self::Heatmap(whose, range))
            }
            Route::Breakdown => breakdown::Question::parse(viewer, parameters, now).map(Self::Breakdown),
            Route::Summary => {
                let (whose, zone) = whose_in(viewer, parameters, Zone::find(all()))?;
                Ok(Self::Summary(summary::Question { whose, zone }))
            }
            Route::CompanyStats | Route::Security if !viewer.is_admin() => Err(Failure::Forbidden),
            Route::CompanyStats => {
                let company = companies::company(all())?;
                Ok(Self::Company(company, Range::of_days(default, all(), now)?))
            }
            Route::Security => Ok(Self::Security(Range::of_hours(default, all(), now)?)),
            Route::Forecast => forecast::Question::parse(viewer, parameters).map(Self::Forecast),
            Route::Anomalies => anomalies::Question::parse(viewer, parameters, now).map(Self::Anomalies),
            Route::Export => export::Question::parse(viewer, parameters, now).map(Self::Export),
            Route::Deadlines | Route::OpenApi | Route::Dashboard => Err(Failure::NotFound),
        }
    }

    /// How long its answer may be kept.
    pub(super) fn freshness(&self, set: Minute, now: Timestamp) -> Freshness {
        match self {
            Self::Realtime | Self::UserStats(_) | Self::Alerts(_) | Self::Summary(_) | Self::Export(_) => {
                Freshness::Live
            }
            // What is forecast from is over, and may change as long as events can be late.
            Self::Forecast(_) => Freshness::Settled,
            Self::TimeSeries(_, range, _)
            | Self::Heatmap(_, range)
            | Self::Company(_, range)
            | Self::Security(range) => freshness(range, set, now),
            Self::Breakdown(question) => freshness(&question.range, set, now),
            Self::Anomalies(question) => freshness(&question.range, set, now),
        }
    }
}
