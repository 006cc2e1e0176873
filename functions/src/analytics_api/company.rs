//! `company-stats`: what a company's members did in some days.
//!
//! Invariant: an answer costs one read a day, whatever the company; it is an administrator's, because it tells of others.

use jiff::Timestamp;
use metering::report::company::CompanyStats;
use metering::report::range::Range;

use super::AnalyticsApi;
use crate::http::{Answer, Failure};
use store::reads::all;
use store::table::Consistency;

impl AnalyticsApi {
    pub(super) async fn company_stats(&self, company: String, range: Range, now: Timestamp) -> Result<Answer, Failure> {
        let (_, set) = self.figures(None, now).await?;
        let company_day = async |day| self.windows.company(day, &company, Consistency::Strong).await;
        let days = range.days().map(async |day| Ok((day, company_day(day).await?)));
        let days = all(days).await?;
        Answer::json(&CompanyStats::new(now, set, &range, company, days))
    }
}
