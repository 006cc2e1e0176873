//! What the detector finds, and what it leaves alone.
//!
//! Invariant: all traffic is made here, from seeds; nothing is looked up.

mod nab;
mod traffic;

use forecast::anomaly::{Anomaly, Detector, Kind, Observation, detect};
use proptest::prelude::*;
use traffic::{DAY, MINUTE, Traffic, WEEK, at_utc};

const HOUR: i64 = 60 * MINUTE;

/// What has learned two weeks of traffic and half a day, and the two hours after these.
fn learned(traffic: &Traffic, seed: u64) -> (Detector, Vec<(i64, f64)>) {
    let begin = traffic.start + 2 * WEEK + 13 * HOUR;
    let mut detector = Detector::new(Kind::Counts, traffic.step);
    let (before, after): (Vec<_>, _) = traffic.calls(seed, 2 * WEEK + 15 * HOUR).partition(|(at, _)| *at < begin);
    for (at, calls) in before {
        detector.observe(at, Observation::Value(calls));
    }
    (detector, after)
}

/// The observations after which an event has been found: 1 is its first.
fn found_after((detector, after): &(Detector, Vec<(i64, f64)>), event: impl Fn(f64) -> f64) -> Option<usize> {
    let mut detector = detector.clone();
    let mut begins = after.iter().map(|(at, calls)| detector.observe(*at, Observation::Value(event(*calls))).begins);
    begins.position(|begins| begins).map(|index| index + 1)
}

#[test]
fn a_full_stop_and_a_tenfold_burst_are_found_within_two_minutes() {
    for (rate, noise) in [(7.0, 0.0), (7.0, 0.15), (30.0, 0.15), (116.0, 0.3), (1_000.0, 0.3)] {
        for seed in 0..3 {
            let after = learned(&Traffic::by_minute(rate, noise), seed);
            let (stop, burst) = (found_after(&after, |_| 0.0), found_after(&after, |calls| 10.0 * calls));
            assert!(stop.is_some_and(|after| after <= 2), "{rate} a minute, noise {noise}, seed {seed}: {stop:?}");
            assert!(burst.is_some_and(|after| after <= 2), "{rate} a minute, noise {noise}, seed {seed}: {burst:?}");
        }
    }
}

#[test]
fn even_traffic_of_seven_to_twenty_calls_a_minute_raises_little_and_a_stop_and_a_burst_are_found_within_two_minutes() {
    let mut n_alarms = 0;
    for rate in 7..=20 {
        let traffic = Traffic::flat(f64::from(rate));
        for seed in 0..4 {
            let after = learned(&traffic, seed);
            let (stop, burst) = (found_after(&after, |_| 0.0), found_after(&after, |calls| 10.0 * calls));
            assert!(stop.is_some_and(|after| after <= 2), "{rate} a minute, seed {seed}: {stop:?}");
            assert!(burst.is_some_and(|after| after <= 2), "{rate} a minute, seed {seed}: {burst:?}");
        }
        let n_found = false_alarms(&traffic, 5);
        assert!(n_found <= 1, "{rate} a minute: {n_found}");
        n_alarms += n_found;
    }
    assert!(n_alarms <= 3, "{n_alarms} in fourteen series");
}

#[test]
fn a_stop_of_slow_traffic_is_found_once_fourteen_calls_are_missing() {
    for seed in 0..4 {
        let stop = found_after(&learned(&Traffic::by_minute(2.0, 0.15), seed), |_| 0.0);
        assert!(stop.is_some_and(|after| after <= 8), "seed {seed}: {stop:?}");
        let stop = found_after(&learned(&Traffic::by_hour(30.0, 0.15), seed), |_| 0.0);
        assert!(stop.is_some_and(|after| after <= 1), "seed {seed}, by the hour: {stop:?}");
    }
}

/// Anomalies in two weeks of nothing but traffic, after two weeks to learn.
fn false_alarms(traffic: &Traffic, seed: u64) -> usize {
    let observations = traffic.calls(seed, 4 * WEEK).map(|(at, calls)| (at, Observation::Value(calls)));
    let anomalies = detect(Kind::Counts, traffic.step, observations);
    anomalies.iter().filter(|anomaly| anomaly.begin >= traffic.start + 2 * WEEK).count()
}

#[test]
fn steady_traffic_raises_at_most_one_false_alarm_in_two_weeks() {
    let mut total = 0;
    let mut n_series = 0;
    for rate in [2.0, 7.0, 116.0] {
        for noise in [0.0, 0.15, 0.3] {
            for traffic in [Traffic::by_minute(rate, noise), Traffic::by_hour(rate, noise)] {
                let n_alarms = false_alarms(&traffic, 11);
                assert!(n_alarms <= 1, "{rate} each {} s, noise {noise}: {n_alarms}", traffic.step);
                total += n_alarms;
                n_series += 1;
            }
        }
    }
    assert!(total * 2 <= n_series, "{total} in {n_series} series");
}

/// The anomalies of an office whose clock is put forward in the night to a Sunday, from a week before on.
fn around_the_change_of_the_clock(opens: impl Fn(f64) -> f64) -> Vec<Anomaly> {
    let change = at_utc("2026-10-03T16:00:00Z");
    let office = Traffic { start: change - 4 * WEEK - 4 * DAY, ..Traffic::office(30.0) };
    let observations = office.calls_on_clock(3, 6 * WEEK, |at| if at < change { 0 } else { HOUR });
    let observed =
        observations.map(|(at, calls)| (at, Observation::Value(if at < change { calls } else { opens(calls) })));
    let mut anomalies = detect(Kind::Counts, office.step, observed);
    anomalies.retain(|anomaly| anomaly.begin >= change - WEEK);
    anomalies
}

#[test]
fn summer_time_raises_no_alarm() {
    assert_eq!(around_the_change_of_the_clock(|calls| calls), []);
}

#[test]
fn in_the_days_of_a_change_of_the_clock_a_burst_is_still_found() {
    assert!(!around_the_change_of_the_clock(|calls| 10.0 * calls).is_empty());
}

#[test]
fn a_span_that_is_known_or_was_not_counted_raises_no_alarm() {
    let office = Traffic::office(30.0);
    let busy = office.start + 3 * WEEK + DAY..office.start + 3 * WEEK + 2 * DAY;
    let played = |of_busy: fn(f64) -> Observation| {
        let observations = office.calls(5, 5 * WEEK).map(|(at, calls)| {
            (at, if busy.contains(&at) { of_busy(10.0 * calls) } else { Observation::Value(calls) })
        });
        let mut anomalies = detect(Kind::Counts, office.step, observations);
        anomalies.retain(|anomaly| anomaly.begin >= busy.start - DAY);
        anomalies
    };
    assert_eq!(played(Observation::Known), []);
    assert_eq!(played(|_| Observation::Missing), []);
    assert!(!played(Observation::Value).is_empty(), "the same day, of which nothing is known, is one");
}

#[test]
fn an_event_is_one_anomaly_that_says_when_it_was_over() {
    let traffic = Traffic::by_minute(116.0, 0.15);
    let stop = traffic.start + 2 * WEEK + 13 * HOUR..traffic.start + 2 * WEEK + 13 * HOUR + 40 * MINUTE;
    let observations = traffic
        .calls(2, 2 * WEEK + 20 * HOUR)
        .map(|(at, calls)| (at, Observation::Value(if stop.contains(&at) { 0.0 } else { calls })));
    let mut anomalies = detect(Kind::Counts, traffic.step, observations);
    anomalies.retain(|anomaly| anomaly.begin >= stop.start);
    let [anomaly] = anomalies[..] else { panic!("{anomalies:?}") };
    assert!(anomaly.begin <= stop.start + MINUTE && anomaly.observed == 0.0 && anomaly.expected > 50.0, "{anomaly:?}");
    assert!(anomaly.end.is_some_and(|end| (stop.end..stop.end + 10 * MINUTE).contains(&end)), "{anomaly:?}");
}

#[test]
fn a_new_level_is_usual_within_a_week() {
    let traffic = Traffic::by_hour(300.0, 0.0);
    let change = traffic.start + 3 * WEEK;
    let observations = traffic
        .calls(4, 5 * WEEK)
        .map(|(at, calls)| (at, Observation::Value(if at < change { calls } else { 5.0 * calls })));
    let mut anomalies = detect(Kind::Counts, traffic.step, observations);
    anomalies.retain(|anomaly| anomaly.begin >= change);
    assert!(anomalies.len() <= 3 && anomalies[0].begin == change && anomalies[0].end.is_some(), "{anomalies:?}");
    assert!(anomalies.iter().all(|anomaly| anomaly.begin < change + WEEK), "{anomalies:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_numbers_at_any_times_have_finite_scores(
        step in 1..100_000_i64,
        values in prop::collection::vec((any::<i64>(), prop_oneof![any::<f64>(), Just(0.0), 0.0..10.0_f64]), 0..600),
    ) {
        for kind in [Kind::Counts, Kind::Measurements] {
            let mut detector = Detector::new(kind, step);
            for (index, (time, value)) in values.iter().enumerate() {
                let at = if index % 9 == 0 { *time } else { index as i64 * step };
                let reading = detector.observe(at, Observation::Value(*value));
                prop_assert!((0.0..=1.0).contains(&reading.score) && reading.expected.is_finite(), "{reading:?}");
            }
        }
    }

    #[test]
    fn the_same_observations_give_the_same_anomalies(seed in any::<u64>()) {
        let run = || {
            let observations = Traffic::by_hour(20.0, 0.3).calls(seed, 2 * WEEK).map(|(at, calls)| (at, Observation::Value(calls)));
            detect(Kind::Counts, HOUR, observations)
        };
        prop_assert_eq!(run(), run());
    }
}
