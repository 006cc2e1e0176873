//! What holds for forecasts of any history.
//!
//! Invariant: histories are made by the test; none is chosen to pass.

use forecast::{Basis, Forecast, History};
use proptest::prelude::*;

const DAY: usize = 24;
const WEEK: usize = 7 * DAY;

/// Calls of an office with a weekly and a daily shape, times a size.
fn office(n_hours: usize, size: u64) -> Vec<u64> {
    let busy = |hour: usize| hour % WEEK / DAY < 5 && (8..18).contains(&(hour % DAY));
    (0..n_hours).map(|hour| if busy(hour) { size * (10 + (hour * hour % 7) as u64) } else { 0 }).collect()
}

fn is_sound(forecast: &Forecast) -> bool {
    forecast.hours.iter().chain(&[forecast.total(forecast.hours.len())]).all(|estimate| {
        let numbers = [
            0.0,
            estimate.band95.low,
            estimate.band80.low,
            estimate.expected,
            estimate.band80.high,
            estimate.band95.high,
        ];
        numbers.is_sorted() && numbers.iter().all(|number| number.is_finite())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_counts_give_finite_numbers_in_nested_bands(
        counts in prop::collection::vec(prop_oneof![Just(0), 0..50_u64, any::<u64>(), Just(u64::MAX)], 0..1_200),
        horizon in 0..800_usize,
    ) {
        let forecast = Forecast::new(&History::new(&counts), horizon);
        prop_assert_eq!(forecast.hours.len(), horizon);
        prop_assert!(is_sound(&forecast));
    }

    #[test]
    fn the_same_history_gives_the_same_forecast(counts in prop::collection::vec(0..1_000_u64, 300..700)) {
        let history = History::new(&counts);
        prop_assert_eq!(Forecast::new(&history, WEEK), Forecast::new(&history, WEEK));
    }

    #[test]
    fn a_longer_horizon_says_the_same_of_the_hours_before(counts in prop::collection::vec(0..1_000_u64, 400..500)) {
        let history = History::new(&counts);
        let (short, long) = (Forecast::new(&history, DAY), Forecast::new(&history, 4 * WEEK));
        prop_assert_eq!(&short.hours[..], &long.hours[..DAY]);
    }

    #[test]
    fn twice_the_calls_give_twice_the_forecast(counts in prop::collection::vec(0..1_000_u64, 400..600)) {
        let doubled: Vec<u64> = counts.iter().map(|count| 2 * count).collect();
        let forecast = |counts: &[u64]| Forecast::new(&History::new(counts), WEEK);
        for (once, twice) in forecast(&counts).hours.iter().zip(&forecast(&doubled).hours) {
            let close = |once: f64, twice: f64| (2.0 * once - twice).abs() < 1e-6 * twice.abs().max(1.0);
            prop_assert!(close(once.expected, twice.expected) && close(once.band80.high, twice.band80.high));
        }
    }

    #[test]
    fn fewer_calls_left_run_out_no_later(counts in prop::collection::vec(0..1_000_u64, 400..600), left in 0..400_000_u64) {
        let forecast = Forecast::new(&History::new(&counts), 4 * WEEK);
        let (less, more) = (forecast.run_out(left), forecast.run_out(left + 10_000));
        let hour = |hour: Option<usize>| hour.unwrap_or(usize::MAX);
        prop_assert!(hour(less.expected) <= hour(more.expected));
        prop_assert!(hour(more.earliest) <= hour(more.expected) && hour(more.expected) <= hour(more.latest));
    }
}

#[test]
fn traffic_that_repeats_is_foretold_to_the_call() {
    let counts = office(8 * WEEK, 1);
    let repeated: Vec<u64> = (0..8 * WEEK).map(|hour| counts[hour % WEEK]).collect();
    let forecast = Forecast::new(&History::new(&repeated), 2 * WEEK);
    for (hour, estimate) in forecast.hours.iter().enumerate() {
        assert!((estimate.expected - counts[hour % WEEK] as f64).abs() < 1e-6, "hour {hour}: {estimate:?}");
    }
}

#[test]
fn the_days_after_a_change_of_the_clock_are_on_the_new_clock() {
    let usual = office(9 * WEEK, 100);
    let (change, now) = (8 * WEEK, 8 * WEEK + 2 * DAY);
    let counted = |hour: usize| if hour < change { usual[hour] } else { usual[hour - 1] };
    let counts: Vec<u64> = (0..now).map(counted).collect();
    let forecast = Forecast::new(&History::new(&counts), DAY);
    let off = |expected: &dyn Fn(usize) -> f64| -> f64 {
        (0..DAY).map(|hour| (expected(hour) - counted(now + hour) as f64).abs()).sum()
    };
    let naive = off(&|hour| counts[now + hour - WEEK] as f64);
    assert!(off(&|hour| forecast.hours[hour].expected) < naive / 4.0);
}

#[test]
fn a_short_history_says_so_and_has_a_wide_band() {
    let day: Vec<u64> = office(WEEK, 10)[..].to_vec();
    let of = |n_hours: usize| Forecast::new(&History::new(&day[..n_hours]), DAY);
    assert_eq!([0, 30, 100].map(|n_hours| of(n_hours).basis), [Basis::Nothing, Basis::Hours, Basis::Days]);
    assert_eq!(of(100).record, None);
    assert!(of(100).hours.iter().all(|hour| hour.band80.high - hour.expected > 10.0));
    assert_eq!(of(100).hours[0].expected, day[100 - DAY] as f64);
}

#[test]
fn a_quota_runs_out_in_the_hour_in_which_the_sum_reaches_it() {
    let forecast = Forecast::new(&History::new(&vec![10; 4 * WEEK]), WEEK);
    assert_eq!(forecast.run_out(95).expected, Some(9));
    assert_eq!(forecast.run_out(0).expected, Some(0));
    assert_eq!(forecast.run_out(1_000_000).earliest, None);
}

#[test]
fn of_late_it_did_better_than_last_week_on_traffic_with_noise() {
    let mut counts = office(10 * WEEK, 20);
    let mut state = 1_u64;
    for count in &mut counts {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *count += *count * (state >> 33) / (1 << 32);
    }
    let record = Forecast::new(&History::new(&counts), DAY).record.unwrap();
    assert!(record.mean_error < 0.9 * record.naive_mean_error, "{record:?}");
}
