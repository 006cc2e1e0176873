//! Days of companies: in one partition a day, each under its company's name.
//!
//! Invariant: what is stored of a day is what all users' days came to when it was set last, also of a company that has
//! lost its last user to another by then.

use std::collections::{BTreeMap, BTreeSet};

use contract::limit::RETENTION_DAYS;
use contract::table::SK;
use metering::company::{Companies, CompanyDay};
use metering::total::Total;
use metering::window::Day;

use super::{Row, Windows};
use crate::blocks::after_days;
use crate::table::{Consistency, Item, Sort, TableError, compact_json, readable, string};

/// Attribute that holds what a company's users did.
const COMPANY: &str = "company";

impl Windows {
    /// Sets the companies of a day, whose total tells how much of it is known. Only what has changed is written.
    ///
    /// # Errors
    /// When a request fails.
    pub async fn set_companies(&self, day: Day, total: &Total, companies: &Companies) -> Result<(), TableError> {
        let mut stored = self.companies(day).await?;
        let mut changed: Vec<(&str, CompanyDay)> = Vec::new();
        for (name, day) in companies.days() {
            if stored.remove(name).as_ref() != Some(day) {
                changed.push((name, day.clone()));
            }
        }
        let lost: Vec<String> =
            stored.into_iter().filter(|(_, day)| !day.sums.is_empty()).map(|(name, _)| name).collect();
        changed.extend(lost.iter().map(|name| (name.as_str(), CompanyDay::default())));
        let row = |(name, company): (&str, CompanyDay)| Row {
            pk: partition(day),
            sk: name.to_owned(),
            events: total.events,
            known: total.known(),
            attributes: vec![(COMPANY, compact_json(&company))],
            expires_at: Some(after_days(day.first_hour().start(), RETENTION_DAYS)),
        };
        self.set_all(&self.analytics, changed.into_iter().map(row).collect()).await
    }

    /// The companies of a day, by name.
    async fn companies(&self, day: Day) -> Result<BTreeMap<String, CompanyDay>, TableError> {
        let items = self.analytics.query(&partition(day), Sort::All, Consistency::Strong).await?;
        let company = |item: &Item| Ok((string(item, SK), self.analytics.json(item, COMPANY)?));
        items.iter().filter_map(|item| readable(company(item)).transpose()).collect()
    }

    /// The names of the companies whose users have called on a day.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn company_names(&self, day: Day) -> Result<BTreeSet<String>, TableError> {
        let pk = partition(day);
        let (mut pages, mut names) = (self.analytics.pages(&pk, Sort::All, Consistency::Strong), BTreeSet::new());
        while let Some(page) = pages.next().await? {
            for item in &page {
                let day: Option<CompanyDay> = readable(self.analytics.json(item, COMPANY))?;
                if day.is_some_and(|day| !day.sums.is_empty()) {
                    names.insert(string(item, SK));
                }
            }
        }
        Ok(names)
    }

    /// A company's day; an empty one where none of its users has called.
    ///
    /// # Errors
    /// When the request fails.
    pub async fn company(&self, day: Day, name: &str, consistency: Consistency) -> Result<CompanyDay, TableError> {
        let item = self.analytics.get(&partition(day), name, consistency).await?;
        let company = item.map(|item| readable(self.analytics.json(&item, COMPANY))).transpose()?;
        Ok(company.flatten().unwrap_or_default())
    }
}

fn partition(day: Day) -> String {
    format!("COMPANY#{day}")
}
