//! What the users of each plan did in a minute.
//!
//! Invariant: only plans that are asked for are told apart, so that they stay few; the parts of a minute that share no
//! user add up to the whole.

use std::collections::{BTreeMap, BTreeSet};

use contract::plan::{PlanName, Plans};
use serde::{Deserialize, Serialize};

use crate::event::{Event, EventType};

/// The figures of a plan's users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlanFigures {
    /// Distinct calls.
    pub calls: u64,
    /// Users with at least one call.
    pub users: u64,
    /// Calls over a quota.
    pub rate_limited: u64,
}

/// Figures by plan, as far as there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ByPlan(BTreeMap<PlanName, PlanFigures>);

impl ByPlan {
    /// The figures of distinct events that name one of these plans.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>, plans: &Plans) -> Self {
        let (mut by_plan, mut users) = (Self::default(), BTreeSet::new());
        for event in events {
            let Some(plan) = event.plan.as_ref().filter(|plan| plans.contains(plan)) else { continue };
            let (calls, rate_limited) = match event.event_type {
                EventType::Call => (1, 0),
                EventType::RateLimited => (0, 1),
                EventType::AuthFailed | EventType::Threshold | EventType::AuthError => continue,
            };
            let is_new = calls > 0 && users.insert((plan, &event.user_email));
            by_plan.add_to(plan, PlanFigures { calls, users: is_new.into(), rate_limited });
        }
        by_plan
    }

    /// Adds the figures of a part that shares no user with the others.
    pub fn add(&mut self, other: &Self) {
        other.0.iter().for_each(|(plan, figures)| self.add_to(plan, *figures));
    }

    /// The figures of a plan.
    pub fn plan(&self, plan: &PlanName) -> PlanFigures {
        self.0.get(plan).copied().unwrap_or_default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has to be published after `before` was. Users cannot be added up, so theirs is the whole figure.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let new = |(plan, now): (&PlanName, &PlanFigures)| {
            let before = before.plan(plan);
            let calls = now.calls.saturating_sub(before.calls);
            let rate_limited = now.rate_limited.saturating_sub(before.rate_limited);
            (plan.clone(), PlanFigures { calls, users: now.users, rate_limited })
        };
        Self(self.0.iter().map(new).collect())
    }

    fn add_to(&mut self, plan: &PlanName, PlanFigures { calls, users, rate_limited }: PlanFigures) {
        let figures = self.0.entry(plan.clone()).or_default();
        figures.calls += calls;
        figures.users += users;
        figures.rate_limited += rate_limited;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::Block;
    use crate::fold::DistinctEvents;

    const PLANS: &str = "free=80 pro= unused=";

    /// An event of a user, who changes plans from call to call: one that is told apart, one that is not, or none.
    fn event((user, id, is_call): (u8, u8, bool)) -> Event {
        let kind = if is_call { "API_CALL" } else { "API_RATE_LIMITED" };
        let plan = ["\"free\"", "\"pro\"", "\"gone\"", "null"][usize::from(user + id) % 4];
        let json = format!(
            r#"{{"eventType":"{kind}","requestId":"{id}","timestamp":"2026-11-24T10:15:30Z","userEmail":"{user}@b.au","plan":{plan}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    proptest! {
        #[test]
        fn however_events_come_the_figures_of_a_plan_are_counts_of_its_distinct_events(
            drawn in prop::collection::vec((0..12_u8, 0..8_u8, any::<bool>()), 0..150),
            cut in 1..20_usize,
        ) {
            let plans: Plans = PLANS.parse().unwrap();
            let events: Vec<Event> = drawn.iter().copied().map(event).collect();
            let mut parts: BTreeMap<_, DistinctEvents> = BTreeMap::new();
            for block in events.chunks(cut).flat_map(|chunk| Block::of(chunk.to_vec())) {
                parts.entry(block.bucket).or_default().extend(Block::unpack(&block.body).unwrap());
            }
            let mut sum = ByPlan::default();
            parts.values().for_each(|part| sum.add(&ByPlan::of(part.events(), &plans)));

            let distinct: BTreeSet<_> = drawn.into_iter().collect();
            for plan in plans.names() {
                let named = |(user, id, _): &&(u8, u8, bool)| {
                    ["free", "pro", "gone", "none"][usize::from(user + id) % 4] == plan.as_str()
                };
                let of_plan: Vec<_> = distinct.iter().filter(named).collect();
                let users: BTreeSet<_> = of_plan.iter().filter(|(.., is_call)| *is_call).map(|(user, ..)| user).collect();
                let calls = of_plan.iter().filter(|(.., is_call)| *is_call).count();
                let (calls, rate_limited) = (calls as u64, (of_plan.len() - calls) as u64);
                let expected = PlanFigures { calls, users: users.len() as u64, rate_limited };
                prop_assert_eq!(sum.plan(plan), expected, "{}", plan);
            }
            prop_assert_eq!(sum.plan(&"gone".parse().unwrap()), PlanFigures::default());
        }
    }

    #[test]
    fn increments_add_up_and_users_are_those_of_the_whole() {
        let of = |calls: u8| {
            ByPlan::of(
                &(0..calls).map(|n| event((n % 2 * 4, n / 2 * 4, true))).collect::<Vec<_>>(),
                &PLANS.parse().unwrap(),
            )
        };
        let free = "free".parse().unwrap();
        let new = of(7).since(&of(3)).plan(&free);
        assert_eq!(new, PlanFigures { calls: 4, users: 2, rate_limited: 0 });
        assert!(of(0).is_empty() && of(7).since(&of(7)).plan(&free).calls == 0);
    }
}
