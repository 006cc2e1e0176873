//! Alerts that a month's quota will run out, by the forecast of its user's calls.
//!
//! Invariant: once an hour at most [`AT_MOST`] users are looked at, and of more each in turn; what fails here holds up no
//! window, and the next run makes up for it.

use std::sync::PoisonError;

use jiff::Timestamp;
use metering::alert::{Alert, Kind};
use metering::email::Email;
use metering::outlook::{Horizon, Outlook, RunOut};
use metering::subject::Subject;
use metering::uncounted::Uncounted;
use metering::window::{Hour, Minute, Month};
use store::keys::Keys;
use store::notices::Claim;
use store::table::TableError;

use super::Aggregator;

/// Most users who are looked at in an hour: a forecast takes milliseconds, and reading twelve weeks of hours some tens
/// of read units.
const AT_MOST: usize = 100;
/// How long after its end an hour is counted for certain.
const HOUR_GRACE: i64 = 5;
const SECONDS_PER_HOUR: i64 = 3_600;

impl Aggregator {
    /// Makes the alerts that quotas will run out, if that was not looked for yet in this hour; they are the caller's to
    /// send.
    pub(super) async fn foresee_run_outs(&self, watermark: Minute, now: Timestamp) -> Vec<Claim> {
        let Some(keys) = &self.keys else { return Vec::new() };
        let hour = watermark.plus(1 - HOUR_GRACE).hour();
        if *self.foreseen_in.lock().unwrap_or_else(PoisonError::into_inner) == Some(hour) {
            return Vec::new();
        }
        let mut made = Vec::new();
        match self.foresee(keys, watermark, now, &mut made).await {
            Ok(()) => *self.foreseen_in.lock().unwrap_or_else(PoisonError::into_inner) = Some(hour),
            Err(cause) => tracing::error!(%cause, "nobody looked which quotas will run out; the next run does"),
        }
        made
    }

    async fn foresee(
        &self,
        keys: &Keys,
        watermark: Minute,
        now: Timestamp,
        made: &mut Vec<Claim>,
    ) -> Result<(), TableError> {
        let watched = self.notices.watched(Month::of(now)).await?;
        if watched.is_empty() {
            return Ok(());
        }
        let uncounted = self.uncounted.list().await?;
        for user_email in in_turn(&watched, Hour::of(now)) {
            let alert = self.run_out(keys, user_email, &uncounted, (watermark, now)).await?;
            if let Some(alert) = alert {
                made.extend(self.notices.make_run_out(alert, now).await?);
            }
        }
        Ok(())
    }

    /// The alert that a user's quota will run out, if the forecast says so: even with calls at the lower end of its
    /// 80 % band.
    async fn run_out(
        &self,
        keys: &Keys,
        user_email: &Email,
        uncounted: &[Uncounted],
        (set, now): (Minute, Timestamp),
    ) -> Result<Option<Alert>, TableError> {
        let user = keys.user(user_email).await?;
        let subjects: Vec<_> = [user_email.clone()].into_iter().chain(user.formerly).map(Subject::User).collect();
        let horizon = Horizon::of(set, now, Hour::of(now));
        let (first, last) = horizon.days();
        let outlook = Outlook::new(&self.windows.own_hours(&subjects, first, last).await?, uncounted, horizon);
        let limit = user.monthly_quota.calls();
        let RunOut { expected: Some(hour), latest: Some(_), .. } = outlook.run_out(limit) else { return Ok(None) };
        let quota = outlook.quota(limit);
        // Of a quota that is used up there is an alert already.
        let alert = Alert { user_email: user_email.clone(), kind: Kind::RunOut(hour), quota, at: now };
        Ok((!quota.is_exhausted()).then_some(alert))
    }
}

/// Whose turn it is in an hour.
fn in_turn(watched: &[Email], hour: Hour) -> impl Iterator<Item = &Email> {
    let hours = usize::try_from(hour.start().as_second() / SECONDS_PER_HOUR).unwrap_or_default();
    let begin = hours.wrapping_mul(AT_MOST) % watched.len().max(1);
    watched.iter().cycle().skip(begin).take(AT_MOST.min(watched.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_users_than_an_hour_has_room_for_each_has_a_turn_and_none_twice_in_an_hour() {
        for n in [1, AT_MOST, AT_MOST + 1, 7 * AT_MOST / 2] {
            let watched: Vec<Email> = (0..n).map(|user| format!("{user}@b.au").parse().unwrap()).collect();
            let begin: Hour = "2026-11-24T10".parse().unwrap();
            let mut seen = std::collections::BTreeSet::new();
            for hour in begin.through(begin.plus(i64::try_from(n.div_ceil(AT_MOST)).unwrap())) {
                let turn: std::collections::BTreeSet<_> = in_turn(&watched, hour).collect();
                assert_eq!(turn.len(), n.min(AT_MOST), "of {n}");
                seen.extend(turn);
            }
            assert_eq!(seen.len(), n);
        }
    }
}
