//! `security`: refused calls by why and where they came from, from the totals of the hours that are asked for.
//!
//! Invariant: nothing but totals is read; it is an administrator's, because it tells of others.

use jiff::Timestamp;
use metering::report::range::Range;
use metering::report::security::Security;

use super::AnalyticsApi;
use crate::http::{Answer, Failure};

impl AnalyticsApi {
    pub(super) async fn security(&self, range: Range, now: Timestamp) -> Result<Answer, Failure> {
        let (figures, set) = self.figures(None, now).await?;
        let totals = figures.totals(&range.whole().plan(set, 0), now).await?;
        Answer::json(&Security::new(now, &range, set, totals.iter().map(|(_, total)| total)))
    }
}
