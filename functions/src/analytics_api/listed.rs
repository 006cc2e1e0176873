//! Reads who called by lists: from any quarter of an hour on, or up to any minute, without reading each hour.
//!
//! Invariant: users come from lists that name all of them, or are not told; and an answer reads no more of lists than
//! its budget, however many call and also where a read lags behind the last writes.

use metering::user_set::UserSet;
use metering::window::Minute;

use super::figures::Figures;
use super::lists::{List, Told, half_units};
use store::reads::all;
use store::table::{Consistency, TableError};
use store::windows::Span;

impl Figures<'_> {
    /// The callers that some lists name together; nothing where one is not there, or they are too many to be read.
    pub(super) async fn callers_of(&self, lists: &[List], told: &Told) -> Result<Option<UserSet>, TableError> {
        let Some(users) = lists.iter().map(|list| list.users(told)).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        // Nobody is read of windows in which nobody called.
        let lists = lists.iter().zip(users).filter(|(_, users)| *users > 0);
        let half_units = lists.clone().map(|(list, users)| half_units((users, list.items(users)))).sum();
        if !self.budget.take(half_units) {
            return Ok(None);
        }
        let read = all(lists.map(|(list, _)| self.callers_of_list(*list, told))).await?;
        let mut together = UserSet::default();
        Ok(read.into_iter().try_for_each(|callers| callers.map(|callers| together.merge(&callers))).map(|()| together))
    }

    async fn callers_of_list(&self, list: List, told: &Told) -> Result<Option<UserSet>, TableError> {
        match list {
            List::UpTo(whole, last) => self.callers_up_to(whole, last, told).await,
            List::At(whole, end, place) => self.windows.callers_at(whole, end, place).await,
        }
    }

    /// Who has called in a window up to a minute. Of what is set by now, a first read may miss the last writes, of which
    /// the totals already tell: mostly of the last minute, so that this alone is read again at first.
    async fn callers_up_to(&self, whole: Span, last: Minute, told: &Told) -> Result<Option<UserSet>, TableError> {
        let (first, mut callers) = (whole.first_minute(), UserSet::default());
        let found = self.windows.callers(whole, (first, last), Consistency::Eventual).await?;
        found.iter().for_each(|(_, these)| callers.merge(these));
        let expected = if last == told.set() { told.listed(whole).unwrap_or_default() } else { 0 };
        for first in [last, first] {
            let Some(missing) = expected.checked_sub(callers.count()).filter(|missing| *missing > 0) else { break };
            let seen = || found.iter().filter(|(minute, _)| *minute >= first).map(|(_, these)| these.count());
            if !self.budget.take(2 * half_units((seen().sum::<u64>() + missing, seen().count() as u64))) {
                return Ok(None);
            }
            let again = self.windows.callers(whole, (first, last), Consistency::Strong).await?;
            again.iter().for_each(|(_, these)| callers.merge(these));
        }
        Ok((callers.count() >= expected).then_some(callers))
    }
}
