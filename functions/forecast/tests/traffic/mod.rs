//! Traffic as it is: counts by chance around a rate with a daily and a weekly shape, and noise that lingers.
//!
//! Invariant: the same seed makes the same traffic.

use std::f64::consts::TAU;

use jiff::Timestamp;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const WEEK: i64 = 7 * DAY;

/// A number in [0, 1) and a normal one, from a seed.
#[derive(Clone, Copy)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// A count by chance around a rate.
    pub(crate) fn poisson(&mut self, rate: f64) -> f64 {
        if rate > 50.0 {
            return (rate + rate.sqrt() * self.normal()).round().max(0.0);
        }
        let (least, mut product, mut count) = ((-rate).exp(), self.uniform(), 0.0);
        while product > least {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

/// Traffic of one series.
#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    /// A Monday.
    pub(crate) start: i64,
    pub(crate) step: i64,
    /// Calls a step, on average of the busy hours.
    pub(crate) rate: f64,
    /// The standard deviation of the rate's logarithm, which keeps nine tenths of itself from step to step.
    pub(crate) noise: f64,
    pub(crate) shape: Shape,
}

/// How calls are spread over the week.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Evenly.
    Flat,
    /// Most in the afternoon, fewer on weekends.
    Wave,
    /// In the hours of an office.
    Office,
}

pub(crate) fn at_utc(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap_or_default().as_second()
}

impl Traffic {
    pub(crate) fn by_minute(rate: f64, noise: f64) -> Self {
        Self { start: at_utc("2026-06-01T00:00:00Z"), step: MINUTE, rate, noise, shape: Shape::Wave }
    }

    pub(crate) fn by_hour(rate: f64, noise: f64) -> Self {
        Self { step: 60 * MINUTE, ..Self::by_minute(rate, noise) }
    }

    pub(crate) fn flat(rate: f64) -> Self {
        Self { shape: Shape::Flat, ..Self::by_minute(rate, 0.0) }
    }

    /// Opens and closes at full hours, on working days.
    pub(crate) fn office(rate: f64) -> Self {
        Self { step: 5 * MINUTE, shape: Shape::Office, ..Self::by_minute(rate, 0.1) }
    }

    /// Calls from the start on.
    pub(crate) fn calls(self, seed: u64, seconds: i64) -> impl Iterator<Item = (i64, f64)> {
        self.calls_on_clock(seed, seconds, |_| 0)
    }

    /// The same, of callers whose clock is ahead.
    pub(crate) fn calls_on_clock(
        self,
        seed: u64,
        seconds: i64,
        ahead: impl Fn(i64) -> i64,
    ) -> impl Iterator<Item = (i64, f64)> {
        let mut random = Random::new(seed);
        let mut level = 0.0;
        (0..seconds / self.step).map(move |index| {
            let at = self.start + index * self.step;
            level = 0.9 * level + self.noise * (1.0_f64 - 0.81).sqrt() * random.normal();
            (at, random.poisson(self.rate * self.shape(at + ahead(at)) * level.exp()))
        })
    }

    fn shape(self, at: i64) -> f64 {
        let hour = at.rem_euclid(DAY) as f64 / 3_600.0;
        let is_weekend = (at - self.start).rem_euclid(WEEK) >= 5 * DAY;
        match self.shape {
            Shape::Flat => 1.0,
            Shape::Wave => (1.0 + 0.6 * ((hour - 14.0) / 24.0 * TAU).cos()) * if is_weekend { 0.6 } else { 1.0 },
            Shape::Office if !is_weekend && (9.0..17.0).contains(&hour) => 1.0,
            Shape::Office => 0.02,
        }
    }
}
