//! Counting without the stream: each call once, the quota to the last call, whatever happens to a transaction.

use super::*;

async fn counted(world: &World) -> (usize, Option<u64>) {
    let calls = world.journal().await.iter().filter(|entry| entry.event.event_type == EventType::Call).count();
    (calls, world.gate().await)
}

#[tokio::test]
async fn each_call_is_counted_before_its_answer_by_one_request() {
    let world = World::new().await;
    let authorizer = world.synchronous();
    assert!(is_within(&call(&authorizer, "r-0", now()).await));
    assert_eq!(counted(&world).await, (1, Some(1)));
    world.wire.requests();
    for n in 1..10 {
        let allowed = call(&authorizer, &format!("r-{n}"), after(n)).await.unwrap();
        assert_eq!(allowed.context["quotaUsed"], (n + 1).to_string());
    }
    assert_eq!((world.wire.requests(), counted(&world).await), (9, (10, Some(10))));
    assert_eq!(world.stream.requests(), 0);
}

#[tokio::test]
async fn the_events_of_a_user_name_the_plan_and_tell_of_its_thresholds_alone() {
    let world = World::new().await;
    world.user(10, Some("pro")).await;
    world.used(4).await;
    let authorizer = world.synchronous().with_plans("pro=60,100".parse().unwrap());
    for n in 0..7 {
        call(&authorizer, &format!("r-{n}"), after(n)).await.unwrap();
    }
    let entries = world.journal().await;
    assert!(entries.iter().all(|entry| entry.event.plan.as_ref().is_some_and(|plan| plan.as_str() == "pro")));
    let thresholds: Vec<_> = entries.iter().filter_map(|entry| entry.event.threshold).collect();
    assert_eq!((entries.len(), thresholds), (6 + 2 + 1, vec![60, 100]));
}

#[tokio::test]
async fn with_one_call_left_exactly_one_of_fifty_parallel_calls_passes() {
    let world = World::new().await;
    world.quota(100).await;
    world.used(99).await;
    let instances = [world.synchronous(), world.synchronous(), world.synchronous()];
    assert_eq!(parallel(&instances, 50, now()).await, 1);
    assert_eq!(counted(&world).await, (1, Some(100)));
}

#[tokio::test]
async fn a_call_that_comes_twice_is_counted_once() {
    let world = World::new().await;
    let authorizer = world.synchronous();
    for instance in [&authorizer, &authorizer, &world.synchronous()] {
        assert!(is_within(&call(instance, "r-1", now()).await));
    }
    // A moment later by its own clock.
    assert!(is_within(&call(&authorizer, "r-1", after(7)).await));
    assert_eq!(counted(&world).await, (1, Some(1)));
}

#[tokio::test]
async fn one_id_of_two_users_is_two_calls_and_so_is_one_in_two_minutes() {
    let world = World::new().await;
    world.key("ck_other", json!({ USER_EMAIL: "b@example.com", "apiKeyId": "k_2" })).await;
    let authorizer = world.synchronous();
    assert!(is_within(&call(&authorizer, "r-1", now()).await));
    assert!(is_within(&authorizer.answer(&request("r-1", Some("ck_other")), now).await));
    assert!(is_within(&call(&authorizer, "r-1", after(60_000)).await));
    assert_eq!(counted(&world).await, (3, Some(2)));
}

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_counts_its_call_once() {
    let world = World::new().await;
    let authorizer = world.synchronous();
    world.wire.fail("TransactWriteItems", Fault::Unheard, 1);
    assert!(is_within(&call(&authorizer, "r-1", now()).await));
    // Every answer lost: the journal takes the call again, and the gate does not.
    world.wire.fail("TransactWriteItems", Fault::Unheard, 100);
    assert!(is_within(&call(&authorizer, "r-2", now()).await));
    assert_eq!(counted(&world).await, (2, Some(2)));
}

#[tokio::test]
async fn calls_in_each_others_way_are_each_counted_once_and_the_quota_holds() {
    let world = World::new().await;
    world.quota(100).await;
    world.used(60).await;
    let instances = [world.synchronous(), world.synchronous()];
    world.wire.fail("TransactWriteItems", Fault::Conflict, 70);
    assert_eq!(parallel(&instances, 50, now()).await, 40);
    assert_eq!(counted(&world).await, (40, Some(100)));
}

#[tokio::test]
async fn days_and_journal_are_the_base_and_are_read_again_when_days_have_changed() {
    let world = World::new().await;
    world.quota(1_000).await;
    world.used(100).await;
    assert_eq!(call(&world.synchronous(), "r-1", now()).await.unwrap().context["quotaUsed"], "101");
    // The stream was on for a while, and its days are there now; the first call waits in the journal all the time.
    world.used(300).await;
    assert_eq!(call(&world.synchronous(), "r-2", now()).await.unwrap().context["quotaUsed"], "302");
    world.wire.requests();
    assert_eq!(call(&world.synchronous(), "r-3", now()).await.unwrap().context["quotaUsed"], "303");
    // Key, user, days with the gate, and the transaction: the journal is not read for what the gate knows.
    assert_eq!(world.wire.requests(), 4);
}

#[tokio::test]
async fn over_the_quota_there_is_a_wait_and_a_threshold_is_kept() {
    let world = World::new().await;
    world.quota(2).await;
    let authorizer = world.synchronous();
    let quotas =
        [call(&authorizer, "1", now()).await, call(&authorizer, "2", now()).await, call(&authorizer, "3", now()).await];
    assert_eq!(quotas.each_ref().map(is_within), [true, true, false]);
    assert!(quotas[2].as_ref().unwrap().context.contains_key("retryAfter"));
    let thresholds = world.journal().await.iter().filter_map(|entry| entry.event.threshold).max();
    assert_eq!((thresholds, counted(&world).await), (Some(100), (2, Some(2))));
}

#[tokio::test]
async fn a_table_that_fails_stops_no_call() {
    let world = World::new().await;
    let authorizer = world.synchronous();
    call(&authorizer, "r-1", now()).await.unwrap();
    for operation in ["TransactWriteItems", "Query", "UpdateItem"] {
        world.wire.fail(operation, Fault::Lost, 1_000);
    }
    assert!(is_within(&call(&authorizer, "r-2", now()).await));
    assert_eq!(counted(&world).await, (2, Some(1)));
    world.wire.fail("PutItem", Fault::Lost, 1_000);
    assert!(is_within(&call(&authorizer, "r-3", now()).await));
    assert_eq!(authorizer.answer(&request("r-4", None), now).await, Err(Refused::Unauthorized));
}

#[tokio::test]
async fn refusals_and_failed_keys_are_kept_as_events_up_to_a_bound() {
    let world = World::new().await;
    world.quota(3).await;
    let authorizer = world.synchronous();
    let mut within = 0;
    for n in 0..103 {
        within += usize::from(is_within(&call(&authorizer, &format!("r-{n}"), after(n)).await));
    }
    let kept =
        async |event_type| world.journal().await.iter().filter(|entry| entry.event.event_type == event_type).count();
    assert_eq!((within, kept(EventType::Call).await, kept(EventType::RateLimited).await), (3, 3, 100));
    for n in 0..250 {
        let _ = authorizer.answer(&request(&format!("f-{n}"), Some("ck_guess")), || after(n)).await;
        let _ = call(&authorizer, &format!("s-{n}"), after(n)).await;
    }
    assert_eq!((kept(EventType::AuthFailed).await, kept(EventType::RateLimited).await), (100, 100));
    world.wire.requests();
    let _ = call(&authorizer, "free", after(500)).await;
    assert_eq!(world.wire.requests(), 0, "a refusal beyond the bound is written");
}

#[tokio::test]
async fn a_day_that_cannot_be_read_does_not_make_the_quota_endless() {
    let world = World::new().await;
    world.quota(101).await;
    world.used(100).await;
    let keys = [(PK, format!("USER#{USER}")), (SK, "2026-11#DAY#01".into()), ("cell", "{".into())];
    let broken = keys.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
    world.put(world.fixture.usage_table(), broken).await;
    let authorizer = world.synchronous();
    let answers = [call(&authorizer, "r-1", now()).await, call(&authorizer, "r-2", now()).await];
    assert_eq!(answers.each_ref().map(is_within), [true, false]);
}
