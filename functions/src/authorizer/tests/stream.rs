//! Counting by the stream: what is on it, what a call costs, and where the quota ends.

use aws_sdk_dynamodb::config::Credentials;

use super::*;
use crate::large_records::LargeRecords;
use crate::processor::Processor;
use crate::stream_event::StreamEvent;

#[tokio::test]
async fn the_event_is_on_the_stream_before_the_answer_with_every_field() {
    let world = World::new().await;
    world.quota(500).await;
    let times = [now(), after(3)];
    let clock = std::cell::Cell::new(0);
    let next = || times[clock.replace(1)];
    world.streaming().answer(&request("r-1", Some(KEY)), next).await.unwrap();
    let expected = json!({
        "eventType": "API_CALL", "requestId": "r-1", "timestamp": NOW, "userEmail": USER,
        "companyName": "Example Pty Ltd", "apiKeyId": "k_1", "apiKeyName": "production", "method": "GET",
        "path": "/v1/deadlines", "stage": "test", "sourceIp": "203.0.113.9", "userAgent": "curl/8", "latencyMs": 3.0,
    });
    assert_eq!(world.stream.events(), [expected]);
    assert_eq!(world.stream.partition_keys(), [USER]);
}

#[tokio::test]
async fn a_call_with_everything_cached_costs_the_record_alone() {
    let world = World::new().await;
    let authorizer = world.streaming();
    call(&authorizer, "r-0", now()).await.unwrap();
    world.wire.requests();
    for n in 1..50 {
        call(&authorizer, &format!("r-{n}"), after(n * 99)).await.unwrap();
    }
    assert_eq!((world.wire.requests(), world.stream.requests()), (0, 50));
}

#[tokio::test]
async fn with_one_call_left_exactly_one_of_fifty_parallel_calls_passes() {
    let world = World::new().await;
    world.quota(10_000).await;
    world.used(9_999).await;
    let instances = [world.streaming(), world.streaming(), world.streaming()];
    assert_eq!(parallel(&instances, 50, now()).await, 1);
    assert_eq!(world.stream.of_type("API_CALL").len(), 1);
    assert_eq!(world.stream.of_type("API_RATE_LIMITED").len(), 49);
}

#[tokio::test]
async fn a_call_over_the_quota_is_told_when_to_return() {
    let world = World::new().await;
    world.quota(100).await;
    world.used(100).await;
    let allowed = call(&world.streaming(), "r-1", now()).await.unwrap();
    let context = |name| allowed.context[name].as_str();
    assert_eq!((context("quota"), context("quotaUsed"), context("quotaLimit")), ("exceeded", "100", "100"));
    let month_end: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let wait: i64 = context("retryAfter").parse().unwrap();
    assert!((0..=1).contains(&(wait - month_end.duration_since(now()).as_secs())), "{wait}");
    let events = world.stream.events();
    assert_eq!(events.len(), 1);
    assert_eq!((&events[0]["eventType"], &events[0]["userEmail"]), (&json!("API_RATE_LIMITED"), &json!(USER)));
    assert_eq!((&events[0]["currentUsage"], &events[0]["limit"]), (&json!(100), &json!(100)));
}

#[tokio::test]
async fn refusals_after_the_first_cost_no_table_a_request() {
    let world = World::new().await;
    world.quota(100).await;
    world.used(100).await;
    let authorizer = world.streaming();
    call(&authorizer, "r-0", now()).await.unwrap();
    world.wire.requests();
    for n in 1..20 {
        assert!(!is_within(&call(&authorizer, &format!("r-{n}"), after(n * 200)).await));
    }
    assert_eq!(world.wire.requests(), 0);
}

#[tokio::test]
async fn calls_that_are_not_in_a_block_yet_are_not_forgotten_when_the_gate_begins() {
    let world = World::new().await;
    world.quota(120).await;
    // Far from the limit for nineteen calls, near after them, and no processor to bring one of them into a block.
    let authorizer = world.streaming();
    let mut within = 0;
    for n in 0..130 {
        within += usize::from(is_within(&call(&authorizer, &format!("r-{n}"), after(n * 10)).await));
    }
    assert_eq!((within, world.gate().await), (120, Some(120)));
}

#[tokio::test]
async fn calls_in_blocks_count_once_though_the_instance_remembers_them() {
    let world = World::new().await;
    world.quota(150).await;
    let authorizer = world.streaming();
    for n in 0..30 {
        call(&authorizer, &format!("r-{n}"), after(n)).await.unwrap();
    }
    let table = Table::new(world.fixture.client.clone(), world.fixture.analytics_table());
    let processor = Processor::new(Blocks::new(table.clone()), Watermark::new(table), nowhere());
    let records: Vec<_> = world.stream.events().iter().map(kinesis_record).collect();
    let batch: StreamEvent = serde_json::from_value(json!({ "Records": records })).unwrap();
    processor.process(&batch, now).await.unwrap();
    let allowed = call(&authorizer, "r-31", after(40_000)).await.unwrap();
    assert_eq!(allowed.context["quotaUsed"], "31");
    let allowed = call(&world.streaming(), "r-32", after(2_000)).await.unwrap();
    assert_eq!(allowed.context["quotaUsed"], "31");
}

fn kinesis_record(event: &Value) -> Value {
    let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, event.to_string());
    json!({
        "eventID": "shardId-000000000000:1", "eventSource": "aws:kinesis", "eventVersion": "1.0", "awsRegion": "ap-south-1",
        "kinesis": { "data": data, "approximateArrivalTimestamp": now().as_millisecond() as f64 / 1_000.0,
            "kinesisSchemaVersion": "1.0", "partitionKey": USER, "sequenceNumber": "1" },
    })
}

#[tokio::test]
async fn the_call_that_reaches_a_threshold_brings_its_event_in_the_same_request() {
    let world = World::new().await;
    world.quota(1_000).await;
    world.used(499).await;
    let authorizer = world.streaming();
    call(&authorizer, "r-1", now()).await.unwrap();
    call(&authorizer, "r-2", now()).await.unwrap();
    assert_eq!((world.stream.requests(), world.stream.events().len()), (2, 3));
    let events = world.stream.of_type("USAGE_THRESHOLD");
    assert_eq!((&events[0]["requestId"], &events[0]["threshold"]), (&json!("r-1"), &json!(50)));
    assert_eq!((&events[0]["usage"], &events[0]["limit"]), (&json!(500), &json!(1_000)));
}

#[tokio::test]
async fn the_events_of_a_user_name_the_plan_and_tell_of_its_thresholds_alone() {
    for (plan, named, told) in [
        (None, Value::Null, vec![50, 80, 90]),
        (Some("pro"), json!("pro"), vec![60, 100]),
        (Some("Gone?"), Value::Null, vec![50, 80, 90]),
    ] {
        let world = World::new().await;
        world.user(100, plan).await;
        world.used(49).await;
        let authorizer = world.streaming().with_plans("pro=60,100".parse().unwrap());
        let last = if plan == Some("pro") { 52 } else { 45 };
        for n in 0..last {
            call(&authorizer, &format!("r-{n}"), after(n)).await.unwrap();
        }
        assert!(world.stream.events().iter().all(|event| event["plan"] == named), "{plan:?}");
        let thresholds = world.stream.of_type("USAGE_THRESHOLD");
        assert_eq!(thresholds.iter().map(|event| event["threshold"].as_u64().unwrap()).collect::<Vec<_>>(), told);
        assert_eq!(world.stream.of_type("API_RATE_LIMITED").len(), usize::from(plan == Some("pro")), "{plan:?}");
    }
}

#[tokio::test]
async fn usage_that_cannot_be_read_stops_no_call() {
    let world = World::new().await;
    world.quota(100).await;
    world.used(100).await;
    world.wire.fail("Query", Fault::Lost, 1_000);
    world.wire.fail("UpdateItem", Fault::Lost, 1_000);
    let authorizer = world.streaming();
    assert!(is_within(&call(&authorizer, "r-1", now()).await));
    world.wire.fail("Query", Fault::Lost, 0);
    assert!(!is_within(&call(&authorizer, "r-2", after(1_000)).await));
}

#[tokio::test]
async fn a_call_that_the_gateway_asks_for_twice_is_of_one_instant_whoever_is_asked_and_when() {
    let world = World::new().await;
    let taken = after(29_800);
    let mut asked = request("r-1", Some(KEY));
    asked.taken_at(taken);
    for late in [100, 1_500] {
        assert!(is_within(&world.streaming().answer(&asked, || taken + SignedDuration::from_millis(late)).await));
    }
    let times: Vec<_> = world.stream.events().into_iter().map(|event| event["timestamp"].clone()).collect();
    assert_eq!(times, ["2026-11-24T10:15:59.923Z", "2026-11-24T10:15:59.923Z"]);
    assert_eq!(world.stream.events()[1]["latencyMs"], 0.0);
}

/// A bucket that no record here is large enough for.
fn nowhere() -> LargeRecords {
    let credentials = Credentials::new("test", "test", None, None, "test");
    LargeRecords::new(Some("http://127.0.0.1:9"), "ap-south-1", credentials, "failed".into())
}
