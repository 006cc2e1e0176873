//! How rare a deviation is among those that were seen.
//!
//! Invariant: a probability between 0 and 1 that falls with the deviation.
//!
//! The largest deviations are taken as a sample of a generalized Pareto distribution, as peaks over a threshold
//! (Pickands, 1975) and as Siffer et al. do on streams ("Anomaly Detection in Streams with Extreme Value Theory", KDD
//! 2017), with Hosking and Wallis's moment estimators (Technometrics 29, 1987).

/// How many of the largest are kept.
const N_PEAKS: usize = 100;
/// The share of all that counts as peaks.
const SHARE: f64 = 0.02;

/// The largest of the deviations so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    /// How many deviations there were.
    n_seen: u64,
    /// The largest, largest first.
    peaks: Vec<f64>,
}

impl Tail {
    /// Adds a deviation, not negative.
    pub(crate) fn add(&mut self, deviation: f64) {
        self.n_seen += 1;
        if self.peaks.len() < N_PEAKS || self.peaks.last().is_some_and(|least| deviation > *least) {
            let place = self.peaks.partition_point(|peak| *peak >= deviation);
            self.peaks.insert(place, deviation);
            self.peaks.truncate(N_PEAKS);
        }
    }

    /// Whether deviations, but for the largest, were never more frequent than if their probability fell e-fold with each
    /// `1 / rate`.
    pub(crate) fn falls_by(&self, rate: f64) -> bool {
        let mut ranked = self.peaks.iter().zip(1_u32..).take_while(|(peak, _)| **peak > 0.0);
        ranked.all(|(peak, rank)| f64::from(rank - 1) <= self.n_seen as f64 * (-rate * peak).exp())
    }

    /// The probability of a deviation as large as this one.
    pub(crate) fn probability(&self, deviation: f64) -> f64 {
        let n_peaks = ((self.n_seen as f64 * SHARE) as usize).clamp(8, N_PEAKS - 1);
        let Some(&threshold) = self.peaks.get(n_peaks) else { return 1.0 };
        let share = n_peaks as f64 / self.n_seen as f64;
        if deviation <= threshold {
            return 1.0;
        }
        let excesses = self.peaks[..n_peaks].iter().map(|peak| peak - threshold);
        let mean = excesses.clone().sum::<f64>() / n_peaks as f64;
        let variance = excesses.map(|excess| (excess - mean).powi(2)).sum::<f64>() / n_peaks as f64;
        if mean <= 0.0 {
            return share * 1e-6;
        }
        let ratio = mean * mean / variance.max(f64::MIN_POSITIVE);
        let shape = (0.5 * (1.0 - ratio)).max(0.0);
        let scale = if shape > 0.0 { 0.5 * mean * (1.0 + ratio) } else { mean };
        let excess = (deviation - threshold) / scale;
        share * if shape > 1e-6 { (1.0 + shape * excess).powf(-1.0 / shape) } else { (-excess).exp() }
    }
}
