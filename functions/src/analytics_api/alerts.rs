//! The alerts of a user: of which thresholds of the month's quota they were told.
//!
//! Invariant: an answer costs one query, whatever a user has called.

use jiff::Timestamp;
use metering::email::Email;
use metering::report::alerts::QuotaAlerts;
use metering::window::Month;

use super::AnalyticsApi;
use crate::http::viewer::Viewer;
use crate::http::{Answer, Failure};

impl AnalyticsApi {
    /// The answer of `alerts`; all thresholds are to come of a user who has not called.
    pub(super) async fn alerts(&self, viewer: &Viewer, email: &Email, now: Timestamp) -> Result<Answer, Failure> {
        let notices = self.notices.of_month(email, Month::of(now));
        let (notices, known) = tokio::try_join!(notices, self.keys.known_user(email))?;
        if viewer.email() != email && known.is_none() && notices.is_empty() && !self.keys.has_key(email).await? {
            return Err(Failure::NoSuchUser);
        }
        let user = known.unwrap_or_default();
        let (limit, thresholds) = (user.monthly_quota.calls(), self.plans.thresholds(user.plan.as_ref()));
        let alerts = notices.into_iter().map(|notice| (notice.alert, notice.sent_at));
        Answer::json(&QuotaAlerts::new(now, email.clone(), limit, thresholds, alerts))
    }
}
