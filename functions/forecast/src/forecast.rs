//! The forecast of the hours to come.
//!
//! Invariant: every number is finite and not negative; the bands of an hour stand around its expected calls.

use serde::{Deserialize, Serialize};

use crate::basis::Basis;
use crate::combination::{self, LEADS, Origin, SHORTEST_DAYS};
use crate::conformal::{self, Spread};
use crate::estimate::{Estimate, Reach};
use crate::history::{DAY, History};
use crate::short_history;

/// How well forecasts of the next 24 hours did in the last fortnight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// How many days: at most 14.
    pub days: usize,
    /// Calls an hour that the forecast was off by, on average.
    pub mean_error: f64,
    /// The same for last week's calls taken as a forecast.
    pub naive_mean_error: f64,
}

/// A forecast of consecutive hours, the first of which follows the history's last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// What it is made from.
    pub basis: Basis,
    /// The hours, in order.
    pub hours: Vec<Estimate>,
    /// How well it did of late; `None` with fewer than two weeks and a day.
    pub record: Option<Record>,
    /// How far the sums of one day, two days, … seven days may be off.
    #[serde(skip)]
    sums: [Reach; LEADS],
}

/// Days of [`Record`].
const RECORD_DAYS: usize = 14;
/// How fast the reach of a sum grows with its days, beyond a week: between as independent errors add up and as equal
/// ones do.
const GROWTH: std::ops::RangeInclusive<f64> = 0.8..=1.0;

impl Forecast {
    /// The forecast of the next hours. A year of hours is as good as any longer horizon, and is the longest.
    pub fn new(history: &History, n_hours: usize) -> Self {
        let n_hours = n_hours.min(LONGEST_HORIZON);
        let hours = history.hours();
        if hours.len() < SHORTEST_DAYS * DAY {
            let short = short_history::forecast(hours, n_hours);
            return Self { basis: short.basis, hours: short.hours, record: None, sums: short.sums };
        }
        let origins = combination::replay(hours);
        let expected = combination::forecast(hours, &origins, n_hours);
        let spreads = spreads(hours, &origins);
        let estimate = |(hour, expected): (usize, &f64)| {
            Estimate::new(*expected, spreads[(hour / DAY).min(LEADS - 1)].at(hour).times(further(hour)))
        };
        Self {
            basis: Basis::Weeks,
            hours: expected.iter().enumerate().map(estimate).collect(),
            record: record(&origins),
            sums: sums(hours, &origins),
        }
    }

    /// The calls of the first hours together; of all, when there are not as many.
    pub fn total(&self, n_hours: usize) -> Estimate {
        let n_hours = n_hours.min(self.hours.len());
        let expected = self.hours[..n_hours].iter().map(|hour| hour.expected).sum();
        Estimate::new(expected, self.reach_of_sum(n_hours))
    }

    /// How far the sum of the first hours may be off.
    pub(crate) fn reach_of_sum(&self, n_hours: usize) -> Reach {
        let days = n_hours as f64 / DAY as f64;
        let whole = n_hours / DAY;
        let last = self.sums[LEADS - 1];
        if whole >= LEADS {
            let growth = |first: f64, last: f64| {
                let exponent = if first > 0.0 { (last / first).ln() / (LEADS as f64).ln() } else { 1.0 };
                (days / LEADS as f64).powf(exponent.clamp(*GROWTH.start(), *GROWTH.end()))
            };
            let first = self.sums[0];
            return Reach {
                of80: last.of80 * growth(first.of80, last.of80),
                of95: last.of95 * growth(first.of95, last.of95),
            };
        }
        let before = whole.checked_sub(1).map_or(Reach::default(), |day| self.sums[day]);
        let after = self.sums[whole];
        let between = |before: f64, after: f64| before + (after - before) * (days - whole as f64);
        Reach { of80: between(before.of80, after.of80), of95: between(before.of95, after.of95) }
    }
}

/// A year.
const LONGEST_HORIZON: usize = 366 * DAY;

/// How much wider the bands of an hour beyond the first week are than those of the seventh day.
fn further(hour: usize) -> f64 {
    (hour as f64 / (LEADS * DAY) as f64).max(1.0).powf(0.25)
}

/// The spread of each day ahead. Where too few days are over, that of the day before it, or of the weeks themselves.
fn spreads(hours: &[f64], origins: &[Origin]) -> [Spread; LEADS] {
    let mut nearer = None;
    std::array::from_fn(|lead| {
        let spread =
            Spread::new(origins, lead).or_else(|| nearer.take()).unwrap_or_else(|| short_history::spread(hours));
        nearer = Some(spread.clone());
        spread
    })
}

fn sums(hours: &[f64], origins: &[Origin]) -> [Reach; LEADS] {
    let mut wide = short_history::sums(hours);
    for (wide, known) in wide.iter_mut().zip(conformal::of_sums(origins)) {
        *wide = known.unwrap_or(*wide);
    }
    wide
}

fn record(origins: &[Origin]) -> Option<Record> {
    let last = &origins[origins.len().saturating_sub(RECORD_DAYS)..];
    if last.is_empty() {
        return None;
    }
    let mean = |forecast: fn(&Origin) -> &[f64]| {
        let of_day = |origin: &Origin| -> f64 {
            forecast(origin)
                .iter()
                .zip(&origin.actual)
                .take(DAY)
                .map(|(forecast, actual)| (forecast - actual).abs())
                .sum()
        };
        last.iter().map(of_day).sum::<f64>() / (last.len() * DAY) as f64
    };
    Some(Record {
        days: last.len(),
        mean_error: mean(|origin| &origin.combined),
        naive_mean_error: mean(|origin| &origin.naive),
    })
}
