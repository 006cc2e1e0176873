//! What somebody reads who has looked before.

use contract::table::STATE;
use dynamodb_fixture::Store;
use metering::subject::Subject;
use metering::usage::Usage;
use metering::user_set::{Listed, UserSet};

use super::*;
use crate::table::Consistency;

const LATE: &str = "2026-11-24T10:03";

fn minute(text: &str) -> Minute {
    text.parse().unwrap()
}

fn user(n: usize) -> Subject {
    Subject::User(format!("user{n}@example.com").parse().unwrap())
}

/// A minute in which each of many users calls so often.
fn calls(calls: u64) -> UsageBySubject {
    let mut fold = UsageBySubject::default();
    (0..2_000).for_each(|n| fold.add(user(n), &Usage { events: calls, calls, ..Usage::default() }));
    fold
}

/// The calls of a user in an hour, minute by minute, and the read units that they take.
async fn look(store: &Store, windows: &Windows) -> (Vec<u64>, f64) {
    store.reset_meter();
    let minutes = windows.minutes(&user(0), minute(LATE).hour(), Consistency::Strong).await.unwrap();
    (minutes.into_iter().map(|(_, usage)| usage.calls).collect(), store.spent().read_units)
}

async fn world() -> (Store, Table, Windows, Watermark) {
    let store = Store::new().await;
    let [analytics, usage] =
        ["complical-analytics-test", "complical-api-usage-test"].map(|name| Table::new(store.client(), name));
    let (windows, watermark) = (Windows::new(analytics.clone(), usage), Watermark::new(analytics.clone()));
    (store, analytics, windows, watermark)
}

#[tokio::test]
async fn a_second_look_reads_what_is_new_and_all_where_something_was_set_again() {
    let (store, _, windows, watermark) = world().await;
    let hour = minute(LATE).hour();
    for n in 0..59 {
        windows.set_minute(hour.first_minute().plus(n), &calls(1)).await.unwrap();
    }
    watermark.begin(hour.last_minute().plus(-1)).await.unwrap();
    let (found, first) = look(&store, &windows).await;
    assert_eq!(found, [1; 59]);
    let (found, again) = look(&store, &windows).await;
    assert_eq!(found, [1; 59]);
    assert!(again <= 4.0 && again < first / 2.0, "{first}, then {again} read units");

    windows.set_minute(hour.last_minute(), &calls(1)).await.unwrap();
    assert_eq!(look(&store, &windows).await.0, [1; 60], "what is not settled is read each time");
    assert!(watermark.advance(hour.last_minute()).await.unwrap());
    look(&store, &windows).await;
    let (found, all_settled) = look(&store, &windows).await;
    assert_eq!((found, all_settled), (vec![1; 60], 1.0), "the watermark alone");

    watermark.revise().await.unwrap();
    windows.set_minute(minute(LATE), &calls(2)).await.unwrap();
    let (found, _) = look(&store, &windows).await;
    assert_eq!((found[3], found.iter().sum::<u64>()), (2, 61));
    windows.set_minute(minute(LATE), &calls(3)).await.unwrap();
    watermark.revise().await.unwrap();
    let (found, _) = look(&store, &windows).await;
    assert_eq!((found[3], found.iter().sum::<u64>()), (3, 62));
}

#[tokio::test]
async fn what_was_kept_under_a_watermark_that_was_damaged_is_read_again() {
    let (store, analytics, windows, watermark) = world().await;
    let hour = minute(LATE).hour();
    windows.set_minute(minute(LATE), &calls(1)).await.unwrap();
    watermark.begin(hour.last_minute()).await.unwrap();
    for damaged in [&["minute"] as &[_], &["minute", "revision"]] {
        let before = look(&store, &windows).await.0[0];
        let mut item = analytics.get(STATE, "WATERMARK", Consistency::Strong).await.unwrap().unwrap();
        item.extend(damaged.iter().map(|attribute| ((*attribute).to_owned(), text("?"))));
        analytics.put_all([item]).await.unwrap();
        windows.set_minute(minute(LATE), &calls(before + 1)).await.unwrap();
        watermark.restore(minute(LATE).plus(-1)).await.unwrap();
        assert_eq!(look(&store, &windows).await.0, [before + 1], "{damaged:?}");
        assert!(watermark.advance(hour.last_minute()).await.unwrap());
        assert_eq!(look(&store, &windows).await.0, [before + 1], "{damaged:?}");
    }
}

#[tokio::test]
async fn days_of_very_many_are_set_together_and_none_of_them_ever_shrinks() {
    let (store, _, windows, _) = world().await;
    let (day, through) = (minute(LATE).day(), minute(LATE));
    store.reset_meter();
    windows.set_day(day, through, &calls(2)).await.unwrap();
    assert!(store.spent().requests <= 20, "{} requests for 2,000 users", store.spent().requests);
    // Of these, one user's are more than before and all others' fewer.
    let mut slower = calls(1);
    slower.add(user(7), &Usage { events: 5, calls: 5, ..Usage::default() });
    windows.set_day(day, through, &slower).await.unwrap();
    for (n, expected) in [(0, 2), (7, 6), (1_999, 2)] {
        let days = windows.days(&user(n), day.month()).await.unwrap();
        assert_eq!(days.iter().map(|day| day.usage.calls).collect::<Vec<_>>(), [expected], "user {n}");
    }
}

#[tokio::test]
async fn who_lists_a_minute_again_or_beside_another_loses_nobody_and_writes_no_more_than_is_new() {
    let (store, _, windows, _) = world().await;
    let callers = |hashes: std::ops::Range<u64>| {
        let mut callers = UserSet::default();
        hashes.for_each(|hash| callers.add(hash));
        callers
    };
    let (first, next) = (minute(LATE), minute(LATE).plus(1));
    let (one, other, nobody) = (callers(1..30), callers(20..50), callers(0..0));
    let both = tokio::join!(windows.list_callers(first, &one), windows.list_callers(first, &other));
    both.0.and(both.1).unwrap();
    assert_eq!(windows.list_callers(next, &nobody).await.unwrap(), None);
    store.reset_meter();
    let listed = windows.list_callers(next, &callers(10..45)).await.unwrap();
    assert_eq!((listed, store.spent().write_units), (Some(Listed { of_hour: 49, of_day: 49 }), 0.0));
    let listed = windows.list_callers(next.plus(60), &callers(40..60)).await.unwrap();
    assert_eq!(listed, Some(Listed { of_hour: 20, of_day: 59 }));
    for (span, expected) in [(Span::Hour(first.hour()), 1..50), (Span::Day(first.day()), 1..60)] {
        assert_eq!(windows.callers(span, Consistency::Strong).await.unwrap(), callers(expected), "{span}");
    }
}
