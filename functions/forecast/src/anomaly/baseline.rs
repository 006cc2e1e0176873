//! What is expected next, and how far off that usually is.
//!
//! Invariant: a value that is far off moves it no more than one that is somewhat off.
//!
//! Nine models: no profile, the day's and the week's, each with a level that follows fast, steadily or slowly. The one
//! with the smallest error of late is believed.

use super::clock;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
/// Places of a day that are told apart, at most: five minutes.
const DAY_PLACES: i64 = 288;
/// How fast a place of the day learns, once it knows something.
const DAY_RATE: f64 = 0.125;
/// The same for an hour of the week, which sees many values each time.
const WEEK_RATE: f64 = 0.02;
/// How fast levels follow.
const LEVEL_RATES: [f64; 3] = [0.4, 0.1, 0.02];
/// How fast errors are forgotten.
const ERROR_RATE: f64 = 0.003;
/// No profile, the day's, the week's.
const N_PROFILES: usize = 3;
const N_MODELS: usize = N_PROFILES * LEVEL_RATES.len();
/// The values after which it is known what is far off.
const FIRST: u64 = 30;
/// So many usual errors are far off.
const FAR: f64 = 6.0;
/// The values after which an hour of the day has a usual error of its own.
const FIRST_OF_HOUR: u32 = 8;
/// A normal distribution's standard deviation in mean absolute deviations.
const DEVIATION: f64 = 1.25;
/// By how much clocks are put forward or back.
const SHIFTS: [i64; 3] = [0, -HOUR, HOUR];
/// How much better another clock has to fit.
const CLEARLY: f64 = 0.75;

/// A mean that forgets.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    mean: f64,
    n_seen: u32,
}

impl Mean {
    fn learn(&mut self, value: f64, rate: f64) {
        self.n_seen = self.n_seen.saturating_add(1);
        self.mean += (value - self.mean) * rate.max(1.0 / f64::from(self.n_seen));
    }

    fn known(self) -> Option<f64> {
        (self.n_seen > 0).then_some(self.mean)
    }
}

/// What is expected, and the standard deviation around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub(super) value: f64,
    pub(super) deviation: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Baseline {
    day: Vec<Mean>,
    week: Vec<Mean>,
    /// Each model's level above its profile.
    levels: [f64; N_MODELS],
    /// Each model's error of late.
    errors: [f64; N_MODELS],
    /// The error of what was expected, of all hours and by hour of the day.
    error: f64,
    error_by_hour: [Mean; 24],
    /// The least error that there is.
    floor: f64,
    n_learned: u64,
    /// By how much callers' clock is ahead of where the profiles were learned.
    shift: i64,
    /// While clocks may have changed, the errors with each of [`SHIFTS`].
    shift_errors: [f64; SHIFTS.len()],
}

impl Baseline {
    /// For values each `step` seconds.
    pub(super) fn new(step: i64, floor: f64) -> Self {
        let n_places = (DAY / step.clamp(1, DAY)).min(DAY_PLACES) as usize;
        Self {
            day: vec![Mean::default(); n_places],
            week: vec![Mean::default(); (WEEK / HOUR) as usize],
            levels: [0.0; N_MODELS],
            errors: [0.0; N_MODELS],
            error: 0.0,
            error_by_hour: [Mean::default(); 24],
            floor,
            n_learned: 0,
            shift: 0,
            shift_errors: [0.0; SHIFTS.len()],
        }
    }

    pub(super) fn n_learned(&self) -> u64 {
        self.n_learned
    }

    /// What is expected of a value; on days on which clocks may have changed, on whichever clock fits it best.
    pub(super) fn expect(&self, at: i64, value: f64) -> Expected {
        let usual = self.expect_on(at, self.shift);
        if !clock::may_have_changed(at) {
            return usual;
        }
        let off = |expected: &Expected| (value - expected.value).abs();
        let shifted = SHIFTS.iter().map(|shift| self.expect_on(at, self.shift + shift));
        shifted.min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(usual)
    }

    fn expect_on(&self, at: i64, shift: i64) -> Expected {
        let forecasts = self.forecasts(at, shift);
        let best = (0..N_MODELS).min_by(|a, b| self.errors[*a].total_cmp(&self.errors[*b])).unwrap_or(0);
        let of_hour = self.error_by_hour[hour_of_day(at + shift)];
        let error = if of_hour.n_seen < FIRST_OF_HOUR { self.error } else { f64::midpoint(self.error, of_hour.mean) };
        let value = forecasts[best].or(forecasts[0]).unwrap_or_default();
        Expected { value, deviation: (DEVIATION * error).max(self.floor) }
    }

    fn forecasts(&self, at: i64, shift: i64) -> [Option<f64>; N_MODELS] {
        let profiles = self.profiles(at + shift);
        std::array::from_fn(|model| Some(profiles[model / LEVEL_RATES.len()]? + self.levels[model]))
    }

    fn profiles(&self, at: i64) -> [Option<f64>; N_PROFILES] {
        [Some(0.0), self.day[self.day_place(at)].known(), self.week[hour_of_week(at)].known()]
    }

    fn day_place(&self, at: i64) -> usize {
        (at.rem_euclid(DAY) * self.day.len() as i64 / DAY) as usize
    }

    /// Learns a value.
    pub(super) fn learn(&mut self, at: i64, value: f64) {
        self.follow_clock(at, value);
        let expected = self.expect(at, value);
        let forecasts = self.forecasts(at, self.shift);
        self.n_learned += 1;
        let first = 1.0 / self.n_learned as f64;
        let far = if self.n_learned > FIRST { FAR * expected.deviation } else { f64::INFINITY };
        let rate = first.max(ERROR_RATE);
        for (error, forecast) in self.errors.iter_mut().zip(forecasts) {
            // A model that cannot say anything yet is as bad as one that is off by more than usual.
            let off = (value - forecast.unwrap_or(expected.value + expected.deviation)).abs().min(far);
            *error += rate * (off - *error);
        }
        let tame = expected.value + (value - expected.value).clamp(-far, far);
        let off = (tame - expected.value).abs();
        self.error += rate * (off - self.error);
        let at = at + self.shift;
        self.error_by_hour[hour_of_day(at)].learn(off, ERROR_RATE);
        let profiles = self.profiles(at);
        for (model, level) in self.levels.iter_mut().enumerate() {
            let rate = LEVEL_RATES[model % LEVEL_RATES.len()].max(first);
            let profile = profiles[model / LEVEL_RATES.len()].unwrap_or(tame);
            *level += rate * (tame - profile - *level);
        }
        let place = self.day_place(at);
        self.day[place].learn(tame, DAY_RATE);
        self.week[hour_of_week(at)].learn(tame, WEEK_RATE);
    }

    /// Takes a value as the level from now on.
    pub(super) fn settle(&mut self, at: i64, value: f64) {
        let profiles = self.profiles(at + self.shift);
        for (model, level) in self.levels.iter_mut().enumerate() {
            *level = value - profiles[model / LEVEL_RATES.len()].unwrap_or(value);
        }
    }

    /// While clocks may have changed, sees which one fits; afterwards stays with it.
    fn follow_clock(&mut self, at: i64, value: f64) {
        if clock::may_have_changed(at) {
            // By the profile of the week alone: a level that follows fits any clock.
            let usual = SHIFTS.map(|shift| self.week[hour_of_week(at + self.shift + shift)].known());
            for (error, usual) in self.shift_errors.iter_mut().zip(usual) {
                *error += usual.map_or(0.0, |usual| (value - usual).abs());
            }
        } else if self.shift_errors[0] > 0.0 {
            let [unmoved, back, forward] = self.shift_errors;
            let (shift, moved) = if back < forward { (SHIFTS[1], back) } else { (SHIFTS[2], forward) };
            if moved < CLEARLY * unmoved {
                self.shift += shift;
            }
            self.shift_errors = [0.0; SHIFTS.len()];
        }
    }
}

fn hour_of_day(at: i64) -> usize {
    (at.rem_euclid(DAY) / HOUR) as usize
}

fn hour_of_week(at: i64) -> usize {
    (at.rem_euclid(WEEK) / HOUR) as usize
}
