//! Numenta's scoring of anomaly detectors, and series of the sorts that its benchmark has.
//!
//! Invariant: the rules are those of Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms" (2015): one
//! threshold for all series, the first detection in a window counts, the earlier the more, and every detection outside
//! costs. The benchmark's own series are not here: what is scored are made ones.

use forecast::anomaly::{Detector, Kind, Observation};

use crate::traffic::Random;

/// A series with the windows in which its anomalies are to be found.
struct Labelled {
    step: i64,
    values: Vec<f64>,
    windows: Vec<(usize, usize)>,
}

/// What a false alarm costs in the standard profile, and where few of them are wanted.
const STANDARD: f64 = 0.11;
const FEW_FALSE_ALARMS: f64 = 0.22;

#[test]
fn made_series_of_the_benchmarks_sorts_are_scored_above_the_public_detectors_that_are_to_be_beaten() {
    let series: Vec<Labelled> = (0..6).flat_map(made).collect();
    let scores: Vec<Vec<f64>> = series.iter().map(scores).collect();
    let (standard, few) = (best(&series, &scores, STANDARD), best(&series, &scores, FEW_FALSE_ALARMS));
    assert!(standard >= 51.7 && few >= 38.4, "{standard:.1} and {few:.1}");
}

#[test]
fn a_detector_that_finds_all_at_once_scores_a_hundred_and_one_that_finds_nothing_none() {
    let series = vec![labelled(300, vec![0.0; 2_000], &[900, 1_600])];
    let mut perfect = vec![0.0; 2_000];
    for (begin, _) in &series[0].windows {
        perfect[*begin] = 1.0;
    }
    assert!((best(&series, &[perfect.clone()], STANDARD) - 100.0).abs() < 0.1);
    assert_eq!(best(&series, &[vec![0.0; 2_000]], STANDARD), 0.0);
    perfect[700] = 1.0;
    assert!((best(&series, &[perfect], STANDARD) - (100.0 - 100.0 * STANDARD / 4.0)).abs() < 0.1);
}

fn scores(series: &Labelled) -> Vec<f64> {
    let is_count = |value: &f64| *value >= 0.0 && value.fract() == 0.0;
    let kind = if series.values.iter().all(is_count) { Kind::Counts } else { Kind::Measurements };
    let mut detector = Detector::new(kind, series.step);
    let score =
        |(index, value): (usize, &f64)| detector.observe(index as i64 * series.step, Observation::Value(*value)).score;
    series.values.iter().enumerate().map(score).collect()
}

/// The normalized score at the best threshold.
fn best(series: &[Labelled], scores: &[Vec<f64>], false_alarm: f64) -> f64 {
    let n_windows: usize = series.iter().map(|series| series.windows.len()).sum();
    let score = |threshold: f64| {
        let sum: f64 =
            series.iter().zip(scores).map(|(series, scores)| series.score(scores, threshold, false_alarm)).sum();
        100.0 * (sum + n_windows as f64) / (2.0 * n_windows as f64)
    };
    (1..=100).map(|percent| score(f64::from(percent) / 100.0)).fold(0.0, f64::max)
}

impl Labelled {
    /// From 1 for each window found at its begin to -1 for each that is not, less the false alarms.
    fn score(&self, scores: &[f64], threshold: f64, false_alarm: f64) -> f64 {
        let probation = (self.values.len() * 15 / 100).min(750);
        let mut found = vec![false; self.windows.len()];
        let mut sum = 0.0;
        for index in (probation..scores.len()).filter(|index| scores[*index] >= threshold) {
            let window = self.windows.iter().position(|(begin, end)| (*begin..=*end).contains(&index));
            if let Some(window) = window {
                let (begin, end) = self.windows[window];
                if !std::mem::replace(&mut found[window], true) {
                    sum += sigmoid(-((end - index + 1) as f64) / (end - begin + 1) as f64) / sigmoid(-1.0);
                }
            } else {
                let before = self.windows.iter().rev().find(|(_, end)| *end < index);
                let distance = before.map_or(f64::INFINITY, |(begin, end)| (index - end) as f64 / (end - begin) as f64);
                sum += false_alarm * if distance > 3.0 { -1.0 } else { sigmoid(distance) };
            }
        }
        sum - found.iter().filter(|found| !**found).count() as f64
    }
}

fn sigmoid(position: f64) -> f64 {
    2.0 / (1.0 + (5.0 * position).exp()) - 1.0
}

/// Windows of a tenth of the series together, around each anomaly.
fn labelled(step: i64, values: Vec<f64>, anomalies: &[usize]) -> Labelled {
    let half = values.len() / 10 / anomalies.len().max(1) / 2;
    let windows = anomalies.iter().map(|at| (at - half, (at + half).min(values.len() - 1))).collect();
    Labelled { step, values, windows }
}

/// One series of each sort.
fn made(seed: u64) -> Vec<Labelled> {
    let mut random = Random::new(seed + 1);
    let n = 4_032;
    let at = 2_000 + (random.uniform() * 1_500.0) as usize;
    let hour = |index: usize| (index % 288) as f64 / 12.0;
    let office = |index: usize| if (9.0..18.0).contains(&hour(index)) { 60.0 } else { 0.0 };
    let mut series = Vec::new();
    // Nothing but a shape.
    series.push(labelled(300, (0..n).map(|index| 20.0 + office(index)).collect(), &[]));
    series.push(labelled(300, (0..n).map(|_| 20.0 + random.uniform()).collect(), &[]));
    // A daily shape with a higher, and with a missing day.
    let day = at / 288 * 288 + 108;
    let in_day = |index: usize| (day..day + 108).contains(&index);
    let higher = |index: usize| if in_day(index) { 140.0 } else { 20.0 + office(index) };
    series.push(labelled(300, (0..n).map(|index| higher(index) + 5.0 * random.uniform()).collect(), &[day]));
    // Spikes over small noise.
    let mut spikes: Vec<f64> = (0..n).map(|_| 0.1 + 0.01 * random.normal().abs()).collect();
    (0..10).for_each(|_| spikes[(random.uniform() * n as f64) as usize] += 0.05);
    (at..at + 5).for_each(|index| spikes[index] += 1.5);
    series.push(labelled(300, spikes, &[at]));
    // A level that lingers, and shifts.
    let mut level = 0.0;
    let shift = |index: usize| if index >= at && index < at + 300 { 15.0 } else { 0.0 };
    let levels = (0..n).map(|index| {
        level = 0.7 * level + random.normal();
        40.0 + level + shift(index)
    });
    series.push(labelled(300, levels.collect(), &[at]));
    // A machine that stops.
    let stopped = |index: usize| if (at..at + 200).contains(&index) { 0.5 } else { 33.0 };
    series.push(labelled(300, (0..n).map(|index| stopped(index) + random.uniform()).collect(), &[at]));
    // Bytes written in bursts.
    let mut bytes: Vec<f64> =
        (0..n).map(|_| if random.uniform() < 0.04 { random.normal().exp() * 1e7 } else { 0.5 }).collect();
    (at..at + 6).for_each(|index| bytes[index] = 5e8);
    series.push(labelled(300, bytes, &[at]));
    // Requests and mentions by chance, with bursts of which the largest are meant.
    let mut mentions: Vec<f64> = (0..15_000)
        .map(|index| {
            let crowd = (0.5 * random.normal()).exp();
            random.poisson(20.0 * (1.0 + 0.5 * ((hour(index) - 17.0) / 3.82).cos()) * crowd)
        })
        .collect();
    for _ in 0..15 {
        let begin = (random.uniform() * 14_900.0) as usize;
        (begin..begin + 8).for_each(|index| mentions[index] += (40.0 * random.uniform()).round());
    }
    let bursts = [4_000 + at / 10, 9_000 + at / 10, 12_500 + at / 10];
    for begin in bursts {
        (begin..begin + 30).for_each(|index| mentions[index] += (600.0 / (1 + index - begin) as f64 + 150.0).round());
    }
    series.push(labelled(300, mentions, &bursts));
    series
}
