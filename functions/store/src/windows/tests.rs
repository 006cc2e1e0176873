//! What somebody reads who has looked before.

use contract::table::STATE;
use dynamodb_fixture::Store;
use metering::subject::Subject;
use metering::usage::Usage;
use metering::user_set::{Ends, Listed, UserSet};

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
        assert_eq!(known_of(&windows, span, next.plus(60)).await, callers(expected), "{span}");
    }
}

/// Whoever is listed of a window up to a minute.
async fn known_of(windows: &Windows, whole: Span, last: Minute) -> UserSet {
    let mut callers = UserSet::default();
    let parts = windows.callers(whole, (whole.first_minute(), last), Consistency::Strong).await.unwrap();
    parts.iter().for_each(|(_, part)| callers.merge(part));
    callers
}

#[tokio::test]
async fn lists_tell_who_called_up_to_any_part_and_from_any_part_on_in_whatever_order_parts_are_set() {
    let (.., windows, _) = world().await;
    let callers = |hashes: &[u64]| hashes.iter().copied().collect::<UserSet>();
    let (first, next, hour) = (minute(LATE), minute(LATE).plus(1), Span::Hour(minute(LATE).hour()));
    windows.list_callers(next, &callers(&[1, 2])).await.unwrap();
    windows.list_callers(first, &callers(&[2, 3])).await.unwrap();
    assert_eq!(known_of(&windows, hour, first).await, callers(&[2, 3]));
    assert_eq!(known_of(&windows, hour, next).await, callers(&[1, 2, 3]));
    let by_place = |parts: &[(u8, &[u64])]| parts.iter().map(|(place, hashes)| (*place, callers(hashes))).collect();
    let ends = |first: &[(u8, &[u64])], last: &[(u8, &[u64])]| Ends { first: by_place(first), last: by_place(last) };
    assert_eq!(windows.callers_at(hour, End::First, 59).await.unwrap(), None);
    windows.list_ends(hour, &ends(&[(3, &[1]), (50, &[2])], &[(14, &[1]), (50, &[2])])).await.unwrap();
    // A late event: the second called in the beginning as well, and the first in the end.
    windows.list_ends(hour, &ends(&[(3, &[1]), (14, &[2])], &[(50, &[1, 2])])).await.unwrap();
    for (end, place, expected) in
        [(End::First, 14, &[1, 2][..]), (End::First, 59, &[1, 2]), (End::Last, 0, &[1, 2]), (End::Last, 45, &[1, 2])]
    {
        assert_eq!(windows.callers_at(hour, end, place).await.unwrap(), Some(callers(expected)), "{end:?} {place}");
    }
}

#[tokio::test]
async fn who_lists_the_ends_of_a_window_again_writes_their_counts_alone_and_a_read_that_lags_tells_nobody() {
    let (store, _, windows, _) = world().await;
    let day = Span::Day(minute(LATE).day());
    let callers = |hashes: std::ops::Range<u64>| hashes.collect::<UserSet>();
    let ends = Ends {
        first: [(0, callers(1..30_000)), (7, callers(40_000..40_010))].into(),
        last: [(7, callers(1..30_000)), (23, callers(40_000..40_010))].into(),
    };
    windows.list_ends(day, &ends).await.unwrap();
    store.reset_meter();
    windows.list_ends(day, &ends).await.unwrap();
    assert_eq!(store.spent().write_units, 1.0);
    let count = async |end, place| windows.callers_at(day, end, place).await.unwrap().map(|callers| callers.count());
    assert_eq!((count(End::First, 6).await, count(End::First, 7).await), (Some(29_999), Some(30_009)));
    assert_eq!((count(End::Last, 8).await, count(End::Last, 7).await), (Some(10), Some(30_009)));
    // What a read has not seen yet: first of the one list, then of the other.
    store.lag("07#");
    assert_eq!((count(End::First, 6).await, count(End::First, 7).await), (Some(29_999), None));
    store.lag(" 07#");
    assert_eq!((count(End::Last, 8).await, count(End::Last, 7).await), (Some(10), None));
}
