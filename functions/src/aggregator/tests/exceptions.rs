//! Times that raise no anomaly: what nobody counted, what comes later, and holidays.

use metering::subject::Bucket;

use super::anomalies::{first_minute, found, ids, play, run_of, usual, world};
use super::*;

#[tokio::test]
async fn a_span_without_the_stream_and_a_holiday_raise_nothing() {
    let (mut away, sns) = world(2, 30.0).await;
    away.aggregator.watermark.close(first_minute().plus(-1)).await.unwrap();
    away.run(RunUntil::Settled, "2026-11-24T13:08:20Z").await;
    assert_eq!((found(&away).await, ids(&sns).len()), (Vec::new(), 0));
    // It is back, and now nobody calls.
    play(&away, first_minute().plus(8), [0, 0, 0]).await;
    assert_eq!(ids(&sns).len(), 1);

    (away, _) = world(2, 30.0).await;
    away.aggregator.holidays = vec!["2026-11-24".parse().unwrap()];
    play(&away, first_minute(), [0, 0, 300, 0]).await;
    assert_eq!(found(&away).await, []);
}

#[tokio::test]
async fn a_stream_that_goes_in_the_middle_of_a_minute_raises_nothing() {
    let (world, sns) = world(2, 30.0).await;
    let gone = play(&world, first_minute(), usual(30.0).take(5)).await;
    let into_journal = async |minute: Minute, calls: u64| {
        for call in 0..calls {
            let event = event(&format!("{minute}-{call}"), &minute.start().to_string());
            world.aggregator.journal.put(&event).await.unwrap();
        }
    };
    // The last calls on the stream; the others of the minute are in the journal, which the run that closes leaves alone.
    into_journal(gone, 30).await;
    let made = gone.start().to_string();
    for call in 0..8 {
        world.call(&format!("on the stream {call}"), &made, &made).await;
    }
    world.aggregator.run(RunUntil::Now, || gone.start() + SignedDuration::from_secs(40)).await.unwrap();
    assert_eq!((found(&world).await, ids(&sns).len()), (Vec::new(), 0));
    // The schedule goes on until its stack is gone.
    for (minute, calls) in gone.plus(1).through(gone.plus(3)).zip(usual(30.0)) {
        into_journal(minute, calls).await;
        world.aggregator.run(RunUntil::Settled, || run_of(minute)).await.unwrap();
    }
    assert_eq!((found(&world).await, ids(&sns).len()), (Vec::new(), 0));
}

#[tokio::test]
async fn calls_that_wait_in_the_journal_behind_others_are_not_missed() {
    let (world, sns) = world(2, 30.0).await;
    let (long_ago, journal) = ("2026-11-04T09:15:00Z", &world.aggregator.journal);
    for n in 0..backlog::AT_ONCE {
        journal.put(&event(&n.to_string(), long_ago)).await.unwrap();
    }
    let bucket = |user: &str| Bucket::of_event(&event_of(user, "1", long_ago));
    let behind = (0..).map(|n| format!("z{n}@b.au")).find(|user| bucket(user) == bucket(USER)).unwrap();
    let minutes = first_minute().through(first_minute().plus(2));
    for (minute, calls) in minutes.zip(usual(30.0)) {
        for call in 0..calls {
            let event = event_of(&behind, &format!("{minute}-{call}"), &minute.start().to_string());
            journal.put(&event).await.unwrap();
        }
        world.aggregator.run(RunUntil::Settled, || run_of(minute)).await.unwrap();
    }
    assert_eq!((found(&world).await, ids(&sns).len()), (Vec::new(), 0));
    // Nothing waits any more, and now nobody calls.
    play(&world, first_minute().plus(3), [0, 0, 0]).await;
    assert_eq!(ids(&sns).len(), 1);
}
