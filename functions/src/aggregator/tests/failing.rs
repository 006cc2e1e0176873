//! Windows that DynamoDB does not take.

use dynamodb_fixture::Refusal;
use metering::window::Hour;
use store::table::string;

use super::*;

/// Whose bucket is another than the first user's.
const OTHER: &str = "b@b.au";
const RUNS: [&str; 3] = ["2026-11-24T23:52:30Z", "2026-11-24T23:55:30Z", "2026-11-25T00:00:30Z"];
const END: &str = "2026-11-25T00:02:30Z";

/// Plays a day with some writes refused, and takes them in the end.
async fn play(refused: &str, refusal: Refusal) {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T23:50:30Z").await;
    for (user, id) in [(USER, "1"), (OTHER, "2"), (USER, "3")] {
        world.call_of(user, id, "2026-11-24T23:51:10Z", "2026-11-24T23:51:10Z").await;
    }
    world.store.refuse(refused, refusal);
    for now in RUNS {
        let reached = world.run(RunUntil::Settled, now).await;
        assert_eq!((reached.watermark, reached.done), (last_settled(at(now)), true), "{refused} {refusal:?}");
        assert_eq!(world.calls_of(OTHER, now).await, 1, "{refused} at {now}");
    }
    let total = Span::Minute("2026-11-24T23:51".parse().unwrap());
    let totals = world.aggregator.windows.totals(total, total).await.unwrap();
    assert_eq!(
        totals.iter().map(|(_, total)| total.calls).sum::<u64>(),
        if refused.contains("TOTAL#MINUTE") { 0 } else { 3 }
    );
    let entries = world.aggregator.failed.items().await.unwrap();
    assert!(!entries.is_empty(), "{refused}");
    for entry in &entries {
        let (cause, since, tried) = (string(entry, "cause"), string(entry, "since"), string(entry, "triedAt"));
        assert!(
            cause.contains(if refusal == Refusal::Invalid { "ValidationException" } else { "Throughput" }),
            "{cause}"
        );
        assert!(since <= tried && tried == "2026-11-25T00:00:30.000Z", "{since} {tried}");
    }
    assert!(world.run(RunUntil::Now, "2026-11-25T00:01:30Z").await.done);

    world.store.accept();
    // A minute, then the hour of it, then the day of that are each set by the run that finds its parts.
    world.run(RunUntil::Settled, END).await;
    assert!(world.aggregator.failed.items().await.unwrap().is_empty());
    assert_eq!((world.calls(END).await, world.calls_of(OTHER, END).await), (2, 1), "{refused}");
    assert_eq!(world.calls_in_days().await, 2, "{refused}");
    let hour: Hour = "2026-11-24T23".parse().unwrap();
    for span in [total, Span::Hour(hour), Span::Day(hour.day())] {
        let totals = world.aggregator.windows.totals(span, span).await.unwrap();
        assert_eq!(totals.iter().map(|(_, total)| total.calls).sum::<u64>(), 3, "{refused}: {span}");
    }
}

#[tokio::test]
async fn a_window_that_is_refused_holds_up_no_other_and_is_written_as_soon_as_it_is_taken() {
    let bucket = subject(USER).bucket();
    assert_ne!(bucket, subject(OTHER).bucket());
    let of_bucket =
        [format!("MINUTE#2026-11-24T23#{bucket}"), format!("HOUR#2026-11-24#{bucket}"), format!("USER#{USER}")];
    let of_all =
        ["TOTAL#MINUTE#2026-11-24", "TOTAL#HOUR#2026-11", "USERS#2026-11-24", "TOTAL#DAY", "ACTIVE"].map(String::from);
    for refused in of_bucket.into_iter().chain(of_all) {
        play(&refused, Refusal::Invalid).await;
    }
}

#[tokio::test]
async fn a_row_that_is_throttled_for_good_holds_up_no_other() {
    play(&format!("USER#{USER}"), Refusal::Throttled).await;
}

#[tokio::test]
async fn a_run_ends_where_nothing_can_be_written_at_all() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T23:50:30Z").await;
    world.call("1", "2026-11-24T23:51:10Z", "2026-11-24T23:51:10Z").await;
    world.store.refuse("complical-analytics-test", Refusal::Invalid);
    world.aggregator.run(RunUntil::Settled, || at("2026-11-24T23:52:30Z")).await.unwrap_err();
    world.store.accept();
    world.run(RunUntil::Settled, "2026-11-24T23:53:30Z").await;
    assert_eq!(world.calls("2026-11-24T23:53:40Z").await, 1);
}
