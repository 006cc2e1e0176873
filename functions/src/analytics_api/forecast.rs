//! `forecast`: what calls are to be expected of a user, a company or everybody, and when a quota runs out.
//!
//! Invariant: it is made from whole hours that are set, whoever calls while it is: no more is read than the days of
//! twelve weeks, within their bound.

use jiff::Timestamp;
use metering::email::Email;
use metering::outlook::{Horizon, Outlook};
use metering::report::company as companies;
use metering::report::forecast::{self, CallForecast};
use metering::report::{BadParameter, user};
use metering::window::Hour;

use super::{AnalyticsApi, set_through};
use crate::http::parameters::Parameters;
use crate::http::viewer::Viewer;
use crate::http::{Answer, Failure};
use store::table::TableError;

/// What is asked for.
pub(super) struct Question {
    whose: Whose,
    horizon: forecast::Horizon,
}

/// Whose calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Everybody,
    Company(String),
    User(Email),
}

impl Question {
    /// Reads and checks what is asked for.
    pub(super) fn parse(viewer: &Viewer, parameters: &Parameters) -> Result<Self, Failure> {
        let all = || parameters.iter();
        let (company, email) = (companies::find(all())?, user::email(all())?);
        let horizon = forecast::Horizon::find(all())?;
        let whose = match (company, email.or_else(|| viewer.whose().cloned())) {
            (Some(_), _) if !viewer.is_admin() => return Err(Failure::Forbidden),
            (Some(_), Some(_)) => {
                return Err(BadParameter::must("company", "be left out where `email` is given").into());
            }
            (Some(company), None) => Whose::Company(company),
            (None, Some(email)) if viewer.may_see(&email) => Whose::User(email),
            (None, Some(_)) => return Err(Failure::Forbidden),
            (None, None) => Whose::Everybody,
        };
        Ok(Self { whose, horizon })
    }
}

impl AnalyticsApi {
    pub(super) async fn forecast(
        &self,
        viewer: &Viewer,
        Question { whose, horizon }: Question,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let outlook = self.outlook(&whose, horizon.end(now), now).await?;
        let whose = match whose {
            Whose::Everybody => forecast::Whose::Everybody,
            Whose::Company(company) => forecast::Whose::Company(company),
            Whose::User(email) => {
                let known = self.keys.known_user(&email).await?;
                if *viewer.email() != email && known.is_none() && !self.keys.has_key(&email).await? {
                    return Err(Failure::NoSuchUser);
                }
                forecast::Whose::User(email, known.unwrap_or_default().monthly_quota.calls())
            }
        };
        Answer::json(&CallForecast::new(&outlook, horizon, whose))
    }

    /// What is expected of somebody's calls up to the hour before `end`, and at least for the month.
    pub(super) async fn outlook(&self, whose: &Whose, end: Hour, now: Timestamp) -> Result<Outlook, TableError> {
        let (watermark, uncounted) = tokio::try_join!(self.watermark.read(), self.uncounted.list())?;
        let horizon = Horizon::of(set_through(watermark, now), now, end);
        let (first, last) = horizon.days();
        let hourly = match whose {
            Whose::Everybody => self.windows.everybodys_hours(first, last).await?,
            Whose::Company(company) => self.windows.company_hours(company, first, last).await?,
            Whose::User(email) => self.windows.own_hours(&self.subjects(email).await?, first, last).await?,
        };
        Ok(Outlook::new(&hourly, &uncounted, horizon))
    }
}
