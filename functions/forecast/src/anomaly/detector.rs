//! The detector: what is rare enough to be told.
//!
//! Invariant: while an anomaly lasts no other begins, and nothing of it is learned.

use super::baseline::Baseline;
use super::observation::{Anomaly, Kind, Observation, Reading};
use super::tail::Tail;

/// Observations before the first score: a day's, within bounds.
const WARM_UP: std::ops::RangeInclusive<i64> = 48..=300;
/// False alarms in two weeks that are aimed at, of one series.
const FALSE_ALARMS: f64 = 0.1;
/// But rarer than one in a thousand observations, however few there are in two weeks.
const RARE: f64 = 1e-3;
/// A probability of ten to the power of minus this has the score 1.
const CERTAIN: f64 = 12.0;
/// How much less probable a value is for being beyond all before it.
const BEYOND: f64 = 0.01;
/// Beyond is by more than this share of the range of all before it.
const BEYOND_RANGE: f64 = 0.05;
/// How much of the last high score is left after an observation: scores below it say nothing new.
const FADING: f64 = 0.99;
/// Numbers of observations that are looked at together.
const WINDOWS: [usize; 3] = [1, 2, 4];
/// A single deviation counts at most so much in a window.
const MOST: f64 = 30.0;
/// Of the calls that did not come, how many count where levels vary beside chance.
const MISSED: f64 = 0.7;
/// Counts that deviate by so much, where chance alone makes it one, do not vary beside it.
const SPREAD_OF_CHANCE: f64 = 1.2;
/// And their pauses are this near to being as rare as chance makes them: e-fold with each call that is missing.
const LIKE_CHANCE: f64 = 0.9;
/// An anomaly is over after so many observations within so many standard deviations.
const CALM: (u32, f64) = (3, 2.5);
/// Or when it has lasted a day, but at least so many observations: it is usual now.
const LONGEST: i64 = 24;
/// The least deviation of measurements, as a share of their range.
const RESOLUTION: f64 = 0.002;
const DAY: i64 = 86_400;
const TWO_WEEKS: f64 = 14.0 * 86_400.0;

/// Follows one series.
#[derive(Debug, Clone)]
pub struct Detector {
    kind: Kind,
    step: i64,
    baseline: Baseline,
    /// Standardized deviations of the last observations, newest first.
    recent: [f64; WINDOWS[WINDOWS.len() - 1]],
    /// The deviations upwards, and those downwards.
    tails: [Tail; 2],
    /// The smallest and the largest value.
    range: Option<(f64, f64)>,
    /// The last high score, fading.
    peak: f64,
    /// Zeros that are not learned before a call comes, and the calls that were expected in their place.
    zeros: Vec<i64>,
    missed: f64,
    missed_tail: Tail,
    /// The anomaly that lasts, since how many observations, and how many of the last of these were calm.
    anomaly: Option<Anomaly>,
    n_lasted: i64,
    n_calm: u32,
    last: Option<i64>,
}

/// All anomalies of a series with an observation each `step` seconds, each with its time in seconds since 1970.
pub fn detect(kind: Kind, step: i64, observations: impl IntoIterator<Item = (i64, Observation)>) -> Vec<Anomaly> {
    let mut detector = Detector::new(kind, step);
    let mut anomalies = Vec::new();
    for (at, observation) in observations {
        let reading = detector.observe(at, observation);
        if reading.begins {
            anomalies.extend(detector.anomaly());
        }
        if let (true, Some(anomaly)) = (reading.ends, anomalies.last_mut()) {
            anomaly.end = Some(at);
        }
    }
    anomalies
}

impl Detector {
    /// For observations each `step` seconds.
    pub fn new(kind: Kind, step: i64) -> Self {
        let step = step.max(1);
        // Chance alone makes counts deviate by one, once their variance is stabilized.
        let floor = if kind == Kind::Counts { 1.0 } else { f64::MIN_POSITIVE };
        Self {
            kind,
            step,
            baseline: Baseline::new(step, floor),
            recent: Default::default(),
            tails: Default::default(),
            range: None,
            peak: 0.0,
            zeros: Vec::new(),
            missed: 0.0,
            missed_tail: Tail::default(),
            anomaly: None,
            n_lasted: 0,
            n_calm: 0,
            last: None,
        }
    }

    /// The anomaly that lasts.
    pub fn anomaly(&self) -> Option<Anomaly> {
        self.anomaly
    }

    /// Reads the next observation, later than those before it.
    ///
    /// The score is the decimal logarithm of the probability that a series like this one so far has such a deviation,
    /// as a share of the twelve powers of ten after which it counts as certain. It is zero for what follows a higher
    /// one, so that an event has one high score. An anomaly begins where less than one in ten series of two weeks
    /// would have one by chance.
    ///
    /// A value that is no number is missing. Times have no meaning but their place in the day and the week, in UTC.
    pub fn observe(&mut self, at: i64, observation: Observation) -> Reading {
        // Far from every calendar, so that sums of times are numbers.
        let at = at.clamp(-(1 << 55), 1 << 55);
        let is_next = self.last.is_some_and(|last| at - last <= self.step);
        self.last = Some(at);
        match observation {
            Observation::Value(value) if value.is_finite() => {
                if !is_next {
                    self.forget_recent();
                }
                self.read(at, value)
            }
            _ => {
                self.forget_recent();
                let expected = self.restore(self.baseline.expect(at, 0.0).value);
                Reading { score: 0.0, expected, begins: false, ends: false }
            }
        }
    }

    fn read(&mut self, at: i64, observed: f64) -> Reading {
        let value = self.stabilize(observed);
        let expected = self.baseline.expect(at, value);
        let calls = self.restore(expected.value);
        let range = self.range.map_or(0.0, |(low, high)| high - low);
        let resolution = if self.kind == Kind::Counts { 0.0 } else { RESOLUTION * range + 1e-9 * value.abs() };
        let deviation = (value - expected.value) / expected.deviation.max(resolution).max(f64::MIN_POSITIVE);
        self.recent.rotate_right(1);
        self.recent[0] = deviation.clamp(-MOST.powi(3), MOST.powi(3));
        let is_zero = self.kind == Kind::Counts && observed == 0.0;
        if is_zero {
            self.missed += calls;
        } else {
            // Of a stop its end counts: on its way there it would make itself usual.
            self.missed_tail.add(self.missed);
            self.missed = 0.0;
        }

        let largest = self.largest();
        let (side, size) = (usize::from(largest < 0.0), largest.abs());
        let probability = self.probability(value, side, size, expected.deviation);
        let reading = self.judge(at, observed, calls, deviation, probability);

        self.tails[side].add(size);
        self.tails[1 - side].add(0.0);
        let (low, high) = self.range.unwrap_or((value, value));
        self.range = Some((low.min(value), high.max(value)));
        if reading.ends && self.n_calm < CALM.0 {
            self.baseline.settle(at, value);
        }
        if self.anomaly.is_none() || !self.is_warm() {
            self.learn(at, value, is_zero);
        } else {
            self.zeros.clear();
        }
        reading
    }

    /// How probable a value is whose deviation is so large, to that side.
    fn probability(&self, value: f64, side: usize, size: f64, spread: f64) -> f64 {
        let of_deviation = self.tails[side].probability(size) * if self.is_beyond(value) { BEYOND } else { 1.0 };
        of_deviation.min(self.probability_of_missed(spread))
    }

    /// How probable it is that as many calls are missing as are: by chance, where counts vary by it alone, and else no
    /// less than pauses were.
    fn probability_of_missed(&self, spread: f64) -> f64 {
        if self.missed == 0.0 {
            return 1.0;
        }
        if spread <= SPREAD_OF_CHANCE && self.missed_tail.falls_by(LIKE_CHANCE) {
            return (-self.missed).exp();
        }
        (-MISSED * self.missed).exp().max(self.missed_tail.probability(self.missed))
    }

    /// Begins and ends anomalies.
    fn judge(&mut self, at: i64, observed: f64, expected: f64, deviation: f64, probability: f64) -> Reading {
        let rarity = if self.is_warm() { (-probability.max(1e-300).log10() / CERTAIN).clamp(0.0, 1.0) } else { 0.0 };
        self.peak *= FADING;
        let is_new = rarity > self.peak;
        self.peak = self.peak.max(rarity);
        let mut reading = Reading { score: 0.0, expected, begins: false, ends: false };
        if self.anomaly.is_some() {
            self.n_lasted += 1;
            self.n_calm = if deviation.abs() < CALM.1 { self.n_calm + 1 } else { 0 };
            reading.ends = self.n_calm >= CALM.0 || self.n_lasted >= (DAY / self.step).max(LONGEST);
            if reading.ends {
                self.anomaly = None;
            }
        } else if is_new {
            reading.score = rarity;
            reading.begins = probability < self.threshold();
            if reading.begins {
                self.anomaly = Some(Anomaly { begin: at, end: None, expected, observed, score: rarity });
                (self.n_lasted, self.n_calm) = (0, 0);
            }
        }
        reading
    }

    /// The probability below which an anomaly begins.
    fn threshold(&self) -> f64 {
        (FALSE_ALARMS * self.step as f64 / TWO_WEEKS).min(RARE)
    }

    fn is_warm(&self) -> bool {
        self.baseline.n_learned() >= (DAY / self.step).clamp(*WARM_UP.start(), *WARM_UP.end()) as u64
    }

    /// The largest deviation of the windows, with its sign.
    fn largest(&self) -> f64 {
        let of_window = |n_values: &usize| {
            // What a single one weighs is bounded only where it is not alone.
            let bound = if *n_values == 1 { f64::INFINITY } else { MOST };
            let sum: f64 = self.recent[..*n_values].iter().map(|deviation| deviation.clamp(-bound, bound)).sum();
            sum / (*n_values as f64).sqrt()
        };
        WINDOWS
            .iter()
            .map(of_window)
            .fold(0.0, |largest, sum| if sum.abs() > f64::abs(largest) { sum } else { largest })
    }

    fn is_beyond(&self, value: f64) -> bool {
        self.range.is_some_and(|(low, high)| {
            let margin = BEYOND_RANGE * (high - low);
            value > high + margin || value < low - margin
        })
    }

    fn forget_recent(&mut self) {
        self.recent = Default::default();
        self.missed = 0.0;
    }

    /// Zeros are kept back until a call comes, at most a day of them: in a stop, what is expected stays what it was.
    fn learn(&mut self, at: i64, value: f64, is_zero: bool) {
        if is_zero && self.is_warm() && (self.zeros.len() as i64) < DAY / self.step {
            self.zeros.push(at);
            return;
        }
        let zero = self.stabilize(0.0);
        for at in std::mem::take(&mut self.zeros) {
            self.baseline.learn(at, zero);
        }
        self.baseline.learn(at, value);
    }

    /// A value of which chance alone makes a standard deviation of one, whatever its size: Anscombe, "The
    /// Transformation of Poisson, Binomial and Negative-Binomial Data", Biometrika 35 (1948).
    fn stabilize(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Counts => 2.0 * (value.max(0.0) + 0.375).sqrt(),
            Kind::Measurements => value.clamp(-1e150, 1e150),
        }
    }

    fn restore(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Counts => ((value / 2.0).max(0.0).powi(2) - 0.375).max(0.0),
            Kind::Measurements => value,
        }
    }
}
