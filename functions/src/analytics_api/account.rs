//! The statistics of a user: days, open minutes and blocks, under each spelling of their name that was ever stored.
//!
//! Invariant: a failed call is the user's where its event or an item of theirs says so, so that an answer reads as much
//! with a hundred keys as with one.

use jiff::Timestamp;
use metering::email::Email;
use metering::fold::DistinctEvents;
use metering::report::user::{Account, Activity};
use metering::subject::Subject;
use metering::traffic::Traffic;

use super::AnalyticsApi;
use crate::http::viewer::Viewer;
use crate::http::{Answer, Failure};
use store::history::{Freshness, History};
use store::reads::all;
use store::table::TableError;
use store::users::User;

impl AnalyticsApi {
    /// Refuses to answer about another of whom nothing is known: neither settings nor a key nor a call.
    pub(super) async fn check_known(
        &self,
        whose: Option<&Email>,
        viewer: &Viewer,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let Some(email) = whose.filter(|email| *email != viewer.email()) else { return Ok(()) };
        let (known, has_key) = tokio::try_join!(self.keys.known_user(email), self.keys.has_key(email))?;
        if known.is_some() || has_key || !self.history(&Subject::User(email.clone()), now).await?.is_empty() {
            return Ok(());
        }
        Err(Failure::NoSuchUser)
    }

    /// The answer of `user-stats`; all zeros of a user who has not called.
    pub(super) async fn user_stats(&self, viewer: &Viewer, email: &Email, now: Timestamp) -> Result<Answer, Failure> {
        let own = Subject::User(email.clone());
        let (history, known) = tokio::try_join!(self.history(&own, now), self.keys.known_user(email))?;
        if viewer.email() != email && known.is_none() && history.is_empty() && !self.keys.has_key(email).await? {
            return Err(Failure::NoSuchUser);
        }
        let User { monthly_quota, formerly, .. } = known.unwrap_or_default();
        let formerly: Vec<_> = formerly.into_iter().map(Subject::User).collect();
        let earlier = all(formerly.iter().map(|subject| self.history(subject, now))).await?;
        let mut activity = Activity::default();
        let (mut auth_failures, mut recent) = (0, DistinctEvents::default());
        for (subject, mut history) in [own].into_iter().chain(formerly).zip([history].into_iter().chain(earlier)) {
            history.days.iter().for_each(|(day, usage)| activity.add(*day, usage));
            history.minutes.iter().for_each(|(minute, usage)| activity.add(minute.day(), usage));
            auth_failures += history.failures_by_key;
            self.complete(&subject, &mut history).await?;
            let events = self.recent(&subject, &mut history, now).await?;
            recent.extend(events.events().cloned());
            history.live.iter().for_each(|(minute, traffic)| activity.add(minute.day(), &traffic.usage()));
        }
        let account = Account { user_email: email, limit: monthly_quota.calls(), auth_failures, recent: &recent };
        Answer::json(&activity.answer(&account, now))
    }

    async fn history(&self, subject: &Subject, now: Timestamp) -> Result<History, TableError> {
        self.histories.read(subject, None, now, Freshness::Blocks).await
    }

    /// Reads what digests do not say of the live minutes: the names of keys and calls, and when somebody who has no
    /// windows yet was first seen.
    async fn complete(&self, subject: &Subject, history: &mut History) -> Result<(), TableError> {
        let mut is_new = history.is_new();
        for (minute, traffic) in &mut history.live {
            self.live.keep(subject, *minute, traffic, Traffic::unread_of_names).await?;
            if is_new {
                self.live.keep(subject, *minute, traffic, Traffic::unread_of_first).await?;
                is_new = traffic.usage().first.is_none();
            }
        }
        Ok(())
    }

    /// The subjects under which a user's usage is stored.
    pub(super) async fn subjects(&self, email: &Email) -> Result<Vec<Subject>, TableError> {
        let formerly = self.keys.user(email).await?.formerly;
        Ok([email.clone()].into_iter().chain(formerly).map(Subject::User).collect())
    }
}
