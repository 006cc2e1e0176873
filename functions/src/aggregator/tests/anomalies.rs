//! Anomalies that the aggregator finds: when, in whose calls, and how often it tells of each.

use std::f64::consts::TAU;

use dynamodb_fixture::Fault;
use metering::active_users::ActiveUsers;
use metering::anomaly::{Anomaly, Series, Step};
use metering::course::Course;
use metering::fold::UsageBySubject;
use metering::total::Total;
use metering::usage::Usage;
use metering::window::{Day, Hour};
use store::anomalies::Announcement;

use super::alerting::{TAKEN, message, world_with_topic};
use super::*;
use crate::signed_request::fake::Fake;

/// The hour with which what is played begins.
const FROM: &str = "2026-11-24T13";

/// Numbers of calls that vary by chance about a mean.
pub(super) struct Chance {
    state: u64,
    mean: f64,
}

impl Iterator for Chance {
    type Item = u64;

    /// Knuth's way to draw from a Poisson distribution ("The Art of Computer Programming", vol. 2, 3.4.1).
    fn next(&mut self) -> Option<u64> {
        let (limit, mut product, mut calls) = ((-self.mean).exp(), 1.0, 0);
        loop {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            product *= (self.state >> 11) as f64 / (1_u64 << 53) as f64;
            if product <= limit {
                return Some(calls);
            }
            calls += 1;
        }
    }
}

fn chance(mean: f64) -> Chance {
    Chance { state: 7, mean }
}

/// How many calls there are in an hour of the day beside the day's mean: most in the afternoon.
fn of_hour(mean: f64, hour: Hour) -> f64 {
    mean * (1.0 + 0.6 * ((hour.of_day() - 14) as f64 / 24.0 * TAU).cos())
}

/// Calls of a minute from [`FROM`] on where the day's mean is so many.
pub(super) fn usual(mean: f64) -> Chance {
    chance(of_hour(mean, FROM.parse().unwrap()))
}

/// A world in whose windows everybody has called about so often a minute, in the mean of a day, for some days, up to [`FROM`].
pub(super) async fn world(days: i64, mean: f64) -> (World, Fake) {
    world_up_to(FROM.parse().unwrap(), days, mean).await
}

async fn world_up_to(from: Hour, days: i64, mean: f64) -> (World, Fake) {
    let (world, sns) = world_with_topic(&[TAKEN]).await;
    let mut chance = chance(mean);
    for hour in from.plus(-days * 24).through(from.plus(-1)) {
        chance.mean = of_hour(mean, hour);
        let mut course = Course::default();
        let mut calls = 0;
        for (place, n) in (0..60).zip(&mut chance) {
            course.add_total(place, &Total { calls: n, events: n, ..Total::default() });
            calls += n;
        }
        let total = Total { calls, events: calls, ..Total::default() };
        world.aggregator.windows.set_total(Span::Hour(hour), &total, Some(&course)).await.unwrap();
    }
    world.aggregator.watermark.begin(from.first_minute().plus(-1)).await.unwrap();
    (world, sns)
}

/// When a run sets a minute.
pub(super) fn run_of(minute: Minute) -> Timestamp {
    minute.plus(1).start() + SignedDuration::from_secs(20)
}

/// Commits so many calls in each minute from one on, and runs the aggregator after each.
pub(super) async fn play(world: &World, first: Minute, counts: impl IntoIterator<Item = u64>) -> Minute {
    let mut minute = first;
    for n in counts {
        for call in 0..n {
            let made = minute.start().to_string();
            world.call(&format!("{minute}-{call}"), &made, &made).await;
        }
        world.aggregator.run(RunUntil::Settled, || run_of(minute)).await.unwrap();
        minute = minute.plus(1);
    }
    minute
}

pub(super) async fn found(world: &World) -> Vec<Anomaly> {
    let first = first_minute();
    world.aggregator.anomalies.between(None, first.plus(-20 * 1_440), first.plus(2 * 1_440)).await.unwrap().anomalies
}

pub(super) fn ids(sns: &Fake) -> Vec<String> {
    sns.requests().iter().map(|request| message(&request.body)["id"].as_str().unwrap().to_owned()).collect()
}

pub(super) fn first_minute() -> Minute {
    FROM.parse::<Hour>().unwrap().first_minute()
}

#[tokio::test]
async fn a_stop_and_a_tenfold_burst_of_seven_calls_a_minute_are_found_within_two_minutes_and_told_once() {
    for (unusual, is_more) in [(0, false), (110, true)] {
        let (world, sns) = world(14, 7.0).await;
        let began = play(&world, first_minute(), usual(7.0).take(8)).await;
        assert_eq!(found(&world).await, [], "on usual calls");
        let then = play(&world, began, [unusual; 2]).await;
        let [anomaly] = &found(&world).await[..] else { panic!("{unusual}: {:?}", found(&world).await) };
        assert!((began..then).contains(&anomaly.begin) && anomaly.end.is_none(), "{anomaly:?}");
        assert_eq!((anomaly.observed > anomaly.expected, anomaly.observed), (is_more, unusual as f64));
        assert!((anomaly.expected - 11.0).abs() < 4.0, "{anomaly:?}");
        assert_eq!(ids(&sns), [anomaly.id()]);

        play(&world, then, usual(7.0).take(6)).await;
        let [over] = &found(&world).await[..] else { panic!("{:?}", found(&world).await) };
        assert!(over.end.is_some_and(|end| end >= then) && over.id() == anomaly.id(), "{over:?}");
        // Another process, which has seen none of it, finds the same; so does the same run again.
        let another = Aggregator { watches: Arc::default(), ..world.aggregator.clone() };
        for aggregator in [&another, &world.aggregator] {
            aggregator.run(RunUntil::Settled, || run_of(then.plus(5))).await.unwrap();
        }
        assert_eq!((&found(&world).await[..], ids(&sns).len()), (std::slice::from_ref(over), 1));
    }
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_request_loses_no_anomaly_and_repeats_only_what_it_could_not_note() {
    let mut repeated = 0;
    for request in 0.. {
        let (world, sns) = world(1, 30.0).await;
        world.aggregator.run(RunUntil::Settled, || run_of(first_minute().plus(-1))).await.unwrap();
        world.store.plan([(request, Fault::Die)]);
        let last = first_minute().plus(1);
        _ = world.aggregator.run(RunUntil::Settled, || run_of(last)).await;
        let died = world.store.is_dead();
        world.store.revive();
        let another = Aggregator { watches: Arc::default(), ..world.aggregator.clone() };
        for later in [4, 7] {
            another.run(RunUntil::Settled, || run_of(first_minute().plus(later))).await.unwrap();
        }
        let ids = ids(&sns);
        let [anomaly] = &found(&world).await[..] else { panic!("killed at {request}: {:?}", found(&world).await) };
        assert!(!ids.is_empty() && ids.iter().all(|id| *id == anomaly.id()), "killed at {request}: {ids:?}");
        assert!(ids.len() == 1 || (died && ids.len() == 2), "killed at {request}: {ids:?}");
        repeated += ids.len() - 1;
        if !died {
            break;
        }
    }
    assert!(repeated > 0, "no run was killed between sending and noting it");
}

#[tokio::test]
async fn what_began_before_midnight_is_the_same_where_the_next_day_sees_it_begin_later_unless_it_was_over() {
    let midnight: Hour = "2026-11-25T00".parse().unwrap();
    let begin = midnight.first_minute().plus(-3);
    for end in [None, Some(begin.plus(2))] {
        let (world, sns) = world_up_to(midnight, 14, 7.0).await;
        let series = Series { user: None, step: Step::Minute };
        let known = Anomaly { series, begin, end, expected: 4.0, observed: 60.0, score: 1.0 };
        let of_the_day_before = &world.aggregator.anomalies;
        assert_eq!(of_the_day_before.claim(&known, true, begin.end()).await.unwrap(), Announcement::Ours);
        of_the_day_before.sent(&known, begin.end()).await.unwrap();
        if let Some(end) = end {
            of_the_day_before.end(&known, end).await.unwrap();
        }
        let then = play(&world, midnight.first_minute(), [110; 2]).await;
        let then = play(&world, then, chance(of_hour(7.0, midnight)).take(6)).await;
        let found = found(&world).await;
        let (one, others) = found.split_first().unwrap();
        assert_eq!((one.id(), others.len(), ids(&sns).len()), (known.id(), end.iter().len(), end.iter().len()));
        assert!(found.iter().all(|anomaly| anomaly.end.is_some_and(|end| end < then)), "{found:?}");
    }
}

#[tokio::test]
async fn the_users_of_a_day_that_is_over_are_listed_by_their_calls_and_again_when_more_is_known() {
    let world = World::new().await;
    world.run(RunUntil::Settled, "2026-11-24T23:50:30Z").await;
    let call = async |user, id, made, committed| world.call_of(user, id, made, committed).await;
    for (user, id) in [("a@b.au", "1"), ("c@b.au", "2"), ("c@b.au", "3")] {
        call(user, id, "2026-11-24T23:55:10Z", "2026-11-24T23:55:10Z").await;
    }
    let day: Day = "2026-11-24".parse().unwrap();
    let listed = async || -> Vec<(String, u64)> {
        let users = ActiveUsers::of_days(world.aggregator.windows.active_users(day, day).await.unwrap());
        users.into_iter().map(|user| (user.user_email.to_string(), user.calls)).collect()
    };
    let of = |users: &[(&str, u64)]| users.iter().map(|(user, calls)| (user.to_string(), *calls)).collect::<Vec<_>>();
    world.run(RunUntil::Settled, "2026-11-24T23:59:30Z").await;
    assert_eq!(listed().await, []);
    world.run(RunUntil::Settled, "2026-11-25T00:00:30Z").await;
    assert_eq!(listed().await, of(&[("c@b.au", 2), ("a@b.au", 1)]));
    for id in ["4", "5"] {
        call("a@b.au", id, "2026-11-24T20:10:10Z", "2026-11-25T00:01:10Z").await;
    }
    world.run(RunUntil::Settled, "2026-11-25T00:02:30Z").await;
    assert_eq!(listed().await, of(&[("a@b.au", 3), ("c@b.au", 2)]));
}

#[tokio::test]
async fn busy_users_are_watched_by_the_minute_and_all_others_by_the_hour_some_in_each_run() {
    const BUSY: &str = "busy@b.au";
    let (world, sns) = world(1, 30.0).await;
    let (windows, from) = (&world.aggregator.windows, FROM.parse::<Hour>().unwrap());
    let usage = |calls| Usage { calls, events: calls, ..Usage::default() };
    let mut each = chance(20.0);
    for hour in from.plus(-3 * 24).through(from.plus(-1)) {
        let mut fold = UsageBySubject::default();
        (0..60).zip(&mut each).for_each(|(place, n)| fold.add_part(place, subject(BUSY), &usage(n)));
        windows.set_hour(hour, &fold, |_| true).await.unwrap();
    }
    let quiet: Vec<String> = (0..60).map(|n| format!("quiet{n}@b.au")).collect();
    let mut each = chance(60.0);
    for day in from.day().plus(-10).through(from.day()) {
        let mut fold = UsageBySubject::default();
        for hour in day.first_hour().through(day.last_hour()).filter(|hour| *hour < from) {
            for (user, n) in quiet.iter().zip(&mut each) {
                fold.add_part(hour.of_day() as u8, subject(user), &usage(n));
            }
        }
        windows.set_day(day, from.first_minute().plus(-1), &fold).await.unwrap();
    }
    let mut active = UsageBySubject::default();
    active.add(subject(BUSY), &usage(28_800));
    quiet.iter().for_each(|user| active.add(subject(user), &usage(1_440)));
    let mut list = ActiveUsers::default();
    list.add(&active);
    let total = Total { calls: 115_200, events: 115_200, ..Total::default() };
    // Of a Friday, say.
    windows.set_active_users(from.day().plus(-4), &total, &list).await.unwrap();
    let mut most_units = 0.0_f64;
    for minutes in (1..140).step_by(8) {
        world.store.reset_meter();
        world.aggregator.run(RunUntil::Settled, || run_of(first_minute().plus(minutes))).await.unwrap();
        most_units = most_units.max(world.store.spent().read_units);
    }
    assert!(most_units <= 1_000.0, "{most_units} read units in a run");
    let series = |anomaly: &Anomaly| (anomaly.series.user.as_ref().map(ToString::to_string), anomaly.series.step);
    let mut series_found: Vec<_> = found(&world).await.iter().map(series).collect();
    series_found.sort();
    let of_quiet = quiet.iter().map(|user| (Some(user.clone()), Step::Hour));
    let mut expected: Vec<_> =
        [(None, Step::Minute), (Some(BUSY.into()), Step::Minute)].into_iter().chain(of_quiet).collect();
    expected.sort();
    assert_eq!(series_found, expected);
    let (busy, last) = (BUSY.parse().unwrap(), first_minute().plus(1_440));
    let own = world.aggregator.anomalies.between(Some(&busy), first_minute(), last).await.unwrap();
    assert_eq!(own.anomalies.len(), 1);
    // Another process, which reads them all anew, tells of none again.
    let another = Aggregator { watches: Arc::default(), ..world.aggregator.clone() };
    for minutes in 140..143 {
        another.run(RunUntil::Settled, || run_of(first_minute().plus(minutes))).await.unwrap();
    }
    assert_eq!((found(&world).await.len(), ids(&sns).len()), (expected.len(), expected.len()));
}

#[tokio::test]
async fn usual_calls_raise_nothing_and_a_look_costs_little() {
    let (world, sns) = world(14, 12.0).await;
    world.store.reset_meter();
    let next = play(&world, first_minute(), usual(12.0).take(1)).await;
    let cold = world.store.spent().read_units;
    world.store.reset_meter();
    let next = play(&world, next, usual(12.0).skip(1).take(30)).await;
    let warm = world.store.spent().read_units / 30.0;
    println!("a cold start takes {cold} read units, a run {warm}");
    assert!(cold <= 1_200.0 && warm <= 60.0, "{cold} {warm}");
    assert_eq!((found(&world).await, ids(&sns).len(), next.since(first_minute())), (Vec::new(), 0, 31));
}
