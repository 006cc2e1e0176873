//! Answers from what the aggregator really sets, run after run.

use jiff::SignedDuration;
use metering::email::Email;

use super::exact::{NOW, assert_exact};
use super::*;
use crate::aggregator::{Aggregator, RunUntil};
use crate::metrics::Metrics;

pub(super) fn aggregator(world: &World) -> Aggregator {
    let [analytics, usage, _] = tables(&world.store);
    Aggregator::new(analytics, usage, Metrics::new(runtime_fixture::unreachable_cloudwatch(), "test"))
}

/// Seconds from a call to its block: most at once, some minutes later, some an hour and more.
const DELAYS: [i64; 6] = [0, 1, 0, 130, 1, 4_000];

#[tokio::test]
async fn answers_are_exact_between_any_two_runs_of_the_aggregator() {
    let now: Timestamp = NOW.parse().unwrap();
    let start = now - SignedDuration::from_mins(150);
    let mut world = World::new(Vec::new(), &Minute::of(start).plus(-1).to_string()).await;
    for user in USERS {
        world.add_key(&format!("k of {user}"), user).await;
    }
    let mut arrivals: Vec<(Timestamp, Event)> = Vec::new();
    for n in 0..150_i64 {
        let (user, id) = (USERS[usize::try_from(n * n % 4).unwrap()], format!("r{n}"));
        let at = start + SignedDuration::from_secs(n * 60 + n * 37 % 60);
        let event = match n % 9 {
            0 => failure(Some(&format!("k of {user}")), &id, &at.to_string()),
            1 => failure(None, &id, &at.to_string()),
            2 => refusal(user, &id, &at.to_string()),
            _ => call(user, &id, &at.to_string()),
        };
        let delay = DELAYS[usize::try_from(n).unwrap() % DELAYS.len()];
        arrivals.push((at + SignedDuration::from_secs(delay), event));
    }
    arrivals.retain(|(arrival, _)| *arrival < now);
    arrivals.sort_by_key(|(arrival, _)| *arrival);
    for (n, (arrival, event)) in arrivals.into_iter().enumerate() {
        let batch = Batch { blocks: Block::of([event.clone()]), failed: Vec::new() };
        world.blocks().commit(&batch, || arrival).await.unwrap();
        world.events.push(event);
        if n % 20 == 19 {
            aggregator(&world).run(RunUntil::Settled, || arrival).await.unwrap();
        }
    }
    aggregator(&world).run(RunUntil::Settled, || now - SignedDuration::from_mins(2)).await.unwrap();
    assert_exact(&world).await;
    aggregator(&world).run(RunUntil::Settled, || now).await.unwrap();
    assert_exact(&world).await;
    for user in USERS {
        let calls = world.events.iter().filter(|event| event.user_email.as_ref().map(Email::as_str) == Some(user));
        let calls = calls.filter(|event| event.event_type == metering::event::EventType::Call).count();
        let answer = world.ok(Who::User(user), USER_STATS, &[], NOW).await;
        assert_eq!(answer["allTime"]["apiCalls"], calls, "{user}");
    }
}
