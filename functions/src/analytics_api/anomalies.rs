//! `anomalies`: when the calls of everybody or of a user were not as expected, as the aggregator has found.
//!
//! Invariant: a viewer who is not an administrator is told of their own alone.

use contract::Route;
use jiff::Timestamp;
use metering::email::Email;
use metering::report::anomalies::FoundAnomalies;
use metering::report::range::{Duration, Range};
use metering::window::Minute;

use super::whose::whose_in;
use super::{AnalyticsApi, set_through};
use crate::http::parameters::Parameters;
use crate::http::viewer::Viewer;
use crate::http::{Answer, Failure};

/// What is asked for.
pub(super) struct Question {
    /// Whose; everybody's and each user's where it is nobody's.
    whose: Option<Email>,
    pub(super) range: Range,
}

impl Question {
    /// Reads and checks what is asked for.
    pub(super) fn parse(viewer: &Viewer, parameters: &Parameters, now: Timestamp) -> Result<Self, Failure> {
        let range = Range::of_hours(Duration::by_default(Route::Anomalies), parameters.iter(), now);
        let (whose, range) = whose_in(viewer, parameters, range)?;
        Ok(Self { whose, range })
    }
}

impl AnalyticsApi {
    pub(super) async fn anomalies(
        &self,
        viewer: &Viewer,
        Question { whose, range }: Question,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let set = set_through(self.watermark.read().await?, now);
        let (first, last) = (Minute::of(range.from()), Minute::of(range.to()).plus(-1));
        let found = self.anomalies.between(whose.as_ref(), first, last).await?;
        if let Some(email) = whose.filter(|email| viewer.email() != email && found.anomalies.is_empty())
            && self.keys.known_user(&email).await?.is_none()
            && !self.keys.has_key(&email).await?
        {
            return Err(Failure::NoSuchUser);
        }
        Answer::json(&FoundAnomalies::new(now, set, &range, found.since, found.anomalies))
    }
}
