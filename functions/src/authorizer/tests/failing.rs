//! A stream that throttles, hangs, lies and recovers: no call fails, none is lost, none doubled, none waits long.

use std::collections::BTreeSet;

use super::*;

/// The distinct calls on the stream and in the journal, and how many records and entries there are of them.
async fn kept(world: &World) -> (usize, usize) {
    let mut ids: Vec<_> = world.stream.events();
    ids.extend(world.journal().await.iter().map(|entry| serde_json::to_value(&entry.event).unwrap()));
    let distinct: BTreeSet<_> = ids.iter().map(Value::to_string).collect();
    (distinct.len(), ids.len())
}

async fn calls(authorizer: &Authorizer<Double>, name: &str, n: i64, from: i64) {
    for n in 0..n {
        let answer = call(authorizer, &format!("{name}-{n}"), after(from + n)).await;
        assert!(is_within(&answer));
    }
}

#[tokio::test]
async fn a_throttled_stream_loses_no_call_and_is_used_again_when_it_recovers() {
    let world = World::new().await;
    let authorizer = world.streaming();
    calls(&authorizer, "before", 5, 0).await;
    world.stream.conduct(Conduct::Throttles);
    calls(&authorizer, "during", 20, 10).await;
    assert_eq!(world.journal().await.len(), 20);
    // Only the first of them asked the stream.
    assert_eq!(world.stream.requests(), 6);
    world.stream.conduct(Conduct::Takes);
    calls(&authorizer, "is_cooling_down", 1, 100).await;
    calls(&authorizer, "after", 5, 10 + COOL_DOWN.as_millis() as i64).await;
    assert_eq!(world.stream.events().len(), 10);
    assert_eq!(kept(&world).await, (31, 31));
}

#[tokio::test]
async fn a_hanging_stream_costs_one_call_the_time_out_and_the_next_ones_nothing() {
    let world = World::new().await;
    let authorizer = world.streaming();
    world.stream.conduct(Conduct::Hangs);
    let begun = Instant::now();
    calls(&authorizer, "r", 1, 0).await;
    assert!(begun.elapsed() >= BOUNDS.stream && begun.elapsed() < bound::WHOLE, "{:?}", begun.elapsed());
    calls(&authorizer, "s", 20, 1).await;
    assert_eq!((world.stream.requests(), world.journal().await.len()), (1, 21));
}

#[tokio::test]
async fn whatever_the_stream_does_and_back_again_each_call_is_kept_once_and_answered_within_the_bound() {
    let world = World::new().await;
    let authorizer = world.streaming();
    let respite = COOL_DOWN.as_millis() as i64;
    let conducts = [Conduct::Throttles, Conduct::Refuses, Conduct::Hangs, Conduct::TakesAndHangs];
    for (n, conduct) in conducts.into_iter().enumerate() {
        let from = n as i64 * 3 * respite;
        for (part, conduct) in [conduct, Conduct::Takes].into_iter().enumerate() {
            world.stream.conduct(conduct);
            for call in 0..5 {
                let begun = Instant::now();
                calls(&authorizer, &format!("{n}-{part}-{call}"), 1, from + part as i64 * respite + call).await;
                assert!(begun.elapsed() < bound::WHOLE, "{conduct:?}: {:?}", begun.elapsed());
            }
        }
        // Back again, it has the calls after the respite; one that it took without an answer is in the journal as well.
        let taken = 5 * (n + 1) + usize::from(conduct == Conduct::TakesAndHangs);
        assert_eq!(world.stream.events().len(), taken, "{conduct:?}");
    }
    assert_eq!(kept(&world).await, (40, 41));
}

#[tokio::test]
async fn an_event_that_is_on_the_stream_and_in_the_journal_is_the_same_event() {
    let world = World::new().await;
    world.stream.conduct(Conduct::TakesAndHangs);
    calls(&world.streaming(), "r", 1, 0).await;
    assert_eq!(kept(&world).await, (1, 2));
    assert_eq!(world.stream.events()[0]["requestId"], world.journal().await[0].event.request_id);
}

#[tokio::test]
async fn failed_authentications_and_refusals_outlive_a_failing_stream_too() {
    let world = World::new().await;
    world.quota(0).await;
    world.stream.conduct(Conduct::Throttles);
    let authorizer = world.streaming();
    assert_eq!(authorizer.answer(&request("r-1", None), now).await, Err(Refused::Unauthorized));
    assert!(!is_within(&call(&authorizer, "r-2", now()).await));
    let mut kinds: Vec<_> = world.journal().await.iter().map(|entry| entry.event.event_type).collect();
    kinds.sort();
    assert_eq!(kinds, [EventType::AuthFailed, EventType::RateLimited]);
}

#[tokio::test]
async fn with_stream_and_journal_gone_calls_are_answered_all_the_same() {
    let world = World::new().await;
    world.stream.conduct(Conduct::Throttles);
    world.wire.fail("PutItem", Fault::Lost, 1_000);
    calls(&world.streaming(), "r", 20, 0).await;
}

#[tokio::test]
async fn an_entry_whose_write_was_not_confirmed_is_one_entry() {
    let world = World::new().await;
    world.stream.conduct(Conduct::Throttles);
    world.wire.fail("PutItem", Fault::Unheard, 1);
    calls(&world.streaming(), "r", 1, 0).await;
    assert_eq!(kept(&world).await, (1, 1));
}
