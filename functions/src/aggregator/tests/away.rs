//! An aggregator that was away for days.

use super::*;

#[tokio::test]
async fn calls_of_three_days_without_the_aggregator_are_counted_before_it_returns_and_after() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T10:20:30Z").await;
    let made = ["2026-11-24T10:21:10Z", "2026-11-25T23:59:59Z", "2026-11-26T00:00:00Z", "2026-11-27T10:19:00Z"];
    for made in made {
        world.call(made, made, made).await;
        world.call_of("b@b.au", made, made, made).await;
    }
    let back = "2026-11-27T10:20:30Z";
    assert_eq!((world.calls(back).await, world.calls_of("b@b.au", back).await), (4, 4));
    let reached = world.run(RunUntil::Settled, back).await;
    assert_eq!((reached.watermark.to_string().as_str(), reached.done), ("2026-11-27T10:19", true));
    assert_eq!((world.calls(back).await, world.calls_of("b@b.au", back).await), (4, 4));
    assert_eq!(world.calls_in_days().await, 3);
}
