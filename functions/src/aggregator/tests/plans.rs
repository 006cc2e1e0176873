//! Users of plans: counted apart, and told of the thresholds of their plan and of no others.

use std::collections::BTreeSet;

use contract::plan::PlanName;
use metering::plan::{ByPlan, PlanFigures};
use serde_json::json;

use super::alerting::{TAKEN, sent, world_with_topic};
use super::*;

const PLANS: &str = "enterprise=60,90 free=80,100 quiet=";
/// The plans of users: the last two are no plan of the settings, and none.
const OF_USERS: [&str; 5] = ["enterprise", "free", "quiet", "gone", ""];
const MINUTES: [&str; 3] = ["2026-11-30T23:15", "2026-11-30T23:16", "2026-11-30T23:17"];

/// Numbers that follow from a seed (Numerical Recipes, "Quick and dirty").
struct Random(u32);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % bound
    }
}

async fn commit(world: &World, event: &Value, committed: &str) {
    let data = event.to_string().into_bytes();
    let record = Record { data: &data, arrived_at: at(committed), shard_id: "s", sequence_number: "1" };
    world.aggregator.blocks.commit(&Batch::of([record]), || at(committed)).await.unwrap();
}

#[tokio::test]
async fn figures_of_plans_are_those_of_their_users_events_however_late_and_often_they_come() {
    let mut world = World::new().await;
    world.aggregator.plans = PLANS.parse().unwrap();
    world.run(RunUntil::Settled, "2026-11-30T23:14:30Z").await;
    let (mut random, mut events) = (Random(1), BTreeSet::new());
    for step in 0..90 {
        let (minute, user, id) = (MINUTES[random.below(3)], random.below(10), random.below(6));
        let kind = ["API_CALL", "API_RATE_LIMITED"][random.below(2)];
        let plan = OF_USERS[user % 5];
        let event = json!({"eventType": kind, "requestId": id.to_string(), "timestamp": format!("{minute}:30Z"),
            "userEmail": format!("{user}@b.au"), "plan": plan});
        events.insert((minute, plan, kind, user, id));
        let minutes_later = 18 + step / 9;
        commit(&world, &event, &format!("2026-11-30T23:{minutes_later}:10Z")).await;
        if step % 9 == 8 {
            world.run(RunUntil::Settled, &format!("2026-11-30T23:{minutes_later}:30Z")).await;
        }
    }
    for minute in MINUTES {
        let published = world.aggregator.windows.published(minute.parse().unwrap()).await.unwrap().unwrap();
        for plan in ["enterprise", "free", "quiet"] {
            let of = |kind: &str| {
                events.iter().filter(|event| (event.0, event.1, event.2) == (minute, plan, kind)).collect::<Vec<_>>()
            };
            let (calls, refused) = (of("API_CALL"), of("API_RATE_LIMITED"));
            let users: BTreeSet<_> = calls.iter().map(|(.., user, _)| user).collect();
            let counts = [calls.len(), users.len(), refused.len()].map(|count| count as u64);
            let [calls, users, rate_limited] = counts;
            assert!(calls > 0 && rate_limited > 0);
            let plan: PlanName = plan.parse().unwrap();
            assert_eq!(
                published.figures.plans.plan(&plan),
                PlanFigures { calls, users, rate_limited },
                "{minute} {plan}"
            );
        }
        assert_eq!(published.figures.plans.plan(&"gone".parse().unwrap()), PlanFigures::default());
    }
}

#[tokio::test]
async fn without_plans_in_the_settings_nothing_more_is_kept_or_published() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-30T23:14:30Z").await;
    let event = json!({"eventType": "API_CALL", "requestId": "1", "timestamp": "2026-11-30T23:15:30Z",
        "userEmail": USER, "plan": "free"});
    commit(&world, &event, "2026-11-30T23:15:31Z").await;
    world.run(RunUntil::Settled, "2026-11-30T23:16:30Z").await;
    let published = world.aggregator.windows.published(MINUTES[0].parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((published.figures.calls, published.figures.plans), (1, ByPlan::default()));
}

#[tokio::test]
async fn alerts_are_the_thresholds_of_the_users_plan_that_were_passed_each_once() {
    for seed in 0..12 {
        let (mut world, sns) = world_with_topic(&[TAKEN]).await;
        world.aggregator.plans = PLANS.parse().unwrap();
        world.run(RunUntil::Settled, "2026-11-30T23:14:30Z").await;
        let (mut random, mut most) = (Random(seed), [0; OF_USERS.len()]);
        for n in 0..20 {
            let (user, minute, used) = (random.below(OF_USERS.len()), MINUTES[random.below(3)], random.below(120));
            let event = json!({"eventType": "USAGE_THRESHOLD", "requestId": n.to_string(), "plan": OF_USERS[user],
                "timestamp": format!("{minute}:30Z"), "userEmail": format!("{user}@b.au"), "threshold": 50,
                "usage": used, "limit": 100});
            most[user] = most[user].max(used);
            let minutes_later = 18 + n / 5;
            commit(&world, &event, &format!("2026-11-30T23:{minutes_later}:10Z")).await;
            if n % 5 == 4 {
                world.run(RunUntil::Settled, &format!("2026-11-30T23:{minutes_later}:30Z")).await;
            }
        }
        world.run(RunUntil::Settled, "2026-11-30T23:30:30Z").await;
        let thresholds = |plan: usize| match OF_USERS[plan] {
            "enterprise" => vec![60, 90],
            "free" => vec![80, 100],
            "quiet" => vec![],
            _ => vec![50, 80, 90, 95, 100],
        };
        let passed = (0..OF_USERS.len()).flat_map(|user| {
            let passed = thresholds(user).into_iter().filter(move |threshold| *threshold <= most[user]);
            passed.map(move |threshold| (format!("{user}@b.au 2026-11 {threshold}"), 1))
        });
        assert_eq!(sent(&sns), passed.collect(), "seed {seed}");
    }
}
