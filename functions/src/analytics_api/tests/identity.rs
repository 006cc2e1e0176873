//! One event is one event in every answer, before it is in windows and after.

use jiff::SignedDuration;

use super::rolled_up::aggregator;
use super::*;
use crate::aggregator::RunUntil;

/// The calls of a user in each answer that counts them.
async fn counted(world: &World, user: &str, now: &str) -> Vec<u64> {
    let stats = world.ok(Who::User(user), USER_STATS, &[], now).await;
    let series = world.ok(Who::User(user), TIMESERIES, &[("granularity", "minute"), ("duration", "2h")], now).await;
    let hours = world.ok(Who::User(user), TIMESERIES, &[("granularity", "hour"), ("duration", "3h")], now).await;
    let sum = |series: &Value| {
        series["timeSeries"].as_array().unwrap().iter().map(|point| point["apiCalls"].as_u64().unwrap()).sum()
    };
    let recent = stats["recent"].as_array().unwrap().len() as u64;
    vec![
        stats["allTime"]["apiCalls"].as_u64().unwrap(),
        stats["period"]["used"].as_u64().unwrap(),
        stats["byKey"].as_array().unwrap().iter().map(|key| key["apiCalls"].as_u64().unwrap()).sum(),
        recent,
        sum(&series),
        sum(&hours),
    ]
}

#[tokio::test]
async fn an_id_is_one_call_of_each_user_and_minute_in_every_answer_at_any_time() {
    let world = World::new(Vec::new(), "2026-11-24T10:10").await;
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let mut differs = call("x@example.com", "r", "2026-11-24T10:15:20Z");
    differs.company_name = Some("Another".into());
    let events = [
        call("x@example.com", "r", "2026-11-24T10:15:20Z"),
        call("y@example.com", "r", "2026-11-24T10:15:20Z"),
        differs,
        call("x@example.com", "r", "2026-11-24T10:16:20Z"),
        call("x@example.com", "r", "2026-11-24T10:16:20Z"),
    ];
    for (n, event) in events.into_iter().enumerate() {
        let committed = at("2026-11-24T10:15:21Z") + SignedDuration::from_secs(20 * i64::try_from(n).unwrap());
        let batch = Batch { blocks: Block::of([event]), failed: Vec::new() };
        world.blocks().commit(&batch, || committed).await.unwrap();
    }
    for now in ["2026-11-24T10:16:50Z", "2026-11-24T10:17:30Z", "2026-11-24T10:18:30Z", "2026-11-24T11:00:30Z"] {
        assert_eq!(counted(&world, "x@example.com", now).await, [2; 6], "before the run at {now}");
        assert_eq!(counted(&world, "y@example.com", now).await, [1; 6], "before the run at {now}");
        aggregator(&world).run(RunUntil::Settled, || at(now)).await.unwrap();
        assert_eq!(counted(&world, "x@example.com", now).await, [2; 6], "after the run at {now}");
        assert_eq!(counted(&world, "y@example.com", now).await, [1; 6], "after the run at {now}");
    }
    let all =
        world.ok(Who::Admin, TIMESERIES, &[("granularity", "day"), ("duration", "2d")], "2026-11-24T11:00:30Z").await;
    assert_eq!(all["timeSeries"][1]["apiCalls"], 3);
}
