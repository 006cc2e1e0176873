//! `company-stats`: what a company's members did in some days.
//!
//! Invariant: an answer costs one read a day, whatever the company; it is an administrator's, because it tells of others.

use jiff::Timestamp;
use metering::company::CompanyDay;
use metering::report::company::CompanyStats;
use metering::report::range::Range;
use metering::window::Day;

use super::AnalyticsApi;
use crate::http::{Answer, Failure};
use store::reads::all;
use store::table::{Consistency, TableError};

impl AnalyticsApi {
    pub(super) async fn company_stats(&self, company: String, range: Range, now: Timestamp) -> Result<Answer, Failure> {
        let (_, set) = self.figures(None, now).await?;
        let days = self.days_of_company(&company, &range).await?;
        Answer::json(&CompanyStats::new(now, set, &range, company, days))
    }

    /// A company's days in a range.
    pub(super) async fn days_of_company(
        &self,
        company: &str,
        range: &Range,
    ) -> Result<Vec<(Day, CompanyDay)>, TableError> {
        let company_day = async |day| self.windows.company(day, company, Consistency::Strong).await;
        all(range.days().map(async |day| Ok((day, company_day(day).await?)))).await
    }
}
