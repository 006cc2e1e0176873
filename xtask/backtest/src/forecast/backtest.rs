//! One series, forecast from origins in its past.
//!
//! Invariant: a forecast sees nothing of what comes after its origin.

use std::time::{Duration, Instant};

use forecast::{Forecast, History, LONGEST};
use serde_json::{Value, json};

use super::{ALLOCATIONS, rival};

const DAY: usize = 24;
const WEEK: usize = 7 * DAY;
/// The origins of each horizon: a day apart, the last ones that there are.
const N_ORIGINS: usize = 98;
/// What is known at the first origin, at least.
const SHORTEST: usize = 4 * WEEK;
/// The days and the weeks that are forecast.
pub(crate) const HORIZONS: [usize; 2] = [DAY, WEEK];
/// A month's hours, and its days on which its total is foretold.
const MONTH: usize = 30 * DAY;
const MONTH_DAYS: [usize; 4] = [10, 15, 20, 25];
/// The shortest series of which every horizon has an origin.
pub(crate) const FEWEST: usize = SHORTEST + WEEK;
/// The rival takes seconds for what takes milliseconds: it is asked at every so manieth origin.
const RIVAL_EVERY: usize = 5;

/// How forecasts of one horizon did, summed up over the origins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Horizon {
    pub(crate) n_origins: usize,
    n_hours: usize,
    error: f64,
    naive_error: f64,
    relative_error: f64,
    width: f64,
    calls: f64,
    n_in_80: usize,
    n_in_95: usize,
    /// The scale of MASE: the mean error of last week within the history, summed up over the origins.
    scale: f64,
    rival_error: f64,
    rival_naive_error: f64,
}

/// How totals of months were foretold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Months {
    pub(crate) n_totals: usize,
    /// Sums of errors as shares of the totals.
    pub(crate) error: f64,
    pub(crate) pace_error: f64,
    n_in_80: usize,
    n_in_95: usize,
}

/// All that was measured of one series.
#[derive(Debug, Clone)]
pub(crate) struct Backtest {
    pub(crate) name: String,
    n_hours: usize,
    pub(crate) horizons: [Horizon; 2],
    pub(crate) months: Months,
    /// Of a month's forecast from as much history as is looked at, the median time and the largest memory.
    pub(crate) time: Duration,
    pub(crate) bytes: usize,
}

/// Forecasts a series of at least [`FEWEST`] hours.
pub(crate) fn run(name: String, counts: &[u64]) -> Backtest {
    let mut backtest = Backtest {
        name,
        n_hours: counts.len(),
        horizons: Default::default(),
        months: months(counts),
        time: Duration::ZERO,
        bytes: 0,
    };
    let mut times = Vec::new();
    let last = counts.len() - DAY;
    let origins = (0..).map_while(|days| last.checked_sub(days * DAY)).take_while(|origin| *origin >= SHORTEST);
    for (index, origin) in origins.take(N_ORIGINS + 7).enumerate() {
        let history = History::new(&counts[..origin]);
        let before = ALLOCATIONS.current_usage();
        ALLOCATIONS.reset_peak_usage();
        let begun = Instant::now();
        let forecast = Forecast::new(&history, MONTH);
        times.push(begun.elapsed());
        backtest.bytes = backtest.bytes.max(ALLOCATIONS.peak_usage().saturating_sub(before));
        let rival =
            (index % RIVAL_EVERY == 0).then(|| rival::forecast(&counts[origin.saturating_sub(LONGEST)..origin], WEEK));
        for (horizon, n_hours) in backtest.horizons.iter_mut().zip(HORIZONS) {
            if origin + n_hours <= counts.len() && horizon.n_origins < N_ORIGINS {
                horizon.add(&forecast, counts, origin, n_hours, rival.as_ref().and_then(Option::as_deref));
            }
        }
    }
    times.sort_unstable();
    backtest.time = times.get(times.len() / 2).copied().unwrap_or_default();
    backtest
}

impl Horizon {
    fn add(&mut self, forecast: &Forecast, counts: &[u64], origin: usize, n_hours: usize, rival: Option<&[f64]>) {
        self.n_origins += 1;
        self.n_hours += n_hours;
        let known = &counts[origin.saturating_sub(LONGEST)..origin];
        let steps = known.iter().zip(&known[WEEK..]).map(|(then, now)| now.abs_diff(*then) as f64);
        self.scale += steps.sum::<f64>() / (known.len() - WEEK) as f64 * n_hours as f64;
        for hour in 0..n_hours {
            let actual = counts[origin + hour] as f64;
            let naive = counts[origin - WEEK + hour % WEEK] as f64;
            let estimate = forecast.hours[hour];
            let off = (estimate.expected - actual).abs();
            self.error += off;
            self.naive_error += (naive - actual).abs();
            let size = estimate.expected + actual;
            self.relative_error += if size > 0.0 { 2.0 * off / size } else { 0.0 };
            self.calls += actual;
            self.width += estimate.band80.high - estimate.band80.low;
            self.n_in_80 += usize::from((estimate.band80.low..=estimate.band80.high).contains(&actual));
            self.n_in_95 += usize::from((estimate.band95.low..=estimate.band95.high).contains(&actual));
            if let Some(rival) = rival {
                self.rival_error += (rival[hour].max(0.0) - actual).abs();
                self.rival_naive_error += (naive - actual).abs();
            }
        }
    }

    /// The mean absolute error over that of last week's calls; `None` where those are never wrong.
    pub(crate) fn ratio(&self) -> Option<f64> {
        quotient(self.error, self.naive_error)
    }

    /// The same of the rival, at the origins where it was asked.
    pub(crate) fn rival_ratio(&self) -> Option<f64> {
        quotient(self.rival_error, self.rival_naive_error)
    }

    /// The shares of hours in the bands.
    pub(crate) fn coverage(&self) -> [f64; 2] {
        [self.n_in_80, self.n_in_95].map(|n_in| n_in as f64 / self.n_hours.max(1) as f64)
    }

    fn json(&self, n_hours: usize) -> Value {
        let [coverage80, coverage95] = self.coverage();
        json!({
            "hours": n_hours,
            "origins": self.n_origins,
            "ratio": self.ratio(),
            "rivalRatio": self.rival_ratio(),
            "meanError": self.error / self.n_hours.max(1) as f64,
            "mase": quotient(self.error, self.scale),
            "smape": self.relative_error / self.n_hours.max(1) as f64,
            "coverage80": coverage80,
            "coverage95": coverage95,
            "width80": quotient(self.width, self.calls),
        })
    }
}

impl Months {
    /// By how much nearer than the pace so far: 0.25 is a quarter nearer. `None` without a month.
    pub(crate) fn improvement(&self) -> Option<f64> {
        quotient(self.error, self.pace_error).map(|ratio| 1.0 - ratio)
    }

    fn json(&self) -> Value {
        let share = |n_in: usize| quotient(n_in as f64, self.n_totals as f64);
        json!({
            "totals": self.n_totals,
            "improvement": self.improvement(),
            "coverage80": share(self.n_in_80),
            "coverage95": share(self.n_in_95),
        })
    }
}

impl Backtest {
    pub(crate) fn json(&self) -> Value {
        let horizons = self.horizons.iter().zip(HORIZONS).map(|(horizon, n_hours)| horizon.json(n_hours));
        json!({
            "series": self.name,
            "hours": self.n_hours,
            "horizons": horizons.collect::<Vec<_>>(),
            "months": self.months.json(),
            "milliseconds": self.time.as_secs_f64() * 1e3,
            "kibibytes": self.bytes as f64 / 1024.0,
        })
    }
}

/// Foretells the totals of the months that begin with the first hour, once four weeks are known.
fn months(counts: &[u64]) -> Months {
    let mut months = Months::default();
    for (month, calls) in counts.chunks_exact(MONTH).enumerate() {
        let total = calls.iter().sum::<u64>() as f64;
        for days in MONTH_DAYS {
            let now = month * MONTH + days * DAY;
            if now < SHORTEST || total == 0.0 {
                continue;
            }
            let so_far = calls[..days * DAY].iter().sum::<u64>() as f64;
            let left = MONTH - days * DAY;
            let rest = Forecast::new(&History::new(&counts[..now]), left).total(left);
            let pace = so_far * MONTH as f64 / (days * DAY) as f64;
            months.n_totals += 1;
            months.error += (so_far + rest.expected - total).abs() / total;
            months.pace_error += (pace - total).abs() / total;
            months.n_in_80 += usize::from((rest.band80.low..=rest.band80.high).contains(&(total - so_far)));
            months.n_in_95 += usize::from((rest.band95.low..=rest.band95.high).contains(&(total - so_far)));
        }
    }
    months
}

fn quotient(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_that_repeats_has_no_ratio_and_is_within_its_bands() {
        let counts: Vec<u64> = (0..6 * WEEK).map(|hour| (hour % WEEK) as u64).collect();
        let backtest = run("same".to_owned(), &counts);
        let [day, week] = &backtest.horizons;
        assert_eq!((day.n_origins, week.n_origins, day.ratio()), (14, 8, None));
        assert_eq!(week.coverage(), [1.0, 1.0]);
        assert_eq!(backtest.months.n_totals, 0);
    }

    #[test]
    fn a_month_is_foretold_on_four_of_its_days() {
        let counts: Vec<u64> = (0..60 * DAY).map(|hour| 100 + (hour % WEEK) as u64 + (hour % 13) as u64).collect();
        let backtest = run("months".to_owned(), &counts);
        assert_eq!(backtest.months.n_totals, MONTH_DAYS.len());
        assert!(backtest.months.improvement().unwrap() > 0.5);
        assert!(backtest.json().to_string().contains("improvement"));
    }
}
